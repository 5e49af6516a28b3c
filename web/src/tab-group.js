/** Lets the tabs of a browser share one socket. @module */

import { isShown } from "./browser.js";
import { Moment } from "./moment.js";
import { SocketKeeper } from "./socket-keeper.js";
import { TabLock } from "./tab-lock.js";
import { isTabMessage, withoutSecrets } from "./tab-messages.js";
import { Timers } from "./timers.js";
import { ANSWER_TIMEOUT, SILENCE_CHECK, TAB_TIMEOUT } from "./timing.js";
import { covers } from "./topics.js";
import { base64url, encode } from "./wire.js";

/** @import { CheckedOptions } from "./options.js" */
/** @import { Keeper, Report } from "./socket-keeper.js" */
/** @import { Status } from "./status.js" */
/** @import { TabMessage } from "./tab-messages.js" */
/** @import { Topics } from "./topics.js" */
/** @import { Outgoing } from "./wire.js" */

/**
 * This tab among those with the same URL, login and chatter ID. The tab that has a lock, the holder, opens the socket, posts
 * to a channel what it receives, and sends what the others post to it. When the holder is closed or crashes, the browser
 * gives the lock to the next tab; each tab then syncs with its own cursor, as after any other change of sockets, so nothing
 * is lost.
 *
 * The socket listens to the topics of all tabs, and each tab passes over what it did not ask for. A tab whose topics the
 * socket lacks does not use it, since its cursor would pass updates that it was never sent: it tells the holder its topics,
 * and the holder changes over to a socket that has them.
 *
 * Every page of this origin can listen in on the channel. The chatter ID is never on it, nor readable from its name.
 *
 * @implements {Keeper}
 */
export class TabGroup {
  /** @type {CheckedOptions} */ #options;
  /** @type {(report: Report) => void} */ #report;
  #keeper;
  /** @type {TabLock | null} */ #lock = null;
  #isRunning = false;
  /** Whether sharing has failed, and this tab has a socket of its own. */
  #isAlone = false;
  /** How often its lock was taken away since it last had an open socket. */
  #locksLost = 0;
  /** The last socket that lacked topics of this tab. @type {number | undefined} */ #lackingSocket;
  #timers = new Timers();

  /**
   * @param {CheckedOptions} options
   * @param {(report: Report) => void} report
   */
  constructor(options, report) {
    this.#options = options;
    this.#report = report;
    /** @type {(report: Report) => void} */
    const forward = (own) => {
      if (own.type === "status" && own.status.state === "open") this.#locksLost = 0;
      if (this.holdsSocket) this.#post(withoutSecrets(own));
      report(own);
      // Another tab may have the lock then. This one still listens, since `retry()` may be called in another.
      if (!(own.type === "status" && own.status.reason === "logged-out")) return;
      this.#timers.stopAll();
      this.#lock?.release();
    };
    this.#keeper = new SocketKeeper(options, forward, (chatterId) => this.#waitForTurn(chatterId));
  }

  get holdsSocket() {
    return this.#isAlone || !!this.#lock?.holds;
  }

  start() {
    this.#isRunning = true;
    this.#keeper.start();
  }

  stop() {
    this.#isRunning = false;
    this.#keeper.stop();
    this.#leave();
  }

  /** @param {Outgoing} message */
  send(message) {
    if (this.holdsSocket) this.#keeper.send(message);
    else this.#post({ type: "send", message });
  }

  /** @param {boolean} shown */
  revive(shown) {
    this.#keeper.revive(shown);
    this.#query(shown);
  }

  offline() {
    if (this.holdsSocket) this.#keeper.offline();
  }

  retry() {
    this.#query(true, true);
    this.#retryHere();
  }

  #retryHere() {
    // Its new chatter ID may be that of other tabs than before.
    if (this.#isLoggedOut) this.#leave();
    this.#keeper.retry();
  }

