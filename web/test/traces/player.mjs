/** Plays a trace of the model on the client: gives it each step, and compares what follows with what the model says. */

import { isDeepStrictEqual } from "node:util";
import { PAGE_DATA_AGE, SECOND, SILENCE_CHECK } from "../../src/timing.js";
import { MINUTE } from "../clock.mjs";
import { FakeBrowser } from "./fake-browser.mjs";
import { Place } from "./place.mjs";
import { LOGIN, Tab } from "./tab.mjs";

/** The server's clock is this far behind the browser's, and the pipeline's as far behind the server's. */
const CLOCK_ERROR = 180 * MINUTE;

/** Client and model differ. */
class Difference extends Error {
  name = "Difference";

  constructor(trace, steps, what, model, client) {
    const lines = trace.steps.slice(0, steps).map(({ then, hangsUp, ...given }, at) => `  ${at + 1}. ${JSON.stringify(given)}`);
    const states = [`  model:  ${JSON.stringify(model)}`, `  client: ${JSON.stringify(client)}`];
    super([`${trace.scenario}: ${trace.why}`, ...lines, `${what}:`, ...states].join("\n"));
    Object.assign(this, { trace, steps, what });
  }
}

/** Plays a trace to its end, or to the first `Difference`, and returns that. */
export async function difference(client, trace) {
  const player = new Player(client, trace);
  try {
    await player.begin();
    for (const step of trace.steps) await player.take(step);
    await player.end();
  } catch (error) {
    if (!(error instanceof Difference)) throw error;
    return error;
  }
  return null;
}

class Player {
  #client;
  #trace;
  #steps = 0;
  #browser = new FakeBrowser();
  #places;

  constructor(client, trace) {
    this.#client = client;
    this.#trace = trace;
    this.#places = trace.tabs.map((topics) => new Place(topics, this.#browser.newStorage()));
  }

  async begin() {
    this.#load(this.#places[0]);
    await this.#settle();
  }

