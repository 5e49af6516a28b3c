/** A WebSocket server that sends what a test tells it to send, and a page connected to it, with all that it received. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket as WebSocketOfWs, WebSocketServer } from "ws";
import { connect } from "../src/index.js";
import { TRANSITIONS } from "../src/phases.js";
import { MINUTE, SECOND } from "./clock.mjs";

/** Node has a WebSocket of its own from version 22 on. */
globalThis.WebSocket ??= WebSocketOfWs;

export const LOGIN = "friendless";
export const CHATTER_ID = "6b1f3c1e-3a55-4c0e-9d5a-0f6f7f0f9a11";

/** The chatter ID that a handshake brings. */
export function secretOf(request) {
  const secret = request.headers["sec-websocket-protocol"].split(/, */)[1];
  return Buffer.from(secret.slice("chatterbox.auth.".length), "base64url").toString("utf8").split("\0")[1];
}

/** Waits on a condition, on the real clock even where a test has stopped the timers. */
export async function until(condition, what = String(condition)) {
  const deadline = process.uptime() + 5;
  for (;;) {
    const value = condition();
    if (value) return value;
    if (process.uptime() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise(setImmediate);
  }
}

/** The server's end of a socket. */
class ServerSocket {
  heard = [];
  closed = false;

  constructor(socket, request) {
    this.socket = socket;
    this.request = request;
    socket.on("message", (data) => this.heard.push(JSON.parse(data)));
    socket.on("close", () => (this.closed = true));
  }

  say(message) {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  get syncs() {
    return this.heard.filter(({ action }) => action === "sync");
  }

  /** The given sync of this socket, counted from 1. */
  sync(count) {
    return until(() => this.syncs[count - 1], `sync ${count}`);
  }

  /** Waits until the page has received all that was sent. */
  async heardAll() {
    this.socket.ping();
    await once(this.socket, "pong");
  }

  /** Lets the time pass in which a page waits for what was overtaken. */
  async gap(tick) {
    await this.heardAll();
    tick(SECOND);
  }

  /** Answers the newest sync. */
  reply(fields) {
    const { n } = this.syncs.at(-1);
    this.say({ type: "sync", n, cursor: null, missed: null, reset: false, more: false, updates: [], ...fields });
  }

  push(version, { topics = ["updates"], ...fields } = {}) {
    this.say({ type: "stats-updated", login: LOGIN, epoch: "E", prev: version - 1, ...entry(version, ...topics), ...fields });
  }
}

export class Server {
  lines = [];
  /** The status that handshakes are refused with. */
  refusal = null;
  /** The one chatter ID that opens a socket; any, if it is null. */
  onlySecret = null;
  /** While this is a list, handshakes wait in it for their answer. */
  waiting = null;
  attempts = 0;

  static async start() {
    const server = new Server();
    server.sockets = new WebSocketServer({
      host: "127.0.0.1",
      port: 0,
      handleProtocols: (offered) => (offered.has("chatterbox.v1") ? "chatterbox.v1" : false),
      verifyClient: ({ req }, answer) => {
        server.attempts += 1;
        const isWrong = server.onlySecret !== null && secretOf(req) !== server.onlySecret;
        const decide = () => answer(server.refusal === null && !isWrong, server.refusal ?? 401);
        if (server.waiting) server.waiting.push(decide);
        else decide();
      },
    });
    server.sockets.on("connection", (socket, request) => server.lines.push(new ServerSocket(socket, request)));
    await once(server.sockets, "listening");
    server.url = `ws://127.0.0.1:${server.sockets.address().port}/dev`;
    return server;
  }

  stop() {
    for (const socket of this.sockets.clients) socket.terminate();
    this.sockets.close();
  }

  line(count) {
    return until(() => this.lines[count - 1], `socket ${count}`);
  }
}

/** Waits until the server has seen every attempt that was made before, to be sure that there was none. */
export async function settled({ url }) {
  for (let turn = 0; turn < 3; turn += 1) await fetch(url.replace("ws", "http"));
}

/** A server that ends with the test. */
export async function start(t) {
  const server = await Server.start();
  t.after(() => server.stop());
  return server;
}

/** Holds every page of every test to the table of phases. */
function checkPhase(line, details) {
  const [, phase] = line.match(/^phase (.*)$/) ?? [];
  assert.ok(!phase || TRANSITIONS[details.from][phase], `${details?.from} is not followed by ${phase}`);
}

/** A page that is connected, and the events that it has emitted. */
export async function page(t, { server, ...options } = {}) {
  server ??= await start(t);
  const chatter = connect({ url: server.url, login: LOGIN, chatterId: CHATTER_ID, since: 0, debug: checkPhase, ...options });
  const heard = { updates: [], states: [], synced: [], errors: [] };
  chatter.addEventListener("stats-updated", ({ detail }) => heard.updates.push(detail));
  chatter.addEventListener("state", ({ detail }) => heard.states.push(detail));
  chatter.addEventListener("synced", ({ detail }) => heard.synced.push(detail));
  chatter.addEventListener("error", ({ detail }) => heard.errors.push(detail));
  t.after(() => chatter.close());
  return { server, chatter, heard, versions: () => heard.updates.map(({ version }) => version) };
}

/** A page whose first sync was answered: its cursor is `version`. */
export async function pageAt(version, t, options) {
  const opened = await page(t, options);
  const line = await opened.server.line(1);
  await line.sync(1);
  line.reply({ cursor: { epoch: "E", version } });
  await until(() => opened.heard.synced.length === 1, "the first sync");
  return { ...opened, line };
}

/** An update, on the topic `updates` unless others are given. */
export function entry(version, ...topics) {
  if (topics.length === 0) topics = ["updates"];
  return { topic: topics[0], topics, version, id: `id-${version}`, at: "2026-01-31T09:00:00Z", body: { message: `update ${version}` } };
}

/** Lets time pass with an update every two minutes, and answers the periodic syncs. */
export async function grow(line, tick, versions, minutes) {
  let answered = line.syncs.length;
  const first = (versions().at(-1) ?? 41) + 1;
  for (let version = first; version < first + minutes / 2; version += 1) {
    tick(2 * MINUTE);
    line.push(version);
    await until(() => versions().includes(version));
    await line.heardAll();
    if (line.syncs.length > answered) line.reply({ cursor: { epoch: "E", version }, missed: 0 });
    await line.heardAll();
    answered = line.syncs.length;
  }
}