  get #isLoggedOut() {
    return this.#keeper.status.reason === "logged-out";
  }

  #leave() {
    this.#timers.stopAll();
    this.#lock?.leave();
    this.#lock = null;
  }

  /** Sharing has failed, whatever the browser has against it: this tab goes on with a socket of its own. */
  #goAlone() {
    if (!this.#isRunning) return;
    const { holdsSocket } = this;
    this.#leave();
    this.#isAlone = true;
    if (!holdsSocket) this.#restart();
  }

  /**
   * Joins the tabs with the same URL, login and chatter ID, and returns when this one has the lock.
   * @param {string | undefined} chatterId
   */
  async #waitForTurn(chatterId) {
    if (this.#isAlone) return;
    const { url, login } = this.#options;
    this.#timers.start("name", ANSWER_TIMEOUT, () => this.#goAlone());
    try {
      const name = await groupName(url, login, chatterId);
      this.#timers.stop("name");
      if (this.#isAlone) return;
      if (this.#isRunning && this.#lock?.name !== name) this.#join(name, false);
    } catch {
      this.#goAlone();
    }
    await this.#lock?.turn;
  }

  /**
   * @param {string} name
   * @param {boolean} steal
   */
  #join(name, steal) {
    this.#lock?.leave();
    const goAlone = () => this.#goAlone();
    // A lock that is taken away again and again before a socket is open is of no use.
    const lost = () => (this.#locksLost++ ? goAlone() : this.#rejoin(false));
    try {
      this.#lock = new TabLock(name, steal, (data) => this.#receive(data), lost, goAlone);
      this.#query(true);
    } catch {
      goAlone();
    }
  }

  /** @param {boolean} steal */
  #rejoin(steal) {
    const name = this.#lock?.name;
    if (name) this.#restart(() => this.#join(name, steal));
  }

  /** @param {() => void} [prepare] What to do before the keeper starts again. */
  #restart(prepare) {
    this.#keeper.stop();
    this.#report({ type: "status", status: this.#keeper.status });
    prepare?.();
    this.#keeper.start();
  }

  // Messages between the tabs.

  /** @param {TabMessage} message */
  #post(message) {
    if (!this.#lock) return;
    this.#options.log?.(`to other tabs: ${message.type}`, message);
    this.#lock.post(message);
  }

  /**
   * Asks the holder for its status, and tells it this tab's topics. If the holder does not answer a shown tab, the browser has
   * frozen it, and this tab takes the lock.
   * @param {boolean} revive Whether the holder is to check the socket.
   * @param {boolean} retry Whether it is to try at once.
   */
  #query(revive, retry = false) {
    if (this.holdsSocket || !this.#lock) return;
    const shown = isShown();
    this.#postQuery(revive && shown, retry);
    if (!shown) return;
    // A tab that has taken the lock by force, and still does not have it, never will.
    const take = () => (this.#lock?.isStolen ? this.#goAlone() : this.#rejoin(true));
    this.#timers.start("answer", TAB_TIMEOUT, () => this.holdsSocket || take());
    this.#timers.start("query", SILENCE_CHECK, () => this.#query(false));
  }

  #postQuery(revive = false, retry = false) {
    this.#post({ type: "query", revive, retry, topics: this.#options.topics });
  }

  /** @param {unknown} data */
  #receive(data) {
    if (!isTabMessage(data)) return;
    this.#options.log?.(`from another tab: ${data.type}`, data);
    if (data.type === "query" && data.retry) this.#retryHere();
    if (this.#isLoggedOut) return;
    if (data.type === "query") return this.#answer(data.revive, data.topics);
    if (data.type === "send") {
      if (this.holdsSocket) this.#keeper.send(data.message);
      return;
    }
    this.#timers.stop("answer");
    if (data.type === "status") return this.#receiveStatus(data.status);
    if (this.holdsSocket) return;
    if (data.socket) this.#keeper.lastReceived = new Moment();
    this.#report(data);
  }

  /** @param {Status} status */
  #receiveStatus(status) {
    const { socket, topics } = status;
    if (status.reason === "logged-out") return this.#keeper.rest(status);
    // Another holder can only be one that this tab took the lock from. Of its statuses only `closed` counts, for every tab.
    if (this.holdsSocket && status.state !== "closed") return;
    if (socket) this.#keeper.lastReceived = new Moment();
    if (socket && !covers(topics, this.#options.topics)) {
      status = { state: "connecting" };
      // Once for each socket: its holder answers before the next one is open.
      if (this.#lackingSocket !== socket) this.#postQuery();
      this.#lackingSocket = socket;
    }
    this.#report({ type: "status", status });
  }

  /**
   * @param {boolean} revive
   * @param {Topics} topics
   */
  #answer(revive, topics) {
    // Every tab notes the topics, since any of them may be the next holder.
    this.#keeper.addTopics(topics);
    if (!this.holdsSocket) return;
    if (revive) this.#keeper.revive(true);
    else this.#keeper.pingIfSilent(true);
    this.#post({ type: "status", status: this.#keeper.status });
  }
}

/**
 * The name of a group's lock and channel, from which the chatter ID cannot be read. Its prefix changes with the messages
 * between tabs, so that pages of different versions of this client do not disturb one another: each version has a socket of
 * its own. Version 1, `chatterbox:`, had messages without a `type`.
 * @param {string} url
 * @param {string} login
 * @param {string | undefined} chatterId
 */
async function groupName(url, login, chatterId) {
  const identity = encode(JSON.stringify([url, login, chatterId]));
  return `chatterbox-2:${base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", identity)))}`;
}
