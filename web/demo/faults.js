/** Faults of the system, one at a time: a button for each, and a banner while one is on. */

import { element, inWords, make, post, show } from "./page.js";
import { addPageRow } from "./page-log.js";

/** Each fault by its name: what its button says, and what happens while it is on. @type {Record<string, [button: string, words: string]>} */
const FAULTS = {
  "handshakes-throttled": ["Refuse sockets: 429", "every new socket is refused with 429, as by a throttle. The page waits longer each time."],
  "handshakes-failed": ["Refuse sockets: 500", "every new socket is refused with 500, as when DynamoDB does not answer."],
  "sockets-open-late": ["Open sockets late", "a new socket opens a second after $connect has returned. Posts before that are answered 410, and its row is kept."],
  "posts-gone": ["Answer posts: 410", "posts to open sockets are answered 410, as if they had ended. The page notices by its next sync."],
  "posts-throttled": ["Answer posts: 429", "posts are answered 429. notify tries each five times; the page learns of the update by its next sync."],
  "posts-lost": ["Lose posts", "posts are accepted and never arrive. The next update that does shows the page its gap."],
  "posts-late": ["Delay posts", "posts arrive a second late, behind those that are sent after them."],
  "functions-killed": ["Kill functions", "each function is killed while it works. Whoever waited for it tries again."],
};

/** What is on. @type {string | null} */
let current = null;

export function startFaults() {
  const buttons = Object.entries(FAULTS).map(([name, [text]]) => {
    const button = /** @type {HTMLButtonElement} */ (make("button", "quiet", text));
    button.type = "button";
    button.dataset.fault = name;
    button.ariaPressed = "false";
    button.addEventListener("click", () => toggle(name));
    return button;
  });
  element("faults").replaceChildren(...buttons);
  // On the banner, which whoever is logged out sees too.
  element("fault-off").addEventListener("click", () => current && toggle(current));
}

/** @param {import("./feed.js").System} system */
export function showFault({ chaos, fault }) {
  current = fault;
  // Chaos has faults of its own.
  show({ fault: fault !== null, "faults-of-system": !chaos });
  element("fault-words").textContent = fault ? (FAULTS[fault]?.[1] ?? fault) : "";
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("#faults button"))) {
    button.ariaPressed = String(button.dataset.fault === fault);
  }
}

/** @param {string} name */
async function toggle(name) {
  const isOn = current === name;
  const words = FAULTS[name]?.[0].toLowerCase();
  addPageRow({ what: isOn ? "fault: off" : "fault: on", note: words, tone: "busy" });
  try {
    const { response, answer } = await post("/demo/fault", { name: isOn ? null : name });
    if (!response.ok) throw new Error(answer?.message ?? response.statusText);
    element("experiment-told").textContent = isOn ? "The fault is off." : "";
  } catch (error) {
    element("experiment-told").textContent = `It did not work: ${inWords(error)}`;
  }
}
