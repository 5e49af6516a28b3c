/**
 * The browser's end of Chatterbox: one WebSocket that says when a user's stats have been updated.
 *
 *     import { connect } from "chatterbox-client";
 *
 *     const chatter = connect({ url: "wss://socks.example.com", login, chatterId });
 *     chatter.addEventListener("stats-updated", ({ detail }) => show(detail.topic, detail.body));
 *     chatter.addEventListener("state", ({ detail }) => showState(detail.state));
 *
 * Nothing is lost while the socket is away: the page keeps a cursor, the version of the newest update up to which it
 * has seen everything, and asks for the rest ("sync") when a socket opens, when a version is skipped, and now and then.
 *
 * From top to bottom: `Connection` is what the page holds, and asks. `Seen` is what the page knows. `Line` keeps one
 * socket open. `Tabs` lets the tabs of a browser share a line.
 *
 * @module
 */

/**
 * @typedef {object} Options
 * @property {string} url The WebSocket API, for example `wss://socks.example.com`.
 * @property {string} login The user's login name.
 * @property {string | undefined} [chatterId] The secret that the site gave this user at login. Without it, and without
 *   `credentials`, the site's own cookies are what opens the socket.
 * @property {(() => Credentials | PromiseLike<Credentials>) | undefined} [credentials] Asks the site for the secret, in place of
 *   `chatterId`: before the first attempt, and again before each that follows one that failed. It throws a `LoggedOut` if
 *   there is nobody to get one for.
 * @property {readonly string[] | undefined} [topics] Hear of these topics only; all of them if absent.
 * @property {number | Date | undefined} [since] The first sync tells only of updates from this time on: a Date, or milliseconds since
 *   1970, by this browser's own clock (`Date.now()`). The default is two minutes before this page was loaded: what is
 *   older is in the page's own data already. If the page came from the browser's cache, the default is everything.
 * @property {boolean | undefined} [share] Whether the tabs of this browser that have the same URL, login and secret share one
 *   socket. The default is yes, where the browser can (Web Locks, BroadcastChannel, a secure context).
 * @property {boolean | undefined} [query] Put the secret into the URL, for what stands between and knows no subprotocols. URLs are
 *   logged: prefer the default.
 * @property {ParameterNames | undefined} [parameters] The query parameters' names, if the site has set others.
 * @property {(new (url: string, protocols: string[]) => any) | undefined} [WebSocket] The class to use where there is no global one, for example that of the package `ws`.
 */

/** @typedef {{ chatterId: string }} Credentials */
/** @typedef {{ login?: string | undefined, chatter?: string | undefined, topic?: string | undefined }} ParameterNames */

/**
 * One thing that happened to the user's stats. Nobody checks that its body is what the page takes it for.
 * @template [Body=any]
 * @typedef {object} Update
 * @property {string} topic What it is about: the first of `topics`.
 * @property {string[]} topics All that it is about, of what this page listens to and has heard nothing newer of.
 * @property {number} version One more with each of the login's updates.
 * @property {string} id The pipeline's name for it.
 * @property {string} at When it happened (ISO 8601).
 * @property {Body} body What the pipeline sent.
 * @property {boolean} initial Whether it comes from the page's first sync, and so may be in the page's data already.
 */

/**
 * - `connecting`: a socket is being opened;
 * - `open`: updates arrive as they happen;
 * - `waiting`: there is no socket for now, and its `reason` says why;
 * - `refused`: there is none, and the user has most likely to log in again: `unreachable` or `logged-out`;
 * - `closed`: for good: `closed by the page` or `revoked`.
 * @typedef {"connecting" | "open" | "waiting" | "refused" | "closed"} State
 */

/**
 * Why there is no socket:
 *
 * - `lost`: one that was open was lost;
 * - `unreachable`: one did not open: the server was not reached, or refused it, or the browser did. That is `waiting`;
 *   and `refused`, if it was so several times in a row, and no socket was open in the last hour;
 * - `offline`: lost or unreachable, while the browser says that it has no network;
 * - `credentials`: `credentials()` failed; the `error` event says how;
 * - `replaced`: the login has too many sockets, and newer ones took this one's place. The page tries again when it is
 *   shown again, or after 20 to 40 minutes if it is shown then;
 * - `hidden`: the browser has put the page aside. It goes on when the browser takes it up again;
 * - `logged-out`: `credentials()` threw a `LoggedOut`. Nothing is tried again until `retry()` is called;
 * - `revoked`: the server said that the chatter ID is no longer good;
 * - `closed by the page`: `close()` was called.
 * @typedef {"lost" | "unreachable" | "offline" | "credentials" | "replaced" | "hidden" | "logged-out" | "revoked" | "closed by the page"} Reason
 */

/**
 * There is a `reason` in every state but `connecting` and `open`. `retryIn` is the time to the next attempt, in
 * milliseconds, wherever one is planned; it comes earlier if the page is shown, or the browser comes online, again.
 * @typedef {{ state: State, reason?: Reason | undefined, retryIn?: number | undefined }} StateChange
 */

/** @typedef {{ missed: number | null, reset: boolean }} Synced How many updates happened while the page was away. */
/** @typedef {{ code: string, message: string }} Failure What could not be done; nothing is lost by it. */

/**
 * @template [Body=any]
 * @typedef {object} Events
 * @property {CustomEvent<Update<Body>>} stats-updated
 * @property {CustomEvent<StateChange>} state
 * @property {CustomEvent<Synced>} synced
 * @property {CustomEvent<Failure>} error
 */

/**
 * @template E
 * @typedef {((event: E) => void) | { handleEvent(event: E): void }} Listener
 */

/**
 * The updates one after the other, until the connection is closed.
 * @template [Body=any]
 * @typedef {{
 *   next(): Promise<IteratorResult<Update<Body>, void>>,
 *   return(): Promise<IteratorResult<Update<Body>, void>>,
 *   throw(error?: unknown): Promise<IteratorResult<Update<Body>, void>>,
 *   [Symbol.asyncIterator](): Updates<Body>,
 * }} Updates
 */

