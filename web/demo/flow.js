/**
 * One update on its way from the invocation of notify to this screen, as a moving picture: real times, played slowly enough
 * to follow. Who does not want motion gets the same picture, still.
 */

import { element, make } from "./page.js";

/** @typedef {import("./activity.js").Entry} Entry */
/** When this page received an update, and when it was drawn. @typedef {{ received: number, drawn: number }} Seen */
/** A step of the way: what happened, and when, in milliseconds since notify was invoked. @typedef {{ what: string, at?: number }} Step */

/** How long the picture stays at each station, in milliseconds. */
const PACE = 550;
/** How many updates and posts are remembered while the other half of their story is on its way. */
const MOST = 50;
/** The longest time between the end of an invocation and its update on this page, in milliseconds, for them to belong together. */
const APART = 10_000;

/** What this page has seen, by version. @type {Map<number, Seen>} */
const seen = new Map();
/** Invocations of notify that have not been seen on this page yet, newest last. @type {Entry[]} */
let invocations = [];
/** @type {Entry[]} */
let posts = [];
/** What is played. @type {Step[]} */
let steps = [];
/** @type {ReturnType<typeof setTimeout>[]} */
let timers = [];
/** @type {Animation | undefined} */
let movement;

export function startFlow() {
  element("replay").addEventListener("click", play);
}

export function resetFlow() {
  seen.clear();
  invocations = posts = steps = [];
  stop();
  for (const station of stations()) station.querySelector(".step")?.replaceChildren();
  element("replay").hidden = true;
  element("flow-told").textContent = "Press Notify, and follow the update from there to this screen.";
}

/**
 * This page has received an update, and is about to draw it.
 * @param {import("../src/types.js").Update} update
 */
export function flowShows({ version, initial }) {
  if (initial) return;
  const received = Date.now();
  // A frame is drawn after its callbacks, so the second one comes when the update is on the screen.
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      seen.set(version, { received, drawn: Date.now() });
      for (const old of [...seen.keys()].slice(0, -MOST)) seen.delete(old);
      match();
    }),
  );
}

/** @param {Entry} entry Something that the system did. */
export function flowHappened(entry) {
  if (entry.kind === "post") posts = [...posts, entry].slice(-MOST);
  if (entry.kind !== "exchange" || entry.function !== "notify") return;
  invocations = [...invocations, entry].slice(-MOST);
  match();
}

/** Finds an invocation whose update this page has seen. */
function match() {
  for (const invocation of invocations) {
    for (const version of Object.values(invocation.answer?.logins ?? {})) {
      const mine = seen.get(version);
      if (!mine || Math.abs(mine.drawn - invocation.time) > APART) continue;
      invocations = invocations.filter((other) => other !== invocation);
      seen.delete(version);
      steps = stepsOf(invocation, version, mine);
      play();
      return;
    }
  }
}

/**
 * @param {Entry} invocation
 * @param {number} version
 * @param {Seen} mine
 * @returns {Step[]}
 */
function stepsOf(invocation, version, { received, drawn }) {
  const { time, milliseconds = 0, coldStart, answer } = invocation;
  const start = time - milliseconds;
  const own = posts.filter((post) => post.time >= start && post.time <= time);
  const count = (/** @type {number} */ number, /** @type {string} */ noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  return [
    { what: "invokes notify", at: 0 },
    { what: coldStart ? "starts, since no process was there" : "takes the event", at: coldStart ? undefined : 0 },
    { what: `version ${version} is recorded; then the sockets are read` },
    { what: `${count(answer.sent ?? own.length, "post")} sent`, at: own[0] && own[0].time - start },
    { what: `received after ${since(start, received)}, drawn`, at: Math.max(0, drawn - start) },
  ];
}

/**
 * @param {number} start
 * @param {number} end
 */
function since(start, end) {
  return `${Math.max(0, end - start)} ms`;
}

function stations() {
  return /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#stations li")]);
}

function stop() {
  for (const timer of timers) clearTimeout(timer);
  timers = [];
  movement?.cancel();
  for (const station of stations()) station.classList.remove("lit");
}

function play() {
  stop();
  const all = stations();
  for (const [n, { what, at }] of steps.entries()) {
    all[n]?.querySelector(".step")?.replaceChildren(what, ...(at === undefined ? [] : [" ", make("strong", "", `+${at} ms`)]));
  }
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element("flow-told").textContent = `It took ${steps.at(-1)?.at} ms in all${isStill ? "" : ", and is played more slowly here"}.`;
  element("replay").hidden = isStill;
  if (isStill) {
    for (const station of all) station.classList.add("lit");
    return;
  }
  timers = all.map((station, n) => setTimeout(() => station.classList.add("lit"), n * PACE));
  move(all);
}

/**
 * The update travels from one station to the next, and rests a little at each.
 * @param {HTMLElement[]} all
 */
function move(all) {
  const places = all.map((station) => {
    const dot = /** @type {HTMLElement} */ (station.querySelector(".dot"));
    return `translate(${station.offsetLeft + dot.offsetLeft}px, ${station.offsetTop + dot.offsetTop}px)`;
  });
  const legs = places.length - 1;
  const frames = places.flatMap((transform, n) => [
    { transform, offset: n / legs, easing: "ease-in-out" },
    ...(n < legs ? [{ transform, offset: (n + 0.25) / legs, easing: "ease-in-out" }] : []),
  ]);
  const traveller = element("traveller");
  traveller.hidden = false;
  const mine = (movement = traveller.animate(frames, { duration: legs * PACE, fill: "forwards" }));
  // The end of an earlier one is told late.
  mine.onfinish = mine.oncancel = () => mine === movement && (traveller.hidden = true);
}