  /** Takes a step, and compares what follows. */
  async take(step) {
    this.#steps += 1;
    const { open } = this.#browser;
    const answer = await this.#give(step);
    await this.#settle();
    this.#places.forEach((place, at) => {
      const then = step.then?.find(({ tab }) => tab === at) ?? {};
      this.#follow(place, then, answer?.place === place ? answer : null);
    });
    this.#compare("the syncs of pages that are gone", [], this.#browser.takeSyncs(() => true));
    // The socket of before is closed too when its successor is open.
    if (step.hangsUp) this.#places.forEach((place) => (place.isAsking = false));
    const closes = !!step.hangsUp || step.do === "reload" || step.do === "open";
    if (open && step.do !== "lose") this.#compare("whether the client closes its socket", closes, open.isClosed);
  }

  /** If nothing is left to do, nothing is asked. Then a new socket makes each tab tell its cursor. */
  async end() {
    if (this.#browser.open) {
      if (this.#trace.calm) await this.#rest();
      await this.take({ do: "lose" });
    }
    const topics = this.#loaded.flatMap(({ topics }) => topics);
    const asks = ({ tab, cursor }) => (tab ? [{ cursor }] : []);
    await this.take({ do: "open", topics, then: this.#places.map((place, tab) => ({ tab, asks: asks(place) })) });
  }

  /** Lets time pass until shortly before the periodic sync. */
  async #rest() {
    for (const place of this.#loaded) while (place.tab.now + SILENCE_CHECK < place.asksAt) await this.#runNext(place);
    this.#compare("the syncs of pages that miss nothing", [], this.#browser.takeSyncs(() => true));
  }

  get #loaded() {
    return this.#places.filter(({ tab }) => tab);
  }

  #compare(what, model, client) {
    if (!isDeepStrictEqual(model, client)) throw new Difference(this.#trace, this.#steps, what, model, client);
  }

  /** Lets everything happen that needs no time. A lost socket is opened again after a wait of 0 ms. */
  async #settle() {
    await turn();
    for (const { tab } of this.#loaded) tab.runDue();
    await turn();
  }

  async #runNext({ tab }) {
    tab.runNext();
    await turn();
  }

  #load(place) {
    place.load(new Tab(this.#client, this.#browser, place.topics, this.#trace.ownData, place.sessionStorage));
  }

  #leave(place) {
    place.tab.leave();
    place.tab = null;
  }

  /** Gives the client what the step says. If that answers a tab's newest sync, it returns the tab and the answer. */
  async #give(step) {
    const place = this.#places[step.tab];
    switch (step.do) {
      case "open":
        return this.#open(step);
      case "lose":
        return this.#lose();
      case "push":
        return this.#push(step);
      case "reply":
        return this.#reply(step, place);
      case "unknown":
        return this.#deliver({ type: "error", code: "unknown-connection", message: "this socket is not on record" });
      case "wait":
        return this.#wait(place);
      case "reload":
        return this.#reload();
      case "openTab":
        return this.#load(place);
      case "closeTab":
        return this.#leave(place);
    }
    throw new Error(`an unknown step: ${step.do}`);
  }

  #open({ topics }) {
    const { opening } = this.#browser;
    this.#compare("whether the client is opening a socket", true, !!opening);
    const lacks = topics.filter((topic) => !opening.topics.includes(topic));
    this.#compare("the topics that the new socket lacks", [], lacks);
    this.#places.forEach((place) => (place.isAsking = false));
    opening.open();
  }

  #lose() {
    const socket = this.#browser.open ?? this.#browser.opening;
    this.#compare("whether the client has a socket", true, !!socket);
    this.#places.forEach((place) => (place.isAsking = false));
    socket.lose();
  }

  #reload() {
    const { open } = this.#browser;
    const before = this.#loaded;
    before.forEach((place) => this.#leave(place));
    this.#compare("whether the page closes its socket when it is left", open?.isClosed, open && true);
    before.forEach((place) => this.#load(place));
  }

  #push({ push }) {
    this.#loaded.forEach((place) => place.pushed(push));
    this.#deliver({ type: "stats-updated", login: LOGIN, epoch: push.epoch, prev: push.prev, ...entry(push) });
  }

  #reply({ to, reply }, place) {
    const { cursor, reset, more } = reply;
    const sync = place.syncs[to - 1];
    const missed = cursor && sync.cursor && !reset ? cursor.version - sync.cursor.version : null;
    // Both by the server's clock. What was recorded before the page was loaded is older than the page's own data.
    const now = place.tab.now - CLOCK_ERROR;
    const recorded = ({ beforeLoad }) => now - place.tab.age - (beforeLoad ? PAGE_DATA_AGE + SECOND : 0);
    const updates = reply.updates.map((update) => ({ ...entry(update), recorded: time(recorded(update)) }));
    this.#deliver({ type: "sync", n: sync.n, now: time(now), cursor, missed, reset, more, updates });
    const counts = place.isAsking && to === place.syncs.length;
    return counts ? { place, missed, reset } : null;
  }

  #deliver(message) {
    const { open } = this.#browser;
    this.#compare("whether the client has an open socket", true, !!open);
    open.deliver(message);
  }

  /** Lets time pass in one tab until it asks, but no more than it may wait. */
  async #wait(place) {
    const { patience } = place;
    const latest = place.tab.now + patience;
    while (place.tab.now < latest && place.tab.hasTimers && !this.#browser.hasSyncs) await this.#runNext(place);
    this.#compare(`whether the client asks within ${patience} ms`, true, place.tab.now <= latest);
  }

  /** Compares what has followed in one tab. */
  #follow(place, { shows = [], asks = [], cursor = place.cursor }, answer) {
    const initial = !!answer && !place.hasSynced;
    const synced = answer ? place.answered(answer, asks.length > 0) : [];
    const model = { shows: shows.map((show) => ({ ...show, initial })), synced, asks: asks.map(({ cursor }) => cursor) };
    const syncs = place.tab ? this.#browser.takeSyncs((sync) => place.tab.owns(sync)) : [];
    syncs.forEach((sync) => place.asked(sync));
    const client = { ...eventsOf(place), asks: syncs.map(({ cursor }) => cursor) };
    this.#compare(`what follows in tab ${this.#places.indexOf(place)}`, model, client);
    place.cursor = cursor;
  }
}

/** Everything that has been begun, up to the next timer. */
function turn() {
  return new Promise(setImmediate);
}

function time(milliseconds) {
  return new Date(milliseconds).toISOString();
}

/** An update as the server sends it. */
function entry({ version, topics, id }) {
  return { topic: topics[0], topics, version, id, at: time(Tab.LOADED - 2 * CLOCK_ERROR), body: { update: id } };
}

/** The events of a page since the last step. */
function eventsOf({ tab }) {
  const events = tab?.events.splice(0) ?? [];
  const shows = events.filter(({ type }) => type === "stats-updated").map(({ topics, version, id, initial }) => ({ topics, version, id, initial }));
  const synced = events.filter(({ type }) => type === "synced").map(({ missed, reset }) => ({ missed, reset }));
  return { shows, synced };
}
