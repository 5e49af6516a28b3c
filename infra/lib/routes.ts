/**
 * The API's routes, and how a message names its route.
 *
 * Every message's `action` gets a suffix, so that no message can name `$connect` or `$disconnect`. By AWS's usual expression,
 * `$request.body.action`, `{"action":"$connect"}` would run the function of handshakes, use up their throttle, and be answered
 * nothing. "WebSocket selection expressions" in the API Gateway Developer Guide has the language.
 */

/** The routes, by what comes on them. */
export const ROUTES = ["$connect", "$default", "ping", "$disconnect"] as const;
export type Route = (typeof ROUTES)[number];

const SUFFIX = "-message";

export const ROUTE_SELECTION = `\${request.body.action}${SUFFIX}`;

/** The key of a route. */
export function routeKey(route: Route): string {
  return route.startsWith("$") ? route : `${route}${SUFFIX}`;
}
