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
 * @module
 */

/**
 * @typedef {object} Options
 * @property {string} url The WebSocket API, for example `wss://socks.example.com`.
 * @property {string} login The user's login name.
 * @property {string} chatterId The secret that the site gave this user at login.
 * @property {string[]} [topics] Hear of these topics only; all of them if absent.
 * @property {number | Date} [since] The first sync tells only of updates from this time on (milliseconds since 1970).
 *   The default is two minutes before this page was loaded: what is older is in the page's own data already.
 */

/**
 * One thing that happened to the user's stats.
 * @typedef {object} Update
 * @property {string} topic What it is about.
 * @property {number} version One more with each of the login's updates.
 * @property {string} id The pipeline's name for it.
 * @property {string} at When it happened (ISO 8601).
 * @property {any} body What the pipeline sent.
 * @property {boolean} initial Whether it comes from the page's first sync, and so may be in the page's data already.
 */

/**
 * - `connecting`: a socket is being opened;
 * - `open`: updates arrive as they happen;
 * - `waiting`: the socket was lost, and the next attempt follows in `retryIn` milliseconds;
 * - `refused`: several sockets in a row did not open, so the credentials are wrong or expired: log in again;
 * - `closed`: by `close()`, or by the server for the `reason` it gave (`revoked`, `replaced`).
 * @typedef {"connecting" | "open" | "waiting" | "refused" | "closed"} State
 */

/** @typedef {{ state: State, reason?: string, retryIn?: number }} StateChange */
/** @typedef {{ missed: number | null, reset: boolean }} Synced How many updates happened while the page was away. */
/** @typedef {{ code: string, message: string }} Failure What the server could not do; nothing is lost by it. */

/**
 * @typedef {object} Events
 * @property {CustomEvent<Update>} stats-updated
 * @property {CustomEvent<StateChange>} state
 * @property {CustomEvent<Synced>} synced
 * @property {CustomEvent<Failure>} error
 */

/**
 * The typed form of what `connect` returns.
 * @typedef {{
 *   readonly state: State,
 *   close(): void,
 *   addEventListener<K extends keyof Events>(type: K, listener: (event: Events[K]) => void, options?: AddEventListenerOptions): void,
 * } & EventTarget} Chatter
 */

/** @typedef {{ epoch: string, version: number }} Cursor */
/** @typedef {Omit<Update, "initial">} Entry */
/** @typedef {Entry & Cursor & { prev: number }} Push */
/** @typedef {{ n: number, cursor: Cursor | null, missed: number | null, reset: boolean, more: boolean, updates: Entry[] }} Reply */

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** API Gateway, and CloudFront before it, end a socket on which nothing has moved for ten minutes. */
const HEARTBEAT = 4 * MINUTE;
/** How long an answer may take before the question, or the socket, counts as lost. */
const PATIENCE = 10 * SECOND;
/** Bounds the wait for an update whose push failed and that no later update follows. */
const SYNC_EVERY = 15 * MINUTE;
const LONGEST_WAIT = 5 * MINUTE;
/** A socket that lived this long was a good one: the next loss starts with short waits again. */
const STABLE = MINUTE;
/** A browser cannot see why a socket did not open, so several in a row are taken for a refusal. */
const REFUSED_AFTER = 8;

/**
 * Opens a socket and keeps it open until `close()` is called, the server says that it is over, or it is refused.
 * @param {Options} options
 * @returns {Chatter}
 * @throws {SyntaxError | TypeError} if `url` is not the URL of a WebSocket
 */
export function connect(options) {
  return /** @type {Chatter} */ (/** @type {EventTarget} */ (new Connection(options)));
}

class Connection extends EventTarget {
  /** @type {Options} */ #options;
  /** @type {State} */ #state = "connecting";
  /** The only socket that is listened to. @type {WebSocket | null} */ #socket = null;
  /** Every timer belongs to the socket, or to the wait for the next one, and ends with it. */
  #timers = /** @type {Map<string, ReturnType<typeof setTimeout>>} */ (new Map());
  #losses = 0;
  #unopened = 0;

  #seen = new Seen();
  /** Names a sync, and never repeats: only the reply to the newest one counts. */
  #n = 0;
  #unanswered = 0;
  /** The sync under way, over all its pages. @type {{ initial: boolean } & Synced | null} */ #round = null;

  /** @param {Options} options */
  constructor(options) {
    super();
    this.#options = { ...options, since: options.since ?? performance.timeOrigin - 2 * MINUTE };
    this.#open();
  }

