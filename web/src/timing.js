/**
 * Every time and count by which the client behaves, with its reason. Times are in milliseconds.
 *
 * Each line below is `export const NAME = number;` or `export const NAME = number * UNIT;` and nothing else: the cost
 * estimate in `infra/cost` and the page in `crates/page` read this file.
 *
 * @module
 */

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** A shown page pings a socket that has been silent for this long, unless its option `heartbeat` says otherwise. */
export const HEARTBEAT = 4 * MINUTE;

/** The least that the option may say. At most it may say `QUIET_HEARTBEAT`: later, API Gateway may have ended the socket. */
export const SHORTEST_HEARTBEAT = 1 * MINUTE;

/**
 * The same where no tab is shown. API Gateway, and CloudFront before it, end a socket on which nothing has moved for ten
 * minutes, and browsers run the timers of a hidden page up to a minute late.
 */
export const QUIET_HEARTBEAT = 8.5 * MINUTE;

/** A hidden page's heartbeat comes sooner by a random part of this: pages that received the same update do not ping together. */
export const QUIET_HEARTBEAT_SPREAD = 1 * MINUTE;

/** How often a page checks for how long its socket has been silent, and a shown tab that the tab with the socket answers. */
export const SILENCE_CHECK = 0.5 * MINUTE;

/** A reply to a sync or a heartbeat that takes longer counts as lost. */
export const ANSWER_TIMEOUT = 10 * SECOND;

/** After so many syncs in a row without a reply, the socket is pinged too. */
export const PING_AFTER_SYNCS = 3;

/** A handshake, or `credentials()`, that takes longer has failed. API Gateway itself gives up a handshake after 29 s. */
export const HANDSHAKE_TIMEOUT = 30 * SECOND;

/** A socket is replaced when it is this old, since API Gateway ends every socket after two hours. */
export const CHANGE_OVER = 110 * MINUTE;

/** A socket is replaced sooner by a random part of this: sockets that were opened together are not all replaced together. */
export const CHANGE_OVER_SPREAD = 50 * MINUTE;

/** How often an open page syncs. This bounds the wait for an update whose push failed and that no later update follows. */
export const SYNC_EVERY = 15 * MINUTE;

/** How long a page waits at a gap before it syncs. Pushes overtake one another, and most of what is missing comes within this time. */
export const GAP_WAIT = 1 * SECOND;

/** The ceiling of the random waits between attempts to open a socket, and of the wait for a sync's reply. */
export const LONGEST_WAIT = 5 * MINUTE;

/** A socket that was open for this long was a good one: after it the waits start short again. */
export const STABLE_AFTER = 1 * MINUTE;

/** After so many attempts in a row that did not open, the state is `refused`: a browser cannot see why a socket did not open. */
export const REFUSED_AFTER = 8;

/** A page that received something so recently is not `refused`: its chatter ID was good, so this is an outage. */
export const TRUSTED_FOR = 60 * MINUTE;

/** The ceiling of the waits from `REFUSED_AFTER` on: attempts that never succeed must leave room among the 500 a second of API Gateway. */
export const REFUSED_WAIT = 20 * MINUTE;

/** A page that was replaced tries again after this time, or up to twice as long. It then takes the place of another page. */
export const REPLACED_WAIT = 20 * MINUTE;

/** A page's own data may be older than the page by this much, so the first sync reaches further back by as much. */
export const PAGE_DATA_AGE = 2 * MINUTE;

/** A tab that has the socket answers the others within this time, unless the browser has frozen it. */
export const TAB_TIMEOUT = 3 * SECOND;
