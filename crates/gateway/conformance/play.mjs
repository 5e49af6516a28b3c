// Plays the steps of a case: it says and hears by a socket, and calls @connections, Lambda and SDKs.
import { Client } from "./client.mjs";
import { differs } from "./match.mjs";
import { SDKS } from "./sdks.mjs";
import { signed } from "./signed.mjs";

// How long an answer may take, in milliseconds. It is long, since a function may have to start.
const PATIENCE = Number(process.env.PATIENCE ?? 20_000);

const said = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const bytes = (from) => (from.bytes ? Buffer.from(from.bytes) : from.size ? "x".repeat(from.size) : (from.data ?? ""));
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function parsed(value) {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

// A run of one case: its socket, the socket that watches it, and what it remembers.
export class Run {
  #options;
  #words;
  #client;
  #watcher;
  #said = Date.now();
  #kept = {};

  constructor(options) {
    this.#options = options;
    const stage = new URL(this.#api()).pathname;
    this.#words = { "{stage}": stage, "{stageName}": stage.split("/").at(-1), "{watcher}": "" };
  }

  // The URL of the API, or of another one with an authorizer, or of the one that is throttled.
  #api(name = "target") {
    return this.#options[name].replace(/\/$/, "");
  }

  #connections() {
    return this.#options.connections ?? `${this.#api().replace(/^ws/, "http")}/@connections`;
  }

  // Plays all steps, and returns the first difference from what has to come.
  async all(steps) {
    for (const step of steps) {
      const filled = JSON.stringify(step).replace(/\{(stage|stageName|watcher)\}/g, (word) => this.#words[word]);
      const difference = await this.#step(JSON.parse(filled));
      if (difference) return difference;
    }
    return undefined;
  }

  async #step(step) {
    if (step.watch) return this.#watch(step.watch);
    if (step.open) return this.#open(step.open, step.expect);
    if (step.invoke) return this.#invoke(step.invoke, step.expect);
    if (step.pause) return sleep(step.pause);
    if (!this.#client && !("id" in (step.call ?? step.sdk ?? {}))) {
      const refused = await this.#open({}, { status: 101 });
      if (refused) return refused;
    }
    if ("say" in step || step.frame) this.#said = Date.now();
    if ("say" in step) return this.#client.frame({ data: said(step.say) });
    if (step.frame) return this.#client.frame({ ...step.frame, data: bytes(step.frame) });
    if (step.hear) return this.#hear(this.#client, step.hear, step.patience);
    if (step.told) return this.#hear(this.#watcher, step.told);
    if (step.untold) return this.#silent(this.#watcher, step.untold);
    if (step.silence) return this.#silent(this.#client, step.silence);
    if (step.leave) return this.#client.leave(step.leave);
    if (step.id) return this.#identify();
    if (step.call) return this.#call(step.call, step.expect);
    if (step.sdk) return this.#sdk(step.sdk, step.expect);
    if (step.burst) return this.#burst(step.burst, step.expect);
    if (step.flood) return this.#flood(step.flood, step.expect);
    throw new Error(`no such step: ${JSON.stringify(step)}`);
  }

  async #open({ api, watched, ...how }, expect) {
    const headers = watched ? { "User-Agent": `watched-by ${this.#kept.watcher}`, ...how.headers } : how.headers;
    const answer = await Client.open(this.#api(api), { ...how, headers: headers ?? {} });
    this.#client = answer.client;
    return differs(expect, answer, this.#kept);
  }

  // Opens a second socket, to which the function tells the events of the first that has no answer.
  async #watch({ api, query }) {
    const { client, status } = await Client.open(this.#api(api), { query });
    if (!client) return `the watcher gets ${status}`;
    this.#watcher = client;
    this.#kept.watcher = await idOf(client);
    this.#words["{watcher}"] = encodeURIComponent(this.#kept.watcher);
    return this.#kept.watcher ? undefined : "the connectionId of the watcher is not known";
  }

  async #identify() {
    this.#kept.id = await idOf(this.#client);
    return this.#kept.id ? undefined : "its connectionId is not known";
  }

  async #hear(client, pattern, patience = PATIENCE) {
    const heard = await client.next(patience);
    heard.after = Date.now() - this.#said;
    heard.json = parsed(heard.text);
    return differs(pattern, heard, this.#kept);
  }

  async #silent(client, milliseconds) {
    const heard = await client.next(milliseconds);
    return heard.nothing ? undefined : `it hears ${JSON.stringify(heard).slice(0, 300)}, and should hear nothing`;
  }

  async #call({ method, id = this.#kept.id, encoded, ...content }, expect) {
    const body = method === "POST" || method === "PUT" ? bytes({ data: content.body, ...content }) : "";
    const url = `${this.#connections()}/${encoded || id.includes("=") ? encodeURIComponent(id) : id}`;
    return differs(expect, await answerOf(method, url, body), this.#kept);
  }

  // Calls a function, as SDKs do: its name, headers, and a body of text or JSON.
  async #invoke({ name = "conformance", headers, ...content }, expect) {
    const body = content.size ? `"${"x".repeat(content.size - 2)}"` : said(content.body ?? "");
    const url = `${this.#options.lambda}/${encodeURIComponent(name)}/invocations`;
    const answer = await answerOf("POST", url, body, headers);
    const log = answer.headers["x-amz-log-result"];
    return differs(expect, { ...answer, log: log && Buffer.from(log, "base64").toString() }, this.#kept);
  }

  // What an SDK makes of an answer: `{ error }` is the name of the class or the code that it raises.
  async #sdk({ by, action, id = this.#kept.id, stage, ...content }, expect) {
    const api = this.#connections().replace("/@connections", "");
    const endpoint = stage ? new URL(stage, api).href : api;
    const answer = await SDKS[by](this.#options[by], { action, endpoint, id, data: bytes({ data: content.body, ...content }) });
    return differs(expect, answer, this.#kept);
  }

  // Says a message many times at once, and counts which answers are the function's and which are not.
  async #burst({ say, times }, expect) {
    for (let count = 0; count < times; count += 1) this.#client.frame({ data: said(say) });
    const counted = { answered: 0, refused: 0 };
    for (;;) {
      const heard = await this.#client.next(counted.answered + counted.refused ? 1500 : PATIENCE);
      if (heard.nothing) break;
      const json = parsed(heard.text);
      if (json?.requestContext) counted.answered += 1;
      else Object.assign(counted, { refused: counted.refused + 1, frame: json ?? heard });
      if (counted.answered + counted.refused === times) break;
    }
    return differs(expect, counted, this.#kept);
  }

  // Posts to a client that has stopped to read until a post is refused.
  async #flood({ size, times }, expect) {
    this.#client.stopReading();
    const url = `${this.#connections()}/${encodeURIComponent(this.#kept.id)}`;
    let answer;
    for (let count = 0; count < times; count += 1) {
      answer = await answerOf("POST", url, "x".repeat(size));
      if (answer.status > 299) break;
    }
    return differs(expect, answer, this.#kept);
  }

  end() {
    this.#client?.end();
    this.#watcher?.end();
  }
}

async function idOf(client) {
  client.frame({ data: "{}" });
  const { text } = await client.next(PATIENCE);
  return parsed(text)?.requestContext?.connectionId;
}

async function answerOf(method, url, body, headers = {}) {
  const sent = { ...headers, ...signed(method, url, body, headers) };
  const response = await fetch(url, { method, headers: sent, body: body === "" ? undefined : body });
  const text = await response.text();
  return { status: response.status, headers: Object.fromEntries(response.headers), body: text, json: parsed(text) };
}
