/** The experiments: the page does something to itself or to the system, and the timeline shows what follows. */

import { openSocket, switchOff } from "./network.js";
import { element, inWords, post } from "./page.js";
import { addPageRow } from "./page-log.js";
import { closeSecondClient, hasSecondClient, openSecondClient } from "./second-client.js";

/** @typedef {import("./demo.js").Session} Session */

/** API Gateway takes frames of at most 32 KB. */
const TOO_MUCH = 33 * 1024;

/** @type {() => Session | null} */
let session = () => null;
let isOffline = false;

/** What each button does. It returns what it did, as a sentence. @type {Record<string, (session: Session) => string | Promise<string>>} */
const EXPERIMENTS = {
  cut: async (session) => {
    const { sockets } = await ask("/demo/cut", session);
    return sockets ? "The socket was cut without a close frame. The page notices, connects again, and asks for what it missed." : "There is no socket to cut.";
  },
  offline: async (session) => {
    isOffline = !isOffline;
    element("offline").textContent = isOffline ? "Go online" : "Go offline";
    switchOff(isOffline);
    if (!isOffline) return "The network is back. What was missed is asked for.";
    await ask("/demo/cut", session);
    return "This page has no network. Notify something meanwhile, and go online again.";
  },
  expire: async (session) => {
    await ask("/demo/expire", session);
    return "The chatter ID has expired, and the socket was cut. The next handshake is refused; then the site gives a new one.";
  },
  revoke: async (session) => {
    await ask("/demo/logout", session);
    return "";
  },
  second: (session) => {
    if (hasSecondClient()) {
      closeSecondClient();
      return "The second client is closing its socket. This page keeps its own.";
    }
    openSecondClient(session, nameSecond);
    nameSecond();
    return "Another client opens a socket with the same chatter ID, and asks. Whatever it does, this page stays connected.";
  },
  junk: () => send("This is no JSON {", "It is answered with an error frame, and the socket stays."),
  large: () => send("x".repeat(TOO_MUCH), "API Gateway closes the socket with 1009. The page connects again."),
  "chaos-switch": async () => {
    const { on } = await state("GET");
    await state(on ? "DELETE" : "PUT");
    return on ? "Nothing breaks any more." : "Something breaks every few seconds from now on.";
  },
};

/** @param {() => Session | null} current */
export function startExperiments(current) {
  session = current;
  for (const [name, experiment] of Object.entries(EXPERIMENTS)) element(name).addEventListener("click", () => run(name, experiment));
}

/** @param {import("./feed.js").System} system */
export function showChaos({ hasChaos, chaos }) {
  element("chaos-hint").hidden = hasChaos;
  element("chaos-switch").hidden = !hasChaos;
  element("chaos-switch").textContent = chaos ? "Stop the chaos" : "Start chaos";
}

export function endExperiments() {
  closeSecondClient();
  if (isOffline) {
    isOffline = false;
    switchOff(false);
    element("offline").textContent = "Go offline";
  }
  element("experiment-told").textContent = "";
}

/**
 * @param {string} name
 * @param {(session: Session) => string | Promise<string>} experiment
 */
async function run(name, experiment) {
  const mine = session();
  if (!mine) return;
  addPageRow({ what: `experiment: ${element(name).textContent?.toLowerCase()}`, tone: "busy" });
  try {
    element("experiment-told").textContent = await experiment(mine);
  } catch (error) {
    element("experiment-told").textContent = `It did not work: ${inWords(error)}`;
  }
}

/**
 * @param {string} path
 * @param {Session} session
 */
async function ask(path, session) {
  const { response, answer } = await post(path, session);
  if (!response.ok) throw new Error(answer?.message ?? response.statusText);
  return answer;
}

/** @param {"GET" | "PUT" | "DELETE"} method */
async function state(method) {
  const response = await fetch("/demo/chaos", { method });
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}

/**
 * @param {string} text
 * @param {string} follows
 */
function send(text, follows) {
  const socket = openSocket();
  if (!socket) return "This tab has no open socket. If another one holds it, do it there.";
  socket.send(text);
  addPageRow({ what: "→ junk", note: `${text.length} characters`, parts: [{ name: "Frame sent", value: text.slice(0, 200) }] });
  return follows;
}

function nameSecond() {
  element("second").textContent = hasSecondClient() ? "Close the second client" : "Second client";
}
