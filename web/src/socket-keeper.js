/** Keeps one socket open: opens it, notices when it is lost, and opens the next one. @module */

import { isOnline, isShown, unique } from "./browser.js";
import { isLoggedOut, messageOf } from "./errors.js";
import { handshake } from "./handshake.js";
import { Moment } from "./moment.js";
import { checkOption } from "./options.js";
import { isIdle, isResting } from "./status.js";
import { Timers, backoff } from "./timers.js";
import * as timing from "./timing.js";
import { MAX_TOPICS, covers } from "./topics.js";
import { PING, isValid, parse } from "./wire.js";

/** @import { CheckedOptions } from "./options.js" */
/** @import { Phase } from "./phases.js" */
/** @import { Status } from "./status.js" */
/** @import { StateChange } from "./types.js" */
/** @import { Topics } from "./topics.js" */
/** @import { Outgoing } from "./wire.js" */

/**
 * What a keeper reports: its status, or a message that came on the socket of that number.
 * @typedef {{ type: "status", status: Status } | { type: "message", message: any, socket: number | undefined }} Report
 */

/**
 * What a page needs of the socket. A `SocketKeeper` has one of its own, a `TabGroup` shares one with other tabs.
 * @typedef {object} Keeper
 * @property {boolean} holdsSocket Whether the socket is this tab's.
 * @property {() => void} start Begins to open it.
 * @property {() => void} stop Closes it.
 * @property {(message: Outgoing) => void} send Sends a message if it is open.
 * @property {(shown: boolean) => void} revive Pings it if it is open, and shortens the wait for the next one.
 * @property {() => void} offline The browser has lost its network.
 * @property {() => void} retry Opens it at once, with fresh credentials, if the keeper is waiting.
 */

/** A browser does not tell a page which of these it was. */
export const NOT_OPENED =
  "No socket opened: the server refused it or was not reached, or the browser blocked it (CSP connect-src, certificate, mixed content, wrong host).";

/** @implements {Keeper} */
export class SocketKeeper {
  /** @type {CheckedOptions} */ #options;
  /** @type {(report: Report) => void} */ #report;
  /** What to wait for before a socket may be opened. @type {((chatterId: string | undefined) => Promise<void>) | undefined} */
  #turn;
  /** What `credentials()` gave. @type {string | undefined} */ #chatterId;
  /** What the next socket is to listen to. @type {Topics} */ #topics;

  /** @type {Status} */ status = { state: "connecting" };
  /** @type {Phase} */ #phase = "stopped";
  /** The open socket, the only one whose messages are read. @type {WebSocket | null} */ #socket = null;
  /** The socket that is being opened. An open one stays until this one is open too. @type {WebSocket | null} */ #successor = null;
  /** The number of the attempt. What an earlier one was waiting for no longer matters. */
  #attempt = 0;
  /** Losses and failures since the last socket that was stable. Each makes the next wait longer. */
  #losses = 0;
  /** How many sockets in a row did not open. */
  #notOpenedInARow = 0;
  /** When something last came on the socket, or on another tab's. @type {Moment | undefined} */ lastReceived;
  #isPingSent = false;
  #timers = new Timers();

  /**
   * @param {CheckedOptions} options
   * @param {(report: Report) => void} report
   * @param {(chatterId: string | undefined) => Promise<void>} [turn]
   */
  constructor(options, report, turn) {
    this.#options = options;
    this.#topics = options.topics;
    this.#report = report;
    this.#turn = turn;
  }

  get holdsSocket() {
    return true;
  }

  start() {
    this.#open();
  }

  stop() {
    this.#drop();
    this.status = { state: "connecting" };
    this.#enter("stopped");
  }

  /**
   * Stops, and stays so until `retry()`, or until the page is shown if the status is `replaced`.
   * @param {Status} status
   */
  rest(status) {
    this.#drop();
    this.#enter("resting");
    this.#setStatus(status);
  }