  get state() {
    return this.#state;
  }

  /** Closes the socket for good. */
  close() {
    this.#finish("closed by the page");
  }

  // The socket's life.

  #open() {
    const { url, login, chatterId, topics } = this.#options;
    const address = new URL(url);
    if (topics) address.searchParams.set("topic", topics.join(","));
    // As a subprotocol the secret stays out of URLs, and so out of the logs of whatever stands between.
    const secret = `chatterbox.auth.${base64url(`${login}\0${chatterId}`)}`;
    const socket = (this.#socket = new WebSocket(address.href, ["chatterbox.v1", secret]));
    this.#become({ state: "connecting" });

    /** @type {<K extends keyof WebSocketEventMap>(type: K, listener: (event: WebSocketEventMap[K]) => void) => void} */
    const on = (type, listener) => socket.addEventListener(type, (event) => socket === this.#socket && listener(event));
    on("open", () => this.#opened());
    on("message", (event) => this.#received(event.data));
    on("close", () => this.#lost());
  }

  #opened() {
    this.#unopened = 0;
    this.#become({ state: "open" });
    this.#after(STABLE, "stable", () => (this.#losses = 0));
    this.#after(HEARTBEAT, "heart", () => this.#beat());
    this.#sync();
  }

  /** Keeps the socket from being idle. A link that died without a word is one that does not answer. */
  #beat() {
    this.#send({ action: "ping" });
    this.#after(PATIENCE, "heart", () => this.#lost());
  }

  #lost() {
    const opened = this.#state === "open";
    this.#drop();
    if (!opened && ++this.#unopened >= REFUSED_AFTER) return this.#become({ state: "refused" });
    const retryIn = jitter(this.#losses++);
    this.#become({ state: "waiting", retryIn });
    return this.#after(retryIn, "reconnect", () => this.#open());
  }

  /** @param {string} reason */
  #finish(reason) {
    this.#drop();
    this.#become({ state: "closed", reason });
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    socket?.close();
  }

  // What the server says.

  /** @param {string} text */
  #received(text) {
    this.#after(HEARTBEAT, "heart", () => this.#beat());
    const message = read(text);
    switch (message.type) {
      case "stats-updated":
        return this.#pushed(message);
      case "sync":
        return message.n === this.#n && this.#round ? this.#answered(message, this.#round) : undefined;
      case "closing":
        return message.retry ? this.#lost() : this.#finish(message.reason);
      case "error":
        return this.#failed(message);
      case undefined: // API Gateway's own error frames have no type.
        return this.#failed({ code: "gateway", message: String(message.message ?? text) });
    }
  }

  /** @param {Push} push */
  #pushed(push) {
    if (this.#seen.push(push)) this.#deliver(push, false);
    if (this.#seen.behind && !this.#round) this.#sync();
  }

  /**
   * @param {Reply} reply
   * @param {{ initial: boolean } & Synced} round
   */
  #answered(reply, round) {
    for (const entry of this.#seen.answer(reply)) {
      if (!round.initial || Date.parse(entry.at) >= Number(this.#options.since)) this.#deliver(entry, round.initial);
    }
    round.reset ||= reply.reset;
    round.missed = round.missed === null || reply.missed === null ? null : round.missed + reply.missed;
    this.#unanswered = 0;
    if (reply.more || this.#seen.behind) return this.#sync();
    this.#round = null;
    this.#after(SYNC_EVERY, "sync", () => this.#sync());
    return this.#emit("synced", { missed: round.missed, reset: round.reset });
  }

  /** @param {Failure} failure */
  #failed({ code, message }) {
    this.#emit("error", { code, message });
    if (code === "unknown-connection") return this.#lost();
    if (this.#round) this.#after(jitter(this.#unanswered), "sync", () => this.#sync());
  }

  // What the page says.

  /** Asks for what the page has not seen, again and ever more slowly until the answer comes. */
  #sync() {
    this.#round ??= { initial: !this.#seen.cursor, missed: 0, reset: false };
    this.#seen.ask();
    this.#send({ action: "sync", login: this.#options.login, cursor: this.#seen.cursor, n: ++this.#n });
    this.#after(Math.min(PATIENCE * 2 ** this.#unanswered++, LONGEST_WAIT), "sync", () => this.#sync());
  }

  /** @param {object} message */
  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  // What the page hears.

  /**
   * @param {Entry} entry
   * @param {boolean} initial
   */
  #deliver({ topic, version, id, at, body }, initial) {
    this.#emit("stats-updated", { topic, version, id, at, body, initial });
  }

  /** @param {StateChange} change */
  #become(change) {
    if (change.state === this.#state) return;
    this.#state = change.state;
    this.#emit("state", change);
  }

  /**
   * Listeners run once the work at hand is done, so that one may call `close()`; after it, nothing else is heard.
   * @param {keyof Events} type
   * @param {object} detail
   */
  #emit(type, detail) {
    queueMicrotask(() => {
      if (this.#state !== "closed" || type === "state") this.dispatchEvent(new CustomEvent(type, { detail }));
    });
  }

  /**
   * Starts the timer of that name anew.
   * @param {number} delay
   * @param {string} name
   * @param {() => void} action
   */
  #after(delay, name, action) {
    clearTimeout(this.#timers.get(name));
    const run = () => {
      this.#timers.delete(name);
      action();
    };
    this.#timers.set(name, setTimeout(run, delay));
  }
}

/** What the page has seen. It lives as long as what the page shows: across sockets, not across reloads. */
class Seen {
  /** Every update up to this one was shown, or a newer one of its topic. @type {Cursor | null} */
  cursor = null;
  /** The log whose versions are remembered below. @type {string | null} */
  #epoch = null;
  /** The newest version shown, by topic. @type {Map<string, number>} */
  #shown = new Map();
  /** The versions that were shown although something before them is still missing. @type {Set<number>} */
  #above = new Set();
  /** The newest version pushed since the last sync was sent, by epoch. @type {Map<string, number>} */
  #heard = new Map();

  /** A sync is about to be sent: its reply will cover every push heard before. */
  ask() {
    this.#heard.clear();
  }

  /** Whether there are updates that only a sync can bring. */
  get behind() {
    const { epoch, version } = this.cursor ?? { epoch: null, version: 0 };
    return [...this.#heard].some(([heardEpoch, heardVersion]) => heardEpoch !== epoch || heardVersion > version);
  }

  /**
   * Takes an update that was pushed, and says whether it is new.
   * @param {Push} push
   */
  push(push) {
    const { epoch, version, prev } = push;
    this.#heard.set(epoch, Math.max(version, this.#heard.get(epoch) ?? 0));
    this.#epoch ??= epoch;
    // That a log was replaced is for a sync's reply to say: this may be the late push of an old one.
    if (epoch !== this.#epoch) return false;
    const fresh = this.#show(push);
    // What was dropped for a newer version of its topic may be news of another topic, which a sync then names.
    if (this.cursor && prev <= this.cursor.version && this.#above.has(version)) this.#advance(version);
    return fresh;
  }

  /**
   * Takes the reply to a sync, and returns what is new in it, oldest first.
   * @param {Reply} reply
   */
  answer({ cursor, reset, updates }) {
    if (!cursor) return [];
    if (cursor.epoch !== this.#epoch || (reset && this.cursor)) {
      this.cursor = null;
      this.#shown.clear();
      this.#above.clear();
    }
    this.#epoch = cursor.epoch;
    const fresh = updates.filter((update) => this.#show(update));
    // Likewise: a push that overtook this reply made it drop one, so the next reply names that by what else it is about.
    const dropped = updates.find(({ version }) => version > (this.cursor?.version ?? 0) && !this.#above.has(version));
    this.#advance(dropped ? dropped.version - 1 : cursor.version);
    return fresh;
  }

  /**
   * Whether this update is to be shown; from now on it counts as shown. A version is one update, whatever its topics.
   * @param {Entry} update
   */
  #show({ topic, version }) {
    const newest = Math.max(this.cursor?.version ?? 0, this.#shown.get(topic) ?? 0);
    if (version <= newest || this.#above.has(version)) return false;
    this.#shown.set(topic, version);
    this.#above.add(version);
    return true;
  }

  /** @param {number} version */
  #advance(version) {
    this.cursor = { epoch: this.#epoch ?? "", version: Math.max(version, this.cursor?.version ?? 0) };
    for (const shown of this.#above) if (shown <= this.cursor.version) this.#above.delete(shown);
  }
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
 * A random wait in milliseconds, up to twice as long with each attempt: a crowd that lost its sockets together does not
 * come back together.
 * @param {number} attempt
 */
function jitter(attempt) {
  return Math.random() * Math.min(SECOND * 2 ** attempt, LONGEST_WAIT);
}

/**
 * The alphabet of base64 that a subprotocol's name may have.
 * @param {string} text
 */
function base64url(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
