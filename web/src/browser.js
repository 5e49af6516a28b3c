/** What the browser says about the page. Outside a browser there is nothing to ask, and each function has a default. @module */

/** Whether the page is visible. Outside a browser it counts as visible. */
export function isShown() {
  return globalThis.document?.visibilityState !== "hidden";
}

/** Whether the browser believes that it has a network. It is sometimes wrong, both ways. */
export function isOnline() {
  return globalThis.navigator?.onLine !== false;
}

/**
 * Whether the page's HTML is older than the page: it came from the HTTP cache, a service worker or a prefetch, or may have,
 * since the user went back to it. https://www.w3.org/TR/navigation-timing-2/
 */
export function isFromCache() {
  const [navigation] = /** @type {any[]} */ (performance.getEntriesByType?.("navigation") ?? []);
  return navigation?.type === "back_forward" || navigation?.transferSize === 0 || !!navigation?.deliveryType;
}

/** Whether the browser has what tabs need to share a socket. */
export function canShare() {
  const { document, BroadcastChannel, crypto, navigator } = globalThis;
  try {
    return document && BroadcastChannel && crypto?.subtle && navigator?.locks;
  } catch {
    return false; // Where site data is blocked, reading these throws in some browsers.
  }
}

/** A number that no other tab of this browser has, but for a chance of one in four thousand million. */
export function unique() {
  return /** @type {number} */ (crypto.getRandomValues(new Uint32Array(1))[0]);
}