  /**
   * Sends a message if the socket is open. A ping keeps it from being idle, and finds out whether it is dead: if no answer
   * comes, the socket is lost.
   * @param {Outgoing} message
   */
  send(message) {
    if (message.action === PING.action) {
      if (this.#isPingSent || !this.#socket) return;
      this.#isPingSent = true;
      this.#timers.start("pong", timing.ANSWER_TIMEOUT, () => this.#lose());
    }
    if (this.#socket?.readyState !== 1) return;
    this.#options.log?.(`sent ${message.action}`, message);
    this.#socket.send(JSON.stringify(message));
  }

  /**
   * Pings an open socket, and shortens the wait for the next one, since the page is shown or the network is back.
   * @param {boolean} shown Whether it is because the page is shown. Only that brings back a socket that was replaced.
   */
  revive(shown) {
    if (this.#socket) this.send(PING);
    else if (isIdle(this.status) && (shown || this.status.reason !== "replaced")) {
      if (this.#phase === "resting") this.#enter("waiting");
      this.#timers.start("open", backoff(0), () => this.#open());
    }
  }

  retry() {
    if (!isIdle(this.status)) return;
    this.#drop();
    this.#setStatus({ state: "connecting" });
    this.#losses = this.#notOpenedInARow = 0;
    this.#chatterId = undefined;
    this.#open();
  }

  /**
   * Pings an open socket that has been silent for long.
   * @param {boolean} shown Whether this page, or the tab that asks, is shown.
   */
  pingIfSilent(shown) {
    const { heartbeat = timing.HEARTBEAT } = this.#options;
    const limit = shown ? heartbeat : timing.QUIET_HEARTBEAT - Math.random() * timing.QUIET_HEARTBEAT_SPREAD;
    if (this.lastReceived?.isDoubtful || Number(this.lastReceived?.age) >= limit) this.send(PING);
  }

  /**
   * Listens to these topics too. A socket that does not goes on until its successor is open.
   * @param {Topics} topics
   */
  addTopics(topics) {
    if (covers(this.#topics, topics)) return;
    this.#topics = topics && [...new Set([...(this.#topics ?? []), ...topics])];
    if (this.#phase === "open" || this.#phase === "renewing") this.#open();
  }

  offline() {
    // The browser may be wrong, so an open socket is only checked.
    if (this.#socket) return this.send(PING);
    if (isResting(this.status) || isOnline()) return;
    this.#drop();
    // Nothing was tried, so the waits do not grow.
    this.#waitToOpen("offline", this.#losses);
  }

  /** Opens a socket: gets the credentials, waits for this tab's turn, and begins the handshake. */
  async #open() {
    const attempt = ++this.#attempt;
    const isOver = () => attempt !== this.#attempt;
    this.#enter(this.#socket ? "renewing" : "preparing");
    this.#timers.start("open", timing.HANDSHAKE_TIMEOUT, () => this.#noCredentials("credentials(): no answer"));
    let chatterId;
    try {
      chatterId = await this.#credentials();
    } catch (error) {
      if (!isOver()) this.#noCredentials(error);
      return;
    }
    if (isOver()) return;
    this.#timers.stop("open");
    await this.#turn?.(chatterId);
    if (isOver()) return;
    this.#enter(this.#socket ? "succeeding" : "opening");
    if (!this.#socket) this.#setStatus({ state: "connecting" });
    try {
      this.#successor = this.#newSocket(chatterId);
      this.#timers.start("open", timing.HANDSHAKE_TIMEOUT, () => this.#notOpened());
    } catch (error) {
      this.#notOpened(error);
    }
  }

  /** The chatter ID. After an attempt that failed, `credentials()` is called again. */
  async #credentials() {
    const { credentials, chatterId } = this.#options;
    if (!credentials) return chatterId;
    if (!this.#chatterId) this.#chatterId = checkOption("credentials()", await credentials()).chatterId;
    return this.#chatterId;
  }

  /** @param {any} error */
  #noCredentials(error) {
    if (isLoggedOut(error)) {
      return this.rest({ state: "refused", reason: "logged-out" });
    }
    this.#reportError("credentials", error);
    return this.#waitToOpen("credentials");
  }

  /** @param {string | undefined} chatterId */
  #newSocket(chatterId) {
    const topics = this.#topics && this.#topics.length > MAX_TOPICS ? undefined : this.#topics;
    /** @type {WebSocket} */
    const socket = new this.#options.WebSocket(...handshake(this.#options, chatterId, topics));
    if (!socket.addEventListener) throw new TypeError("WebSocket: its objects must have addEventListener");
    socket.addEventListener("open", () => socket === this.#successor && this.#opened(socket, topics));
    socket.addEventListener("message", ({ data }) => socket === this.#socket && this.#received(data));
    const end = () => {
      if (socket === this.#socket) this.#lose();
      else if (socket === this.#successor) this.#notOpened();
    };
    // Whichever comes first: after some errors of a handshake no `close` follows.
    socket.addEventListener("error", end);
    socket.addEventListener("close", ({ code, reason, wasClean }) => {
      this.#options.log?.(`closed ${code}`, { code, reason, wasClean });
      end();
    });
    return socket;
  }

  /**
   * The successor of an open socket takes over at once. The sync that follows brings what the old one has not delivered.
   * @param {WebSocket} socket
   * @param {Topics} topics
   */
  #opened(socket, topics) {
    const old = this.#socket;
    this.#socket = socket;
    this.#successor = null;
    old?.close();
    this.#enter("open");
    this.#notOpenedInARow = 0;
    this.#timers.stop("open");
    this.#timers.start("stable", timing.STABLE_AFTER, () => (this.#losses = 0));
    this.#timers.start("change", timing.CHANGE_OVER - Math.random() * timing.CHANGE_OVER_SPREAD, () => this.#phase === "open" && this.#open());
    this.#isAlive();
    this.#watchSilence();
    this.#setStatus({ state: "open", socket: unique(), topics });
    if (!covers(topics, this.#topics)) this.#open();
  }

  #watchSilence() {
    this.pingIfSilent(isShown());
    this.#timers.start("silence", timing.SILENCE_CHECK, () => this.#watchSilence());
  }

  #isAlive() {
    this.#isPingSent = false;
    this.#timers.stop("pong");
    this.lastReceived = new Moment();
  }

  /** @param {string} text */
  #received(text) {
    this.#isAlive();
    const message = parse(text);
    this.#options.log?.(`received ${message.type}`, message);
    if (message.type === "closing" && isValid(message)) return this.#closing(message);
    this.#report({ type: "message", message, socket: this.status.socket });
    if (message.type === "error" && message.code === "unknown-connection") this.#lose();
  }

  /** @param {{ reason: any, retry: boolean }} closing */
  #closing({ reason, retry }) {
    if (retry) this.#lose();
    else if (reason !== "replaced") this.rest({ state: "closed", reason });
    else this.rest({ state: "waiting", reason, retryIn: timing.REPLACED_WAIT * (1 + Math.random()) });
  }

  /** The open socket is lost. If its successor is being opened, that goes on. */
  #lose() {
    if (!this.#successor) {
      this.#drop();
      return this.#waitToOpen("lost");
    }
    const old = this.#socket;
    this.#socket = null;
    old?.close();
    this.#enter("opening");
    this.#timers.stop("stable", "change", "pong", "silence");
    return this.#setStatus({ state: "connecting" });
  }

  /**
   * The socket that was being opened did not open.
   * @param {any} [error]
   */
  #notOpened(error = NOT_OPENED) {
    // Forgotten before it is closed: there are classes whose `close` emits `error` at once.
    const socket = this.#successor;
    this.#successor = null;
    socket?.close();
    // The chatter ID may have expired.
    this.#chatterId = undefined;
    if (isOnline()) {
      this.#notOpenedInARow += 1;
      this.#reportError("connect", error);
    }
    this.#waitToOpen("unreachable");
  }

  /**
   * Waits before the next attempt. While a socket is open this is no change of state.
   * @param {"lost" | "unreachable" | "offline" | "credentials"} reason
   * @param {number} losses How many there were before.
   */
  #waitToOpen(reason, losses = this.#losses++) {
    this.#attempt += 1;
    this.#enter(this.#socket ? "renewing" : "waiting");
    if (!isOnline()) reason = "offline";
    const slow = this.#notOpenedInARow >= timing.REFUSED_AFTER;
    const trusted = this.lastReceived && this.lastReceived.age <= timing.TRUSTED_FOR;
    const retryIn = backoff(losses, slow ? timing.REFUSED_WAIT : timing.LONGEST_WAIT);
    const state = reason === "unreachable" && slow && !trusted ? "refused" : "waiting";
    this.#options.log?.(`next attempt in ${Math.round(retryIn)} ms: ${reason}`, { reason, retryIn });
    if (!this.#socket) this.#setStatus(/** @type {StateChange} */ ({ state, reason, retryIn }));
    this.#timers.start("open", retryIn, () => this.#open());
  }

  /** Ends the attempt, and closes what is open or being opened. */
  #drop() {
    this.#attempt += 1;
    this.#timers.stopAll();
    const sockets = [this.#socket, this.#successor];
    this.#socket = this.#successor = null;
    for (const socket of sockets) socket?.close();
  }

  /** @param {Phase} phase */
  #enter(phase) {
    if (phase === this.#phase) return;
    this.#options.log?.(`phase ${phase}`, { from: this.#phase });
    this.#phase = phase;
  }

  /** @param {Status} status */
  #setStatus(status) {
    this.status = status;
    this.#report({ type: "status", status });
  }

  /**
   * @param {string} code
   * @param {any} error
   */
  #reportError(code, error) {
    const message = messageOf(error);
    // The text of an error may hold a secret.
    this.#options.log?.(`failed: ${code}`);
    this.#report({ type: "message", message: { type: "error", code, message }, socket: this.status.socket });
  }
}
