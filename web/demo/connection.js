/** Shows the state of the connection, the reason, and the time to the next attempt. */

import { element, show } from "./page.js";

/** @typedef {import("../src/types.js").StateChange} StateChange */

/** The title of each state, and of each reason not to be connected. @type {Record<string, string>} */
const TITLES = {
  connecting: "Connecting…",
  open: "Connected",
  refused: "Refused",
  closed: "Logged out",
  lost: "Connection lost",
  unreachable: "Not connected",
  credentials: "Not connected",
  offline: "Offline",
  replaced: "Replaced",
  hidden: "Put aside",
};

/** The explanation of each reason. @type {Record<string, string>} */
const REASONS = {
  lost: "The socket was lost: the server has ended it, or the network has.",
  unreachable:
    "No socket could be opened: the server is down, is too busy, or does not take this chatter ID. A browser is not told which.",
  credentials: "The site did not say whether this login is still good.",
  offline: "This browser has no network. It connects as soon as there is one.",
  replaced: "This login has too many sockets, and this was the oldest. Come back to this page to connect it again.",
  hidden: "The browser has put this page aside. It connects when the page is shown again.",
};

/** When the next attempt is made, by the page's own clock. */
let attemptAt = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * @param {StateChange} change
 * @param {boolean} holdsSocket
 */
export function showConnection({ state, reason, retryIn }, holdsSocket) {
  const isTrying = state === "connecting" || state === "open";
  const title = state === "waiting" ? (TITLES[reason ?? "lost"] ?? "Not connected") : (TITLES[state] ?? state);
  const why = isTrying || state === "closed" ? "" : (REASONS[reason ?? "lost"] ?? `The reason given is: ${reason}.`);
  element("state").dataset.state = state;
  element("state").textContent = title;
  const socket = holdsSocket ? "This tab holds the socket" : "Another tab holds the socket for this one";
  element("socket").textContent = state === "open" ? socket : "";
  element("why").textContent = state === "refused" ? `${why} If it stays so, log out and in again.` : why;
  // A screen reader announces each change of state, but not every attempt and second.
  if (state !== "connecting") announce(why ? `${title}. ${why}` : title);
  showRetry(state !== "open" && state !== "closed", isTrying);
  countDown(isTrying || state === "closed" ? undefined : retryIn);
}

/** @param {string} words */
export function announce(words) {
  if (element("announcement").textContent !== words) element("announcement").textContent = words;
}

/**
 * The button stays while an attempt is made, or it would take the keyboard's focus away with it.
 * @param {boolean} isWanted
 * @param {boolean} isTrying
 */
function showRetry(isWanted, isTrying) {
  const button = element("retry");
  const wasShown = !button.hidden;
  if (isTrying && !wasShown) return;
  const hadFocus = document.activeElement === button;
  show({ retry: isWanted });
  if (hadFocus && !isWanted) element("state").focus();
}

/** @param {number | undefined} milliseconds */
function countDown(milliseconds) {
  clearTimeout(timer);
  attemptAt = performance.now() + (milliseconds ?? 0);
  show({ countdown: milliseconds !== undefined });
  if (milliseconds !== undefined) tick();
}

function tick() {
  const left = attemptAt - performance.now();
  const seconds = Math.max(0, Math.ceil(left / 1000));
  element("countdown").textContent = seconds ? `Next attempt in ${duration(seconds)}` : "Next attempt now";
  // Browsers cut a timer's fraction of a millisecond off, so it would run just before the second is over.
  if (seconds) timer = setTimeout(tick, Math.ceil(left - (seconds - 1) * 1000));
}

/** @param {number} seconds */
function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes ? `${minutes} min ${String(seconds % 60).padStart(2, "0")} s` : `${seconds} s`;
}
