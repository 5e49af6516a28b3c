/** The connection that a page holds: it follows the browser's page events, syncs, and emits events. @module */

import { canShare, isFromCache, isShown, unique } from "./browser.js";
import { logOf } from "./debug.js";
import { messageOf } from "./errors.js";
import { Moment } from "./moment.js";
import { checkOptions } from "./options.js";
import { Replica } from "./replica.js";
import { SocketKeeper } from "./socket-keeper.js";
import { isIdle, isResting } from "./status.js";
import { TabGroup } from "./tab-group.js";
import { Timers, backoff } from "./timers.js";
import { ANSWER_TIMEOUT, GAP_WAIT, LONGEST_WAIT, PAGE_DATA_AGE, PING_AFTER_SYNCS, SYNC_EVERY } from "./timing.js";
import { updatesOf } from "./updates.js";
import { PING, badMessage, isValid } from "./wire.js";

/** @import { CheckedOptions } from "./options.js" */
/** @import { Report } from "./socket-keeper.js" */
/** @import { Status } from "./status.js" */
/** @import { Events, Failure, Options, StateChange, Synced } from "./types.js" */
/** @import { Entry, Push, Reply } from "./wire.js" */

/** A sync under way, over all its pages, and whether it is the page's first. @typedef {Synced & { initial: boolean }} Round */

export class Chatter extends EventTarget {
  /** @type {CheckedOptions} */ #options;
  /** @type {StateChange} */ #status = { state: "connecting" };
  /** @type {SocketKeeper | TabGroup} */ #keeper;
  /** The open socket on which this page has synced. @type {number | undefined} */ #socket;
  #timers = new Timers();
  /** Removes the listeners for page events. */
  #pageEvents = new AbortController();
  /** Whether the browser has put the page aside. */
  #isAside = false;

  /** Updates from before are in the page's own data. @type {Moment} */ #since;
  /** @type {Replica} */ #replica;
  /** Whether a sync was ever answered in full. */
  #hasSynced = false;
  /** The number of the newest sync, the only one whose reply counts. No other tab on the same socket uses it. */
  #n = unique() * 2 ** 20;
  /** How many syncs in a row have had no reply. */
  #unanswered = 0;
  /** @type {Round | null} */ #round = null;

  /** @param {Options} options */
  constructor(options) {
    super();
    const { share, since, debug, ...rest } = checkOptions(options);
    if (!/^wss?:$/.test(new URL(rest.url).protocol)) throw new SyntaxError("url: must begin with wss: or ws:");
    this.#since = newsBegin(since);
    // The server takes an empty list for all topics, too.
    const topics = rest.topics?.length ? [...rest.topics] : undefined;
    // Copies: later changes by the page have no effect, and what is sent to other tabs must not be a Proxy.
    this.#options = { ...rest, url: String(rest.url), topics, parameters: { ...rest.parameters }, log: logOf(debug) };
    this.#replica = new Replica(topics);
    /** @type {(report: Report) => void} */
    const receive = (report) => this.#receive(report);
    this.#keeper = new (share !== false && canShare() ? TabGroup : SocketKeeper)(this.#options, receive);
    this.#followPage();
    this.#keeper.start();
  }

  get state() {
    return this.#status.state;
  }

  get holdsSocket() {
    return this.#keeper.holdsSocket;
  }