/**
 * What `connect` returns: an `EventTarget` for the events above, and no others.
 * @template [Body=any]
 * @typedef {{
 *   readonly state: State,
 *   readonly holdsSocket: boolean,
 *   retry(): void,
 *   close(): void,
 *   addEventListener<K extends keyof Events>(type: K, listener: Listener<Events<Body>[K]>, options?: boolean | AddEventListenerOptions): void,
 *   removeEventListener<K extends keyof Events>(type: K, listener: Listener<Events<Body>[K]>, options?: boolean | EventListenerOptions): void,
 *   [Symbol.asyncIterator](): Updates<Body>,
 * }} Chatter
 */

/** @import { Checked, Cursor, Entry, Hear, Push, Reply, Round, Rule, Say, Status, TabWord, Word } from "./internal.js" */

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** How long a socket may be silent before it has to prove itself, while somebody looks. */
const HEARTBEAT = 4 * MINUTE;
/**
 * The same when nobody does, and less a random part of a minute: a million pages that heard of something at once do not
 * speak at once. API Gateway, and CloudFront before it, end a socket on which nothing has moved for ten minutes, and
 * the timers of a page that nobody looks at may be a minute late.
 */
const QUIET_HEARTBEAT = 8.5 * MINUTE;
/** How long an answer may take before the question, or the socket, counts as lost. */
const PATIENCE = 10 * SECOND;
/** API Gateway itself gives up a handshake after 29 s. */
const HANDSHAKE = 30 * SECOND;
/**
 * API Gateway ends every socket after two hours: its successor is open some minutes before. A crowd whose sockets were
 * opened together is spread over most of an hour, or it would come back together for ever.
 */
const CHANGE_OVER = 110 * MINUTE;
/** Bounds the wait for an update whose push failed and that no later update follows. */
const SYNC_EVERY = 15 * MINUTE;
/** Pushes overtake one another. What is missing most often comes within this time, and need not be asked for. */
const GAP = SECOND;
const LONGEST_WAIT = 5 * MINUTE;
/** A socket that lived this long was a good one: the next loss starts with short waits again. */
const STABLE = MINUTE;
/** A browser cannot see why a socket did not open, so several in a row are taken for a refusal. */
const REFUSED_AFTER = 8;
/** But for a page that had a socket so recently: its secret was good, and this is a crowd that comes back, or an outage. */
const TRUSTED = 60 * MINUTE;
/**
 * The longest wait from then on. API Gateway opens 500 sockets in a second: those that it will never open must leave
 * room for the others.
 */
const REFUSED_WAIT = 20 * MINUTE;
/**
 * A page that was replaced, and is shown, comes back after this time, or up to twice as long. It takes the place of another
 * page of its login, which does the same.
 */
const REPLACED_WAIT = 20 * MINUTE;
/** A page's own data may be so much older than the page: the first sync covers that. */
const EARLIER = 2 * MINUTE;
/** A socket on which so many syncs in a row were not answered has to prove itself. */
const DOUBTED_AFTER = 3;
/** How often a page looks at the clock, and a tab that somebody looks at makes sure of the tab that holds the socket. */
const PULSE = MINUTE / 2;
/** Another tab answers within milliseconds, unless the browser has frozen it. */
const NEARBY = 3 * SECOND;
const PING = { action: "ping" };
/** A browser does not tell a page which of these it was. */
const UNANSWERED =
  "No socket opened: the server refused it or was not reached, or the browser blocked it (CSP connect-src, certificate, mixed content, wrong host).";
/** What other tabs are told of an error that may have a secret in its text, by its code. */
const SHARED = new Map([
  ["connect", UNANSWERED],
  ["credentials", "credentials() failed in the tab that holds the socket."],
]);
/** A login has no more, and a socket that asks for more is refused. */
const MOST_TOPICS = 16;

/** To be thrown by `credentials()`: nobody is logged in, so there is no sense in asking again until `retry()` is called. */
export class LoggedOut extends Error {
  name = "LoggedOut";
}

/**
 * Opens a socket and keeps it open until `close()` is called or the server says that it is over.
 * @template [Body=any]
 * @param {Options} options
 * @returns {Chatter<Body>}
 * @throws {TypeError} if an option is not what it has to be, is missing, or is none; it says which
 * @throws {SyntaxError} if `url` is a URL, but not of a WebSocket
 */
export function connect(options) {
  return /** @type {Chatter} */ (new Connection(options));
}

class Connection extends EventTarget {
  /** @type {Checked} */ #options;
  /** @type {StateChange} */ #status = { state: "connecting" };
  /** @type {Line | Tabs} */ #line;
  /** The socket on which this page has asked. @type {number | undefined} */ #socket;
  #timers = new Timers();
  /** Ends the watch over the browser's events. */
  #watch = new AbortController();
  #asleep = false;

  /** What is older is not news to this page. @type {Moment} */ #since;
  /** @type {Seen} */ #seen;
  /** Whether a sync was ever answered in full. */
  #begun = false;
  /** Names a sync, and never repeats, not even in another tab on the same socket: only the reply to the newest counts. */
  #n = unique() * 2 ** 20;
  #unanswered = 0;
  /** The sync under way, over all its pages. @type {Round | null} */ #round = null;

  /** @param {Options} options */
  constructor(options) {
    super();
    const { share, since, ...rest } = check(options);
    if (!/^wss?:$/.test(new URL(rest.url).protocol)) throw new SyntaxError("url: must begin with wss: or ws:");
    this.#since = newsBegin(since);
    // The server takes an empty list for all topics, too.
    const topics = rest.topics?.length ? [...rest.topics] : undefined;
    // Copies: what the page changes later changes nothing here, and a Proxy could not be posted to other tabs.
    this.#options = { ...rest, url: String(rest.url), topics, parameters: { ...rest.parameters } };
    this.#seen = new Seen(topics);
    /** @type {Hear} */
    const hear = (word) => this.#hear(word);
    this.#line = new (share !== false && canShare() ? Tabs : Line)(this.#options, hear);
    this.#follow();
    this.#line.start();
  }

  get state() {
    return this.#status.state;
  }

  /** Whether it is this tab that holds the socket, and not another tab of this browser on behalf of both. */
  get holdsSocket() {
    return this.#line.holds;
  }

