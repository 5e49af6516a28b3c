/**
 * Throttles: each of the API's routes has its own, so that a flood of one kind of request turns away no other kind. API
 * Gateway fills a token bucket for each: `rate` requests flow into it a second, and it holds `burst`.
 */

import { ROUTES, type Route } from "./routes";

/** The limit of one route. */
export interface Throttle {
  /** Requests a second, in the long run. */
  readonly rate: number;
  /** Requests at once. */
  readonly burst: number;
}

export type Throttles = Readonly<Record<Route, Throttle>>;

/**
 * The defaults: enough for 100,000 pages on line, and all together four fifths of what an account has in the smallest
 * regions (2,500 a second, 1,250 at once) and a fifth of it in the others. The rest is for posts to sockets, which draw on
 * the account's limit alone. At these rates the functions that serve sockets run about a dozen times at once.
 */
export const DEFAULT_THROTTLES: Throttles = {
  $connect: { rate: 250, burst: 250 },
  // After each handshake the page syncs, and every quarter of an hour.
  $default: { rate: 500, burst: 250 },
  // An update to everybody sets off the heartbeats of all pages that are looked at, as fast as it was posted.
  ping: { rate: 1_000, burst: 250 },
  // There are as many as handshakes. One that is turned away leaves a row, which the next post to it finds dead.
  $disconnect: { rate: 250, burst: 250 },
};

/** The throttles as given, with defaults for the routes that are left out. */
export function completeThrottles(given: Partial<Throttles> = {}): Throttles {
  return { ...DEFAULT_THROTTLES, ...given };
}

/** The handshakes in five minutes that somebody should look at: half of what the throttle lets in. */
export function floodHandshakes({ $connect }: Throttles): number {
  return Math.ceil((5 * 60 * $connect.rate) / 2);
}

/** One sentence for each route that is none, and for each limit that API Gateway would take for nothing at all. */
export function throttleProblems(given: object): string[] {
  return Object.entries(given).flatMap(([route, limit]) => {
    if (!(ROUTES as readonly string[]).includes(route)) {
      return [`throttle.${route} is no route: ${ROUTES.join(", ")} have a rate and a burst each.`];
    }
    const others = Object.keys(limit ?? {}).filter((part) => part !== "rate" && part !== "burst");
    if (others.length > 0) return others.map((part) => `throttle.${route}.${part} is not known: rate and burst are.`);
    return (["rate", "burst"] as const)
      .filter((part) => !(Number.isSafeInteger(limit?.[part]) && limit[part] > 0))
      .map((part) => `throttle.${route}.${part} must be a whole number above 0: at 0 API Gateway answers every request with 429.`);
  });
}