  retry() {
    if (!isIdle(this.#status)) return;
    this.#takeUp();
    this.#keeper.retry();
  }

  close() {
    this.#end({ state: "closed", reason: "closed by the page" });
  }

  [Symbol.asyncIterator]() {
    return updatesOf(this);
  }

  // The browser's page events. Outside a browser there are none.

  #followPage() {
    const { signal } = this.#pageEvents;
    /** @type {(target: EventTarget | undefined, type: string, listener: () => void) => void} */
    const on = (target, type, listener) => target?.addEventListener?.(type, listener, { signal });
    const { document } = globalThis;
    on(globalThis, "online", () => this.#revive(false));
    on(globalThis, "offline", () => this.#isAside || this.#keeper.offline());
    on(document, "visibilitychange", () => isShown() && this.#revive(true));
    // A page that is put aside must not keep the socket from other tabs, and could not receive anything.
    on(globalThis, "pagehide", () => this.#putAside());
    on(document, "freeze", () => this.#putAside());
    on(globalThis, "pageshow", () => this.#takeUp());
    on(document, "resume", () => this.#takeUp());
  }

  /**
   * Checks an open socket, and shortens the wait for the next one.
   * @param {boolean} shown Whether it is because the page is shown.
   */
  #revive(shown) {
    if (this.#status.reason !== "logged-out") this.#keeper.revive(shown);
  }

  #putAside() {
    // A page that was replaced or logged out has no socket, and taking it up again must not open one.
    if (isResting(this.#status)) return;
    this.#isAside = true;
    this.#keeper.stop();
    this.#setStatus({ state: "waiting", reason: "hidden" });
  }

  #takeUp() {
    if (this.#isAside) this.#keeper.start();
    this.#isAside = false;
  }

  /** @param {StateChange} status */
  #end(status) {
    this.#pageEvents.abort();
    this.#keeper.stop();
    this.#setStatus(status);
  }

  // Messages from the server, and the socket's status.

  /** @param {Report} report */
  #receive(report) {
    if (report.type === "status") return this.#receiveStatus(report.status);
    const { message, socket } = report;
    // `prev` is about the topics of one socket, and another tab's socket may lack some of this page's topics.
    if (socket !== this.#socket) return;
    // The reply to another tab's sync, or to an earlier one.
    if (message.type === "sync" && !(this.#round && message.n === this.#n)) return;
    if (!isValid(message)) {
      // A sync that was answered so is sent again after its timeout.
      this.#emit("error", badMessage("The server sent a message of the wrong shape."));
      return;
    }
    switch (message.type) {
      case "stats-updated":
        return this.#receivePush(message);
      case "sync":
        return this.#round ? this.#receiveReply(message, this.#round) : undefined;
      case "error":
        return this.#receiveError(message);
      case undefined: // The error frames of API Gateway itself have no type.
        return this.#receiveError({ code: "gateway", message: messageOf(message.message ?? JSON.stringify(message)) });
    }
  }

  /** @param {Status} status */
  #receiveStatus({ socket, topics, ...change }) {
    if (change.state === "closed") return this.#end(change);
    this.#setStatus(change);
    if (change.state === "open" && socket !== this.#socket) {
      this.#socket = socket;
      this.#sync();
    }
  }

  /** @param {Push} push */
  #receivePush(push) {
    const known = this.#replica.isKnown(push);
    for (const entry of this.#replica.push(push)) this.#emitUpdate(entry, false);
    // A round that is under way ends with a look at what came meanwhile.
    const fill = () => this.#replica.isAboveGap(push) && !this.#round && this.#sync();
    // What is missing before a push of a known log may be on its way. Of an unknown log, only a sync can tell.
    if (known) setTimeout(fill, GAP_WAIT);
    else fill();
  }

  /**
   * @param {Reply} reply
   * @param {Round} round
   */
  #receiveReply(reply, round) {
    // Both times are by the server's clock, and their difference is compared with a time that has passed here. Functions
    // from before these fields existed do not send them.
    const now = reply.now ? Date.parse(reply.now) : Date.now();
    for (const entry of this.#replica.answer(reply)) {
      const age = now - Date.parse(entry.recorded ?? entry.at);
      if (!(round.initial && age > this.#since.age)) this.#emitUpdate(entry, round.initial);
    }
    round.reset ||= reply.reset;
    round.missed = round.missed === null || reply.missed === null ? null : round.missed + reply.missed;
    this.#unanswered = 0;
    if (reply.more || this.#replica.hasGap) return this.#sync();
    this.#round = null;
    this.#hasSynced = true;
    this.#timers.start("sync", SYNC_EVERY, () => this.#sync());
    return this.#emit("synced", { missed: round.missed, reset: round.reset });
  }

  /** @param {Failure} failure */
  #receiveError({ code, message }) {
    this.#emit("error", { code, message });
    if (this.#round && this.state === "open") this.#timers.start("sync", backoff(this.#unanswered), () => this.#sync());
  }

  /** Asks for what the page has not seen, and again, ever more slowly, until the reply comes. */
  #sync() {
    this.#round ??= { initial: !this.#hasSynced, missed: 0, reset: false };
    this.#replica.syncStarts();
    this.#keeper.send({ action: "sync", login: this.#options.login, cursor: this.#replica.cursor, n: ++this.#n });
    const timeout = Math.min(ANSWER_TIMEOUT * 2 ** this.#unanswered++, LONGEST_WAIT);
    this.#timers.start("sync", timeout, () => {
      if (this.#unanswered >= PING_AFTER_SYNCS) this.#keeper.send(PING);
      this.#sync();
    });
  }

  // Events for the page.

  /** @param {StateChange} status */
  #setStatus(status) {
    const { state, reason, retryIn } = this.#status;
    if (state === "closed" || (status.state === state && status.reason === reason && status.retryIn === retryIn)) return;
    if (status.state !== "open") {
      // No socket would bring a reply, and the next one syncs when it opens.
      this.#socket = undefined;
      this.#replica.syncStarts();
      this.#timers.stopAll();
    }
    // Of the tabs that share a socket, any that is shown may try again.
    if (status.reason === "replaced") {
      this.#timers.start("again", status.retryIn, () => this.#revive(isShown()));
    }
    this.#status = status;
    this.#options.log?.(`state ${status.state}`, status);
    this.#emit("state", status);
  }

  /**
   * @param {Entry} entry
   * @param {boolean} initial
   */
  #emitUpdate({ topic, topics, version, id, at, body }, initial) {
    this.#emit("stats-updated", { topic, topics, version, id, at, body, initial });
  }

  /**
   * Listeners run after the work at hand, so that they may call `close()`. After it only `state` is emitted.
   * @param {keyof Events} type
   * @param {object} detail
   */
  #emit(type, detail) {
    queueMicrotask(() => {
      if (this.state !== "closed" || type === "state") this.dispatchEvent(new CustomEvent(type, { detail }));
    });
  }
}

/**
 * From when on updates are news to this page.
 * @param {number | Date | undefined} since
 */
function newsBegin(since) {
  // A time ahead of this clock is by another clock, or from before this one was set back: its age is unknown.
  if (since !== undefined && Number(since) <= Date.now()) return new Moment(Number(since));
  return isFromCache() ? new Moment(-Infinity) : new Moment(performance.timeOrigin - PAGE_DATA_AGE, -PAGE_DATA_AGE);
}