  /** Tries at once, with short waits and fresh credentials from then on, unless a socket is open or being opened. */
  retry() {
    if (!isIdle(this.#status)) return;
    this.#wake();
    this.#line.retry();
  }

  /** Closes it for good. Other tabs go on. */
  close() {
    this.#finish("closed by the page");
  }

  /**
   * The updates from now on, as `stats-updated` gives them. An async generator would keep `return()` waiting while a
   * `next()` waits for an update.
   * @returns {Updates}
   */
  [Symbol.asyncIterator]() {
    const end = new AbortController();
    const { signal } = end;
    /** @type {Update[]} */
    const updates = [];
    /** @type {((result: any) => void)[]} */
    const waiting = [];
    const serve = () => {
      while (waiting[0] && (updates[0] || signal.aborted || this.state === "closed")) {
        waiting.shift()?.({ done: !updates[0], value: updates.shift() });
      }
    };
    const stop = () => {
      end.abort();
      updates.length = 0;
      serve();
    };
    /** @type {(event: any) => void} */
    const note = ({ detail }) => {
      updates.push(detail);
      serve();
    };
    this.addEventListener("stats-updated", note, { signal });
    this.addEventListener("state", serve, { signal });
    return {
      next() {
        return new Promise((resolve) => {
          waiting.push(resolve);
          serve();
        });
      },
      async return() {
        stop();
        return { done: true, value: undefined };
      },
      async throw(error) {
        stop();
        throw error;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  // What the browser says of the page. Outside of a browser there is nobody to say it.

  #follow() {
    const { signal } = this.#watch;
    /** @type {(target: EventTarget | undefined, type: string, listener: (event: any) => void) => void} */
    const on = (target, type, listener) => target?.addEventListener?.(type, listener, { signal });
    const { document } = globalThis;
    on(globalThis, "online", () => this.#prod(false));
    on(globalThis, "offline", () => this.#asleep || this.#line.offline());
    on(document, "visibilitychange", () => isShown() && this.#prod(true));
    // A page that is put aside must not hold what others need, and could not hear of anything.
    on(globalThis, "pagehide", () => this.#sleep());
    on(document, "freeze", () => this.#sleep());
    on(globalThis, "pageshow", () => this.#wake());
    on(document, "resume", () => this.#wake());
  }

  /** @param {boolean} shown */
  #prod(shown) {
    if (this.#status.reason !== "logged-out") this.#line.prod(shown);
  }

  #sleep() {
    // Waking brings back neither what was replaced nor what was logged out.
    if (isResting(this.#status)) return;
    this.#asleep = true;
    this.#line.stop();
    this.#become({ state: "waiting", reason: "hidden" });
  }

  #wake() {
    if (this.#asleep) this.#line.start();
    this.#asleep = false;
  }

  /** @param {Reason | undefined} reason */
  #finish(reason) {
    this.#watch.abort();
    this.#line.stop();
    this.#become({ state: "closed", reason });
  }

  // What the server says.

  /** @param {Word} word */
  #hear({ status, message, socket }) {
    if (status) return this.#heed(status);
    // What `prev` says holds for the topics of one socket, and another one may lack some of this page's.
    if (socket !== this.#socket) return;
    // The answer to another tab, or to an earlier question.
    if (message.type === "sync" && !(this.#round && message.n === this.#n)) return;
    if (!isSound(message)) {
      // A question that was answered so is asked again in its time.
      this.#emit("error", { code: "bad-message", message: "The server sent a message of the wrong shape." });
      return;
    }
    switch (message.type) {
      case "stats-updated":
        return this.#pushed(message);
      case "sync":
        return this.#round ? this.#answered(message, this.#round) : undefined;
      case "error":
        return this.#failed(message);
      case undefined: // API Gateway's own error frames have no type.
        return this.#failed({ code: "gateway", message: inWords(message.message ?? JSON.stringify(message)) });
    }
  }

  /** @param {Status} status */
  #heed({ socket, topics, ...change }) {
    if (change.state === "closed") return this.#finish(change.reason);
    this.#become(change);
    if (change.state === "open" && socket !== this.#socket) {
      this.#socket = socket;
      this.#sync();
    }
  }

  /** @param {Push} push */
  #pushed(push) {
    for (const entry of this.#seen.push(push)) this.#deliver(entry, false);
    // A round that is under way ends with a look at what came meanwhile.
    const fill = () => this.#seen.lacks(push) && !this.#round && this.#sync();
    // What belongs to no log that is known has overtaken nothing.
    if (push.prev < Infinity) setTimeout(fill, GAP);
    else fill();
  }

  /**
   * @param {Reply} reply
   * @param {Round} round
   */
  #answered(reply, round) {
    // Both times are by the server's clock, and their distance is compared with a time that has passed here. Servers of
    // version 0.1 do not say theirs.
    const now = reply.now ? Date.parse(reply.now) : Date.now();
    for (const entry of this.#seen.answer(reply)) {
      const age = now - Date.parse(entry.recorded ?? entry.at);
      if (!(round.initial && age > this.#since.age)) this.#deliver(entry, round.initial);
    }
    round.reset ||= reply.reset;
    round.missed = round.missed === null || reply.missed === null ? null : round.missed + reply.missed;
    this.#unanswered = 0;
    if (reply.more || this.#seen.lacks()) return this.#sync();
    this.#round = null;
    this.#begun = true;
    this.#timers.start("sync", SYNC_EVERY, () => this.#sync());
    return this.#emit("synced", { missed: round.missed, reset: round.reset });
  }

  /** @param {Failure} failure */
  #failed({ code, message }) {
    this.#emit("error", { code, message });
    if (this.#round && this.state === "open") this.#timers.start("sync", jitter(this.#unanswered), () => this.#sync());
  }

  // What the page says.

  /** Asks for what the page has not seen, again and ever more slowly until the answer comes. */
  #sync() {
    this.#round ??= { initial: !this.#begun, missed: 0, reset: false };
    this.#seen.ask();
    this.#line.send({ action: "sync", login: this.#options.login, cursor: this.#seen.cursor, n: ++this.#n });
    const patience = Math.min(PATIENCE * 2 ** this.#unanswered++, LONGEST_WAIT);
    this.#timers.start("sync", patience, () => {
      if (this.#unanswered >= DOUBTED_AFTER) this.#line.send(PING);
      this.#sync();
    });
  }

  // What the page hears.

  /**
   * @param {Entry} entry
   * @param {boolean} initial
   */
  #deliver({ topic, topics, version, id, at, body }, initial) {
    this.#emit("stats-updated", { topic, topics, version, id, at, body, initial });
  }

  /** @param {StateChange} change */
  #become(change) {
    const { state, reason, retryIn } = this.#status;
    if (state === "closed" || (change.state === state && change.reason === reason && change.retryIn === retryIn)) return;
    if (change.state !== "open") {
      // There is nobody to ask, and the next socket is asked when it opens.
      this.#socket = undefined;
      this.#seen.ask();
      this.#timers.stop();
    }
    // Of the tabs that share a line it may be any that is shown.
    if (change.reason === "replaced" && change.retryIn) {
      this.#timers.start("again", change.retryIn, () => this.#prod(isShown()));
    }
    this.#status = change;
    this.#emit("state", change);
  }

  /**
   * Listeners run once the work at hand is done, so that one may call `close()`; after it, nothing else is heard.
   * @param {keyof Events} type
   * @param {object} detail
   */
  #emit(type, detail) {
    queueMicrotask(() => {
      if (this.state !== "closed" || type === "state") this.dispatchEvent(new CustomEvent(type, { detail }));
    });
  }
}

/** What the page has seen. It lives as long as what the page shows: across sockets, not across reloads. */
class Seen {
  /** Of every update up to this one, each topic was shown, or something newer of it. @type {Cursor | null} */
  cursor = null;
  /** What the page listens to, if not to all. @type {readonly string[] | undefined} */ #topics;
  /** The newest version shown, by topic. @type {Map<string, number>} */
  #shown = new Map();
  /** What was pushed since the last sync was sent, and the cursor has not reached. @type {Push[]} */ #above = [];

  /** @param {readonly string[] | undefined} topics */
  constructor(topics) {
    this.#topics = topics;
  }

  /** A sync is about to be sent: its reply will cover every push heard before. */
  ask() {
    this.#above = [];
  }

  /**
   * Whether this push, or any, is above updates that were not heard of: pushes that it has overtaken, or that only a
   * sync can bring.
   * @param {Push} [push]
   */
  lacks(push = this.#above[0]) {
    return this.#above.includes(/** @type {Push} */ (push));
  }

  /**
   * Takes an update that was pushed, and returns it if it is news.
   * @param {Push} push
   */
  push(push) {
    // Which log is the one is for a sync's reply to say: this may be the late push of an old one.
    const known = this.cursor?.epoch === push.epoch;
    // It is not shown, so the cursor never moves over it.
    if (!known) push.prev = Infinity;
    this.#above.push(push);
    if (!this.cursor || !known) return [];
    this.#reach(this.cursor);
    return this.#show(push);
  }

  /**
   * Takes the reply to a sync, and returns what is news in it, oldest first.
   * @param {Reply} reply
   */
  answer({ cursor, reset, updates }) {
    if (!cursor) return [];
    if (reset) {
      this.cursor = null;
      this.#shown.clear();
    }
    this.#reach(cursor);
    return updates.flatMap((update) => this.#show(update));
  }

  /**
   * An update is news of those of its topics of which nothing newer was shown; from now on it counts as shown.
   * @param {Entry} update
   * @returns {Entry[]} one, or none
   */
  #show(update) {
    const { topic, version } = update;
    const topics = (update.topics ?? [topic]).filter(
      (name) => covers(this.#topics, [name]) && version > (this.#shown.get(name) ?? 0),
    );
    for (const name of topics) this.#shown.set(name, version);
    return topics.length ? [{ ...update, topic: String(topics[0]), topics }] : [];
  }

  /**
   * Moves the cursor on, never back, and further over whatever was pushed next.
   * @param {Cursor} cursor
   */
  #reach({ epoch, version }) {
    version = Math.max(version, this.cursor?.version ?? 0);
    this.cursor = { epoch, version };
    this.#above = this.#above.filter((push) => push.epoch !== epoch || push.version > version);
    const next = this.#above.find((push) => push.epoch === epoch && push.prev <= version);
    if (next) this.#reach(next);
  }
}

/** One socket, and the next one when it is lost. It knows nothing of updates. */
class Line {
  /** @type {Checked} */ #options;
  /** @type {Hear} */ #hear;
  /** What to wait for before a socket may be opened. @type {((chatterId: string | undefined) => Promise<void>) | undefined} */
  #gate;
  /** @type {string | undefined} */ #chatterId;
  /** What the next socket is to listen to, if not to all. @type {readonly string[] | undefined} */ #topics;

  /** @type {Status} */ status = { state: "connecting" };
  /** The only socket that is listened to. @type {WebSocket | null} */ #socket = null;
  /** The socket that is being opened, while the one above, if there is one, goes on. @type {WebSocket | null} */ #next = null;
  /** Names an attempt: what an earlier one was waiting for no longer matters. */
  #attempt = 0;
  #losses = 0;
  #unopened = 0;
  /** When something was last heard on a socket, be it another tab's. @type {Moment | undefined} */ heard;
  /** Whether a heartbeat waits for its answer. */
  #beating = false;
  #timers = new Timers();

  /**
   * @param {Checked} options
   * @param {Hear} hear
   * @param {(chatterId: string | undefined) => Promise<void>} [gate]
   */
  constructor(options, hear, gate) {
    this.#options = options;
    this.#topics = options.topics;
    this.#hear = hear;
    this.#gate = gate;
  }

  get holds() {
    return true;
  }

  start() {
    this.#open();
  }

  stop() {
    this.#attempt += 1;
    this.#timers.stop();
    for (const socket of [this.#socket, this.#next]) socket?.close();
    this.#socket = this.#next = null;
    this.status = { state: "connecting" };
  }

  /**
   * A ping keeps the socket from being idle, and has it prove itself: a link that died without a word does not answer.
   * @param {Say} message
   */
  send(message) {
    if (message.action === PING.action) {
      if (this.#beating || !this.#socket) return;
      this.#beating = true;
      this.#timers.start("heart", PATIENCE, () => this.#lost());
    }
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  /**
   * Somebody looks, or the network is back: an open socket has to prove itself, and a closed one is not waited for.
   * @param {boolean} shown Whether it is the page that was shown, which alone brings back a socket that was replaced.
   */
  prod(shown) {
    if (this.#socket) this.send(PING);
    else if (isIdle(this.status) && (shown || this.status.reason !== "replaced")) {
      this.#timers.start("open", jitter(0), () => this.#open());
    }
  }

  /** Tries at once, unless a socket is open or being opened. */
  retry() {
    if (!isIdle(this.status)) return;
    this.rest({ state: "connecting" });
    this.#losses = this.#unopened = 0;
    this.#chatterId = undefined;
    this.#open();
  }

  /**
   * Has an open socket prove itself if it has been silent for long.
   * @param {boolean} shown Whether somebody looks.
   */
  look(shown) {
    const silence = shown ? HEARTBEAT : QUIET_HEARTBEAT - Math.random() * MINUTE;
    if (this.heard?.isDoubtful || Number(this.heard?.age) >= silence) this.send(PING);
  }

  /**
   * Listens to these topics too. A socket that does not goes on until its successor is open.
   * @param {readonly string[] | undefined} topics
   */
  widen(topics) {
    if (covers(this.#topics, topics)) return;
    this.#topics = topics && [...new Set([...(this.#topics ?? []), ...topics])];
    if (this.#socket && !this.#next) this.#open();
  }

  /** The browser says that it has no network. It may be wrong, so an open socket has to prove itself. */
  offline() {
    if (this.#socket) return this.send(PING);
    if (isResting(this.status) || isOnline()) return;
    this.stop();
    // Nothing was tried, so the waits do not grow.
    this.#wait("offline", this.#losses);
  }

  async #open() {
    const attempt = ++this.#attempt;
    const isOver = () => attempt !== this.#attempt;
    this.#timers.start("open", HANDSHAKE, () => this.#without("credentials(): no answer"));
    let chatterId;
    try {
      chatterId = await this.#credentials();
    } catch (error) {
      if (!isOver()) this.#without(error);
      return;
    }
    if (isOver()) return;
    this.#timers.stop("open");
    await this.#gate?.(chatterId);
    if (isOver()) return;
    if (!this.#socket) this.#say({ state: "connecting" });
    try {
      this.#next = this.#dial(chatterId);
      this.#timers.start("open", HANDSHAKE, () => this.#unanswered());
    } catch (error) {
      this.#unanswered(error);
    }
  }

  /**
   * There are no credentials.
   * @param {any} error
   */
  #without(error) {
    if (isLoggedOut(error)) {
      return this.rest({ state: "refused", reason: "logged-out" });
    }
    this.#complain("credentials", error);
    return this.#wait("credentials");
  }

  /**
   * @param {string} code
   * @param {any} error
   */
  #complain(code, error) {
    const message = inWords(error);
    this.#hear({ message: { type: "error", code, message }, socket: this.status.socket });
  }

  /** Those that failed are not tried again if there is a way to get others. */
  async #credentials() {
    const { credentials, chatterId } = this.#options;
    if (!credentials) return chatterId;
    if (!this.#chatterId) this.#chatterId = prove("credentials()", await credentials()).chatterId;
    return this.#chatterId;
  }

  /** @param {string | undefined} chatterId */
  #dial(chatterId) {
    const { url, login, query, parameters } = this.#options;
    const topics = this.#topics && this.#topics.length > MOST_TOPICS ? undefined : this.#topics;
    const names = { ...NAMES, ...given(parameters) };
    const address = new URL(url);
    address.hash = "";
    const put = (/** @type {string} */ name, /** @type {string} */ value) => address.searchParams.set(name, value);
    if (topics) put(names.topic, topics.join(","));
    const protocols = query ? [] : ["chatterbox.v1"];
    if (chatterId && query) {
      put(names.login, login);
      put(names.chatter, chatterId);
    } else if (chatterId) {
      // As a subprotocol the secret stays out of URLs, and so out of the logs of whatever stands between.
      protocols.push(`chatterbox.auth.${base64url(encode(`${login}\0${chatterId}`))}`);
    }
    /** @type {WebSocket} */
    const socket = new this.#options.WebSocket(address.href, protocols);
    socket.addEventListener("open", () => socket === this.#next && this.#opened(socket, topics));
    socket.addEventListener("message", ({ data }) => socket === this.#socket && this.#received(data));
    const end = () => {
      if (socket === this.#socket) this.#lost();
      else if (socket === this.#next) this.#unanswered();
    };
    // Whichever comes first: after some errors of a handshake no `close` follows.
    socket.addEventListener("error", end);
    socket.addEventListener("close", end);
    return socket;
  }

  /**
   * The successor of an open socket takes over at once: the sync that opening it causes brings what the old one may have
   * been about to say.
   * @param {WebSocket} socket
   * @param {readonly string[] | undefined} topics
   */
  #opened(socket, topics) {
    const old = this.#socket;
    this.#socket = socket;
    this.#next = null;
    old?.close();
    this.#unopened = 0;
    this.#timers.stop("open");
    this.#timers.start("stable", STABLE, () => (this.#losses = 0));
    this.#timers.start("change", CHANGE_OVER - Math.random() * 50 * MINUTE, () => this.#open());
    this.#alive();
    this.#pulse();
    this.#say({ state: "open", socket: unique(), topics });
    if (!covers(topics, this.#topics)) this.#open();
  }

  #pulse() {
    this.look(isShown());
    this.#timers.start("pulse", PULSE, () => this.#pulse());
  }

  #alive() {
    this.#beating = false;
    this.#timers.stop("heart");
    this.heard = new Moment();
  }

  /** @param {string} text */
  #received(text) {
    this.#alive();
    const message = read(text);
    if (message.type === "closing" && isSound(message)) return this.#closing(message);
    this.#hear({ message, socket: this.status.socket });
    if (message.type === "error" && message.code === "unknown-connection") this.#lost();
  }

  /** @param {{ reason: Reason, retry: boolean }} closing */
  #closing({ reason, retry }) {
    if (retry) this.#lost();
    else if (reason !== "replaced") this.rest({ state: "closed", reason });
    else this.rest({ state: "waiting", reason, retryIn: REPLACED_WAIT * (1 + Math.random()) });
  }

  #lost() {
    if (!this.#next) {
      this.stop();
      return this.#wait("lost");
    }
    this.#socket?.close();
    this.#socket = null;
    this.#timers.stop("stable", "change", "heart", "pulse");
    return this.#say({ state: "connecting" });
  }

  /**
   * The socket that was to be opened did not open. Offline that is no wonder, and nobody's refusal.
   * @param {any} [error]
   */
  #unanswered(error = UNANSWERED) {
    // First no longer the one that is listened to: there are classes whose `close` says `error` at once.
    const next = this.#next;
    this.#next = null;
    next?.close();
    // It may have expired, whatever the browser says of the network.
    this.#chatterId = undefined;
    if (isOnline()) {
      this.#unopened += 1;
      this.#complain("connect", error);
    }
    this.#wait("unreachable");
  }

  /**
   * @param {Reason} reason
   * @param {number} losses How many there were before.
   */
  #wait(reason, losses = this.#losses++) {
    this.#attempt += 1;
    if (!isOnline()) reason = "offline";
    const slow = this.#unopened >= REFUSED_AFTER;
    const trusted = this.heard && this.heard.age <= TRUSTED;
    const retryIn = jitter(losses, slow ? REFUSED_WAIT : LONGEST_WAIT);
    const isRefused = reason === "unreachable" && slow && !trusted;
    if (!this.#socket) this.#say({ state: isRefused ? "refused" : "waiting", reason, retryIn });
    this.#timers.start("open", retryIn, () => this.#open());
  }

  /** @param {Status} status */
  rest(status) {
    this.stop();
    this.#say(status);
  }

  /** @param {Status} status */
  #say(status) {
    this.status = status;
    this.#hear({ status });
  }
}

/**
 * The tabs of a browser that share a line. Whichever holds a lock opens it, repeats on a channel what it hears, and
 * passes on what the others ask. The browser gives the lock to the next tab when the holder is closed, or crashes; each
 * tab then asks with a cursor of its own, as after any other change of sockets, so nothing is lost.
 *
 * The socket listens to the topics of all tabs, and each tab passes over what it did not ask for. A tab whose topics the
 * socket lacks does not use it, or its cursor would move past updates that it was never told of: it asks the holder, who
 * changes over to a socket that has them.
 *
 * Every page of this origin could listen in on the channel; the secret is never on it, nor in its name.
 */
class Tabs {
  /** @type {Checked} */ #options;
  /** @type {Hear} */ #hear;
  #line;
  /** @type {Group | null} */ #group = null;
  #running = false;
  /** Whether sharing has failed, and this tab has a socket of its own. */
  #alone = false;
  /** How often its lock was taken away since it last had an open socket. */
  #robberies = 0;
  /** The socket that was last heard of and does not listen to all that this tab does. @type {number | undefined} */ #narrow;
  #timers = new Timers();

  /**
   * @param {Checked} options
   * @param {Hear} hear
   */
  constructor(options, hear) {
    this.#options = options;
    this.#hear = hear;
    /** @type {Hear} */
    const tell = (word) => {
      if (word.status?.state === "open") this.#robberies = 0;
      const fixed = SHARED.get(word.message?.code);
      if (this.holds) this.#group?.post(fixed ? { ...word, message: { ...word.message, message: fixed } } : word);
      hear(word);
      // Others may hold the socket then. This tab still listens, for a `retry()` in one of them.
      if (word.status?.reason !== "logged-out") return;
      this.#timers.stop();
      this.#group?.yield();
    };
    this.#line = new Line(options, tell, (chatterId) => this.#enter(chatterId));
  }

  get holds() {
    return this.#alone || !!this.#group?.holds;
  }

  start() {
    this.#running = true;
    this.#line.start();
  }

  stop() {
    this.#running = false;
    this.#line.stop();
    this.#leave();
  }

  /** @param {Say} say */
  send(say) {
    if (this.holds) this.#line.send(say);
    else this.#group?.post({ say });
  }

  /** @param {boolean} shown */
  prod(shown) {
    this.#line.prod(shown);
    this.#ask(shown);
  }

  offline() {
    if (this.holds) this.#line.offline();
  }

  retry() {
    this.#ask(true, true);
    this.#retry();
  }

  /** A tab that was logged out may have to share with others than before. */
  #retry() {
    if (this.#isLoggedOut) this.#leave();
    this.#line.retry();
  }

  get #isLoggedOut() {
    return this.#line.status.reason === "logged-out";
  }

  #leave() {
    this.#timers.stop();
    this.#group?.leave();
    this.#group = null;
  }

  /** Sharing has failed, whatever the browser has against it: this tab goes on with a socket of its own. */
  #part() {
    if (!this.#running) return;
    const { holds } = this;
    this.#leave();
    this.#alone = true;
    if (holds) return;
    this.#line.rest({ state: "connecting" });
    this.#line.start();
  }

  /**
   * Joins the tabs that are alike, and returns when it is this one's turn to open the socket.
   * @param {string | undefined} chatterId
   */
  async #enter(chatterId) {
    if (this.#alone) return;
    const { url, login } = this.#options;
    this.#timers.start("hash", PATIENCE, () => this.#part());
    try {
      const name = await hash(JSON.stringify([url, login, chatterId]));
      this.#timers.stop("hash");
      if (this.#alone) return;
      if (this.#running && this.#group?.name !== name) this.#join(name, false);
    } catch {
      this.#part();
    }
    await this.#group?.turn;
  }

  /**
   * @param {string} name
   * @param {boolean} steal
   */
  #join(name, steal) {
    this.#group?.leave();
    const part = () => this.#part();
    // A lock that is taken away before a socket is open, again and again, is of no use.
    const rejoin = () => (this.#robberies++ ? part() : this.#rejoin(false));
    try {
      this.#group = new Group(name, steal, (word) => this.#overhear(word), rejoin, part);
      this.#ask(true);
    } catch {
      this.#part();
    }
  }

  /** @param {boolean} steal */
  #rejoin(steal) {
    if (!this.#group) return;
    this.#line.stop();
    this.#hear({ status: this.#line.status });
    this.#join(this.#group.name, steal);
    this.#line.start();
  }

  /**
   * Asks the holder how the line is, and says what this tab listens to. If the holder does not answer somebody who is
   * looking, the browser has frozen it, and this tab takes its place.
   * @param {boolean} prod Whether the holder is to see to the line.
   * @param {boolean} retry Whether it is to try at once.
   */
  #ask(prod, retry = false) {
    if (this.holds || !this.#group) return;
    const shown = isShown();
    this.#group.post({ ask: prod && shown, retry, topics: this.#options.topics });
    if (!shown) return;
    // Who has taken the lock by force, and still does not have it, never will.
    const take = () => (this.#group?.steal ? this.#part() : this.#rejoin(true));
    this.#timers.start("answer", NEARBY, () => this.holds || take());
    this.#timers.start("pulse", PULSE, () => this.#ask(false));
  }

  /** @param {TabWord} word */
  #overhear({ say, ask, retry, topics, ...word }) {
    if (retry) this.#retry();
    if (this.#isLoggedOut) return;
    if (say) return this.holds && this.#line.send(say);
    if (ask !== undefined) return this.#asked(ask, topics);
    this.#timers.stop("answer");
    const { status } = word;
    // A holder listens to no other, which can only be one that it took over from; but the end is the end for all.
    if (status?.reason === "logged-out") return this.#line.rest(status);
    if (this.holds && status?.state !== "closed") return;
    if (status?.socket ?? word.socket) this.#line.heard = new Moment();
    if (status?.socket && !covers(status.topics, this.#options.topics)) {
      word.status = { state: "connecting" };
      // Once for each socket: its holder answers before the next one is open.
      if (this.#narrow !== status.socket) this.#group?.post({ ask: false, topics: this.#options.topics });
      this.#narrow = status.socket;
    }
    this.#hear(word);
  }

  /**
   * @param {boolean} prod
   * @param {readonly string[] | undefined} topics
   */
  #asked(prod, topics) {
    // Whoever holds the socket next ought to know as well.
    this.#line.widen(topics);
    if (!this.holds) return;
    if (prod) this.#line.prod(true);
    else this.#line.look(true);
    this.#group?.post({ status: this.#line.status });
  }
}

/** One tab's place among those that share. A tab that leaves and comes back has a new one. */
class Group {
  name;
  steal;
  /** Whether the socket is this tab's to open. */
  holds = false;
  /** Resolves when that is so. @type {Promise<void>} */ turn;
  #channel;
  #queue = new AbortController();
  #release = () => {};
  #broken;

  /**
   * @param {string} name
   * @param {boolean} steal
   * @param {Hear} overhear
   * @param {() => void} robbed
   * @param {() => void} broken The browser does not let them share.
   */
  constructor(name, steal, overhear, robbed, broken) {
    this.name = name;
    this.steal = steal;
    this.#broken = broken;
    const { signal } = this.#queue;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => overhear(data);
    this.turn = new Promise((take) => {
      const hold = () =>
        /** @type {Promise<void>} */ (
          new Promise((release) => {
            if (signal.aborted) return release();
            this.#release = release;
            this.holds = true;
            take();
          })
        );
      // Within a function of its own, since all of it may throw.
      const request = async () => navigator.locks.request(name, steal ? { steal } : { signal }, hold);
      request().catch(() => signal.aborted || (this.holds ? robbed() : broken()));
    });
  }

  /** @param {object} word */
  post(word) {
    try {
      this.#channel.postMessage(word);
    } catch {
      this.#broken();
    }
  }

  /** Gives up its place, and goes on listening. */
  yield() {
    this.holds = false;
    this.#queue.abort();
    this.#release();
  }

  leave() {
    this.yield();
    try {
      this.#channel.close();
    } catch {
      // It is not used any more.
    }
  }
}

/** Timers by name: one that is started anew forgets what it was to do before. */
class Timers {
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */ #running = new Map();

  /**
   * @param {string} name
   * @param {number} delay
   * @param {() => void} action
   */
  start(name, delay, action) {
    clearTimeout(this.#running.get(name));
    this.#running.set(name, setTimeout(action, delay));
  }

  /** @param {string[]} names All of them, if none is given. */
  stop(...names) {
    for (const name of names.length ? names : this.#running.keys()) clearTimeout(this.#running.get(name));
  }
}

/**
 * A moment, and how long ago it was: as long as the one of two clocks says by which more time has passed. `performance.now()`
 * may stand still while a laptop sleeps, and `Date.now()` may be set.
 */
class Moment {
  #wall;
  #steady;

  /**
   * Now, if nothing else is said.
   * @param {number} wall By `Date.now()`.
   * @param {number} steady By `performance.now()`.
   */
  constructor(wall = Date.now(), steady = performance.now() - Date.now() + wall) {
    this.#wall = wall;
    this.#steady = steady;
  }

  /** In milliseconds. */
  get age() {
    return Math.max(Date.now() - this.#wall, performance.now() - this.#steady);
  }

  /** Whether `Date.now()` was set back since, so that it may be older than it seems. */
  get isDoubtful() {
    return Date.now() < this.#wall;
  }
}

/**
 * From when on updates are news to this page.
 * @param {number | Date | undefined} since
 */
function newsBegin(since) {
  // A time ahead of this clock was taken from another one, or before this one was set back: how old it is is unknown.
  if (since !== undefined && Number(since) <= Date.now()) return new Moment(Number(since));
  return isFromCache() ? new Moment(-Infinity) : new Moment(performance.timeOrigin - EARLIER, -EARLIER);
}

/**
 * Whether the page's HTML is older than the page: it came from the HTTP cache, a service worker or a prefetch, or may have,
 * since the page was gone back to. https://www.w3.org/TR/navigation-timing-2/
 */
function isFromCache() {
  const [navigation] = /** @type {any[]} */ (performance.getEntriesByType?.("navigation") ?? []);
  return navigation?.type === "back_forward" || navigation?.transferSize === 0 || !!navigation?.deliveryType;
}

function canShare() {
  const { document, BroadcastChannel, crypto, navigator } = globalThis;
  try {
    return document && BroadcastChannel && crypto?.subtle && navigator?.locks;
  } catch {
    return false; // Where site data is blocked, some browsers throw when one only looks.
  }
}

/**
 * Whatever was thrown may be an object that throws when one looks at it.
 * @param {any} error
 */
function isLoggedOut(error) {
  try {
    return error instanceof LoggedOut || error?.name === "LoggedOut";
  } catch {
    return false;
  }
}

/**
 * Not every object can become a string.
 * @param {any} error
 */
function inWords(error) {
  try {
    return String(error?.message ?? error);
  } catch {
    return "what was thrown has no text";
  }
}

/** Browsers are sometimes wrong about this, both ways. */
function isOnline() {
  return globalThis.navigator?.onLine !== false;
}

/**
 * Whether there is no socket, and none is being opened.
 * @param {StateChange} status
 */
function isIdle({ state }) {
  return state === "waiting" || state === "refused";
}

/**
 * Whether it is only by being shown, or by `retry()`, that there will be a socket again.
 * @param {StateChange} status
 */
function isResting({ reason }) {
  return reason === "replaced" || reason === "logged-out";
}

/** Outside of a browser somebody always looks. */
function isShown() {
  return globalThis.document?.visibilityState !== "hidden";
}

/**
 * Whether who listens to these topics hears of all that others want. No list means all topics.
 * @param {readonly string[] | undefined} topics
 * @param {readonly string[] | undefined} wanted
 */
function covers(topics, wanted) {
  return !topics || !!wanted?.every((topic) => topics.includes(topic));
}

/** The URL's parameters, if the site has not named them otherwise. */
const NAMES = { login: "login", chatter: "chatter", topic: "topic" };

/**
 * What each option has to be. The same bounds are in the server's `Login` and `Topic`.
 * @type {Map<string, Rule>}
 */
const RULES = new Map(
  /** @type {[string, Rule][]} */ ([
    ["url", ["a URL", isUrl]],
    ["login", ["1 to 128 bytes of text without control characters", (value) => isText(value, 128)]],
    ["chatterId", ["text without control characters", isText]],
    ["credentials", ["a function", is("function")]],
    ["credentials()", ["{ chatterId }, text without control characters", (value) => isText(value?.chatterId)]],
    ["topics", ["a list, each 1 to 64 bytes of text without control characters and commas", isTopics]],
    ["since", ["a valid Date, or milliseconds since 1970: 0, or of 2001 or later, since what is between looks like seconds", isTime]],
    ["share", ["true or false", is("boolean")]],
    ["query", ["true or false", is("boolean")]],
    ["parameters", ["an object of text: login, chatter, topic, all different", isNames]],
    ["WebSocket", ["a class: there is none here", is("function")]],
  ]),
);

/**
 * The options that were given.
 * @param {Options} options
 * @returns {Checked}
 */
function check(options) {
  // What has to be there is wrong unless it is given.
  const all = { url: 0, login: 0, WebSocket: globalThis.WebSocket ?? 0, ...given(options) };
  for (const [name, value] of Object.entries(all)) prove(name, value);
  return all;
}

/**
 * Many say null for what is not there.
 * @param {object | undefined} fields
 * @returns {any}
 */
function given(fields) {
  return Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value != null));
}

/**
 * The error never has the value in it, which may be a secret.
 * @param {string} name
 * @param {any} value
 */
function prove(name, value) {
  const [rule, holds] = RULES.get(name) ?? ["left out: there is no such option"];
  if (!holds?.(value)) throw new TypeError(`${name}: must be ${rule}`);
  return value;
}

/** @param {any} value */
function isUrl(value) {
  try {
    return new URL(value);
  } catch {
    return false;
  }
}

/**
 * @param {any} value
 * @param {number} [most] Bytes.
 */
function isText(value, most = Infinity) {
  return typeof value === "string" && /^\P{Cc}+$/u.test(value) && encode(value).length <= most;
}

/** @param {any} value */
function isTime(value) {
  const time = value.getTime ? value.getTime() : value;
  return Number.isFinite(time) && (time <= 0 || time >= Date.UTC(2001));
}

/** @param {any} value */
function isTopics(value) {
  return Array.isArray(value) && value.every((topic) => isText(topic, 64) && !topic.includes(","));
}

/** @param {any} value */
function isNames(value) {
  const names = { ...NAMES, ...given(value) };
  const { size } = new Set(Object.values(names));
  return typeof value === "object" && size === 3 && Object.keys(names).length === 3 && Object.values(names).every((name) => isText(name));
}

/**
 * @param {string} type
 * @returns {(value: any) => boolean}
 */
function is(type) {
  return (value) => typeof value === type;
}

/** A number that no other tab of this browser has, as far as chance goes. */
function unique() {
  return Number(crypto.getRandomValues(new Uint32Array(1))[0]);
}

/**
 * Anybody with the rights may post to a socket, so what arrives may be anything.
 * @param {string} text
 */
function read(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return { type: "error", code: "bad-message", message: "The server sent what is not JSON." };
  }
}

/**
 * Whether a message has the shape that its type asks for. What has no type that is known is nobody's concern.
 * @param {any} message
 */
function isSound(message) {
  const { type, epoch, prev, missed, cursor, updates, now, reason, code } = message;
  const isInteger = Number.isSafeInteger;
  switch (type) {
    case "stats-updated":
      return typeof epoch === "string" && isInteger(prev) && isEntry(message);
    case "sync":
      return (
        (cursor == null || (typeof cursor.epoch === "string" && isInteger(cursor.version))) &&
        (missed === null || isInteger(missed)) &&
        isPlain(now) &&
        Array.isArray(updates) &&
        updates.every(isEntry)
      );
    case "closing":
      return typeof reason === "string";
    case "error":
      return typeof code === "string" && typeof message.message === "string";
  }
  return true;
}

/** @param {any} entry */
function isEntry(entry) {
  const topics = entry?.topics ?? [entry?.topic];
  return (
    Number.isSafeInteger(entry?.version) &&
    Array.isArray(topics) &&
    topics.every((topic) => typeof topic === "string") &&
    isPlain(entry.at) &&
    isPlain(entry.recorded)
  );
}

/**
 * Whether it can be read as a time, or at least tried. An object may not even become a string.
 * @param {unknown} value
 */
function isPlain(value) {
  return Object(value) !== value;
}

/**
 * A random wait in milliseconds, up to twice as long with each attempt: a crowd that lost its sockets together does not
 * come back together.
 * @param {number} attempt
 * @param {number} [longest]
 */
function jitter(attempt, longest = LONGEST_WAIT) {
  return Math.random() * Math.min(SECOND * 2 ** attempt, longest);
}

/** @param {string} text */
function encode(text) {
  return new TextEncoder().encode(text);
}

/**
 * The alphabet of base64 that a subprotocol's name may have.
 * @param {Uint8Array} bytes
 */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * A name that tells nothing of the secret in what it stands for.
 * @param {string} text
 */
async function hash(text) {
  return `chatterbox:${base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", encode(text))))}`;
}
