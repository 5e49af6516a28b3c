/**
 * The types that a page uses. The build puts them into `dist/chatter.d.ts`.
 *
 * @module
 */

export {};

/**
 * What `connect` is told.
 * @typedef {object} Options
 * @property {string} url The WebSocket API, for example `wss://socks.example.com`.
 * @property {string} login The user's login name.
 * @property {string | undefined} [chatterId] The secret that the site gave this user at login. Without it, and without
 *   `credentials`, the site's own cookies open the socket.
 * @property {(() => Credentials | PromiseLike<Credentials>) | undefined} [credentials] Gets the chatter ID from the site, in
 *   place of `chatterId`. It is called before the first attempt, and again before each attempt that follows one that failed.
 *   It throws a `LoggedOut` if nobody is logged in.
 * @property {readonly string[] | undefined} [topics] Receive updates of these topics only; of all topics if absent or empty.
 * @property {number | Date | undefined} [since] The first sync brings only updates from this time on: a Date, or milliseconds
 *   since 1970, by this browser's own clock (`Date.now()`). The default is two minutes before this page was loaded: what is
 *   older is in the page's own data already. If the page came from the browser's cache, the default is everything.
 * @property {number | undefined} [heartbeat] After how much silence of its socket a page that is looked at asks whether it is
 *   still alive, in milliseconds: 60,000 to 510,000, by default 240,000 (four minutes). A dead link is noticed 40 seconds later
 *   at the latest. Less costs more: `make cost` prints how much. Among tabs that share a socket, that of the tab that has it counts.
 * @property {boolean | undefined} [share] Whether the tabs of this browser with the same URL, login and chatter ID share one
 *   socket. The default is true, where the browser can (Web Locks, BroadcastChannel, a secure context).
 * @property {boolean | undefined} [query] Puts the chatter ID into the URL, for proxies that do not pass subprotocols on. URLs
 *   are logged: prefer the default.
 * @property {ParameterNames | undefined} [parameters] The names of the URL's parameters, if the site has set others.
 * @property {boolean | ((line: string, details?: object) => void) | undefined} [debug] Says what happens, line by line: state
 *   changes, messages sent and received, sockets that close, waits. True writes to the console. The chatter ID is in no
 *   line; the updates are.
 * @property {(new (url: string, protocols: string[]) => any) | undefined} [WebSocket] The class to use where there is no global
 *   one, for example that of the package `ws`.
 */

/** @typedef {{ chatterId: string }} Credentials */
/** @typedef {{ login?: string | undefined, chatter?: string | undefined, topic?: string | undefined }} ParameterNames */

/**
 * One update of the user's stats. The type of its body is the page's claim: nothing checks it.
 * @template [Body=any]
 * @typedef {object} Update
 * @property {string} topic The first of `topics`.
 * @property {string[]} topics The update's topics, without those that this page did not ask for or has a newer update of.
 * @property {number} version One more with each of the login's updates.
 * @property {string} id The pipeline's name for it.
 * @property {string} at When it happened (ISO 8601), by the pipeline's clock.
 * @property {Body} body What the pipeline sent.
 * @property {boolean} initial Whether it came with the page's first sync, and so may be in the page's data already.
 */

/**
 * - `connecting`: a socket is being opened;
 * - `open`: updates arrive as they happen;
 * - `waiting`: there is no socket for now, and its `reason` says why;
 * - `refused`: there is none, and the user most likely has to log in again: `unreachable` or `logged-out`;
 * - `closed`: for good: `closed by the page` or `revoked`.
 * @typedef {StateChange["state"]} State
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
 * @typedef {NonNullable<StateChange["reason"]>} Reason
 */

/**
 * A state, told apart by `state`. `retryIn` is the time to the next attempt in milliseconds, wherever one is planned; it
 * comes earlier if the page is shown, or the browser comes online, again.
 * @typedef {{ state: "connecting" | "open", reason?: undefined, retryIn?: undefined }
 *   | { state: "waiting", reason: "lost" | "unreachable" | "offline" | "credentials" | "replaced", retryIn: number }
 *   | { state: "waiting", reason: "hidden", retryIn?: undefined }
 *   | { state: "refused", reason: "unreachable", retryIn: number }
 *   | { state: "refused", reason: "logged-out", retryIn?: undefined }
 *   | { state: "closed", reason: "revoked" | "closed by the page", retryIn?: undefined }} StateChange
 */

/**
 * The page has seen everything. `missed` is how many updates happened while it was away, or null if that is unknown;
 * `reset` is true if the server's log was replaced by a new one.
 * @typedef {{ missed: number | null, reset: boolean }} Synced
 */

/** What could not be done. Nothing is lost by it: the client tries again. @typedef {{ code: string, message: string }} Failure */

/**
 * The events of a `Chatter`, by name.
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
 *
 * - `state`: the state that the last `state` event told of;
 * - `holdsSocket`: whether this tab has the socket, and not another tab on behalf of both;
 * - `retry()`: tries at once, with short waits and fresh credentials from then on, unless a socket is open or being opened;
 * - `close()`: closes it for good. Other tabs go on.
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
