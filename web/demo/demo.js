/**
 * The demo page: a site's front page, its pipeline, and a window on the server, all in one.
 *
 * Each tab has its own session, so that two tabs may be two users. A tab that is opened from another one gets a copy of
 * its session, and so shares its chatter ID, as the tabs of a real site do.
 */

import { connect } from "./chatter.js";

/** @typedef {import("./chatter.js").Chatter} Chatter */
/** @typedef {import("./chatter.js").Update} Update */
/** @typedef {import("./chatter.js").StateChange} StateChange */
/** @typedef {{ login: string, chatterId: string, url: string }} Session */
/**
 * What the gateway or a function did, as the gateway tells it.
 * @typedef {{
 *   time: number, kind: string, connectionId?: string, route?: string, function?: string, status?: number,
 *   milliseconds?: number, bytes?: number, coldStart?: boolean, processId?: number, note?: string,
 * }} Activity
 */

const NOTIFY = "/2015-03-31/functions/notify/invocations";
const SESSION = "chatterbox-session";
const MOST_UPDATES = 100;
const MOST_ACTIVITY = 200;

/** @type {Chatter | null} */
let chatter = null;
/** @type {Session | null} */
let session = null;

start();

function start() {
  form("login-form").addEventListener("submit", (event) => submit(event, logIn));
  form("notify-form").addEventListener("submit", (event) => submit(event, notify));
  form("notify-form").addEventListener("input", showCurl);
  element("logout").addEventListener("click", logOut);
  element("copy").addEventListener("click", copyCurl);
  watchActivity();
  const stored = sessionStorage.getItem(SESSION);
  if (stored) enter(JSON.parse(stored));
}

// The site: it logs a user in, and gives the browser what opens a socket.

async function logIn() {
  const response = await post("/demo/login", { login: field("login").value });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  sessionStorage.setItem(SESSION, JSON.stringify(answer));
  enter(answer);
  field("message").select();
}

/** @param {Session} opened */
function enter(opened) {
  session = opened;
  element("who").textContent = session.login;
  for (const id of ["updates", "report", "caught-up", "login-error"]) element(id).replaceChildren();
  show({ welcome: false, room: true, session: true, nothing: true });
  showCurl();
  // A site shows its data by itself, and hears of what is newer. This page has none, and asks for what there is.
  const mine = connect({ ...session, since: 0 });
  const isCurrent = () => chatter === mine;
  mine.addEventListener("state", ({ detail }) => isCurrent() && followState(detail));
  mine.addEventListener("stats-updated", ({ detail }) => isCurrent() && showUpdate(detail));
  mine.addEventListener("synced", ({ detail }) => isCurrent() && showSynced(detail));
  chatter = mine;
  showState({ state: mine.state });
}

async function logOut() {
  if (!session) return;
  const { login, chatterId } = session;
  const ended = chatter;
  leave("Logged out");
  try {
    await post("/demo/logout", { login, chatterId });
  } catch {
    element("login-error").textContent = "The server was not reached, so the chatter ID is still good.";
  }
  // Not before: if this tab holds the socket, the others hear on it that their chatter ID is no longer good.
  ended?.close();
}

/** @param {string} why */
function leave(why) {
  chatter = session = null;
  sessionStorage.removeItem(SESSION);
  show({ welcome: true, room: false, session: false });
  showState({ state: "closed" }, why);
  field("login").focus();
}

// The connection's state.

/** @param {StateChange} change */
function followState(change) {
  if (change.state === "closed") leave(`Closed by the server: ${change.reason}`);
  else if (change.state !== "refused") showState(change);
  else {
    chatter?.close();
    leave("Refused: log in again");
  }
}

/**
 * @param {StateChange} change
 * @param {string} [words]
 */
function showState({ state, reason, retryIn = 0 }, words) {
  /** @type {Record<string, string>} */
  const waiting = {
    offline: "Offline, will connect with the network",
    replaced: "Replaced: this login has too many tabs. Come back to this one to connect it again",
    hidden: "Put aside by the browser",
  };
  const usual = {
    connecting: "Connecting…",
    open: "Connected",
    waiting: `Connection lost, next attempt in ${Math.ceil(retryIn / 1000)} s`,
    refused: "Refused",
    closed: "Logged out",
  };
  element("state").dataset.state = state;
  element("state").textContent = words ?? waiting[reason ?? ""] ?? usual[state];
  const socket = chatter?.holdsSocket ? "This tab holds the socket" : "Another tab holds the socket for this one";
  element("socket").textContent = state === "open" ? socket : "";
}

/** @param {import("./chatter.js").Synced} synced */
function showSynced({ missed, reset }) {
  const news = missed ? `Caught up after missing ${missed}` : "";
  element("caught-up").textContent = reset ? "The log has begun anew" : news;
}

/** @param {Update} update */
function showUpdate({ topics, version, at, body, initial }) {
  const item = document.createElement("li");
  const tags = make("span", "tags", ...topics.map((topic) => make("span", "tag", topic)));
  tags.append(make("span", "faint", `version ${version}`));
  if (initial) tags.append(make("span", "faint", "from before"));
  const time = make("time", "", clock(Date.parse(at)));
  time.setAttribute("datetime", at);
  item.append(tags, time, make("span", "body", words(body)));
  element("updates").prepend(item);
  keep("updates", MOST_UPDATES);
  show({ nothing: false });
}

/**
 * The body is the pipeline's own affair. Ours, and many, is a message.
 * @param {any} body
 */
function words(body) {
  const keys = Object.keys(body ?? {});
  return keys.length === 1 && typeof body.message === "string" ? body.message : JSON.stringify(body);
}

// The pipeline: it invokes notify as any job with an AWS client would.

function notification() {
  return { login: session?.login, topic: field("topic").value, body: { message: field("message").value } };
}

async function notify() {
  const report = element("report");
  report.className = "report";
  report.textContent = "";
  const start = performance.now();
  try {
    const response = await post(NOTIFY, notification());
    const answer = await response.json();
    const failed = !response.ok || response.headers.has("X-Amz-Function-Error");
    if (failed) throw new Error(answer.errorMessage ?? answer.message ?? answer.Message ?? response.statusText);
    report.textContent = `${inWords(answer)}, in ${Math.round(performance.now() - start)} ms`;
  } catch (error) {
    report.classList.add("failed");
    report.textContent = `notify failed: ${error instanceof Error ? error.message : error}`;
  }
}

/**
 * What notify reports: for each login the version or a word, and how many posts there were of each kind.
 * @param {{ logins: Record<string, number | string> } & Record<string, number>} report
 */
function inWords({ logins, ...posts }) {
  const outcomes = Object.values(logins).map((outcome) => (typeof outcome === "number" ? `version ${outcome}` : outcome));
  const counts = Object.entries(posts).filter(([, count]) => count > 0).map(([kind, count]) => `${count} ${kind}`);
  return [...outcomes, ...(counts.length ? counts : ["nobody is listening"])].join(", ");
}

function showCurl() {
  const quoted = JSON.stringify(notification()).replaceAll("'", "'\\''");
  element("curl").textContent = `curl -s ${location.origin}${NOTIFY} -d '${quoted}'`;
}

async function copyCurl() {
  const button = element("copy");
  try {
    await navigator.clipboard.writeText(element("curl").textContent ?? "");
    button.textContent = "Copied";
  } catch {
    // Without the right to write to the clipboard the line can still be selected.
    getSelection()?.selectAllChildren(element("curl"));
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

// The window on the server.

/** Only while somebody looks: a browser allows one server six connections, over all its tabs. */
function watchActivity() {
  const behind = /** @type {HTMLDetailsElement} */ (element("behind"));
  /** @type {EventSource | null} */
  let source = null;
  const follow = () => {
    const wanted = behind.open && !document.hidden;
    if (wanted && !source) {
      source = new EventSource("/demo/activity");
      source.addEventListener("message", ({ data }) => showActivity(JSON.parse(data)));
    } else if (!wanted) {
      source?.close();
      source = null;
    }
  };
  behind.addEventListener("toggle", follow);
  document.addEventListener("visibilitychange", follow);
  follow();
}

/** @param {Activity} activity */
function showActivity(activity) {
  const { time, kind, route, status, milliseconds, coldStart, connectionId, note } = activity;
  const row = document.createElement("tr");
  const took = make("td", "", milliseconds === undefined ? "" : `${milliseconds} ms`);
  if (coldStart) took.append(make("span", "cold", "cold start"));
  row.append(
    make("td", "", clock(time)),
    make("td", "", [kind.replaceAll("-", " "), route].filter(Boolean).join(" ")),
    make("td", "", activity.function ?? ""),
    make("td", "", [status, note].filter((part) => part !== undefined).join(" ")),
    took,
    make("td", "", connectionId ?? ""),
  );
  // A close code is no failure by itself; a status of HTTP from 400 on is.
  if (status !== undefined && status >= 400 && status < 600) row.className = "failed";
  element("activity").prepend(row);
  keep("activity", MOST_ACTIVITY);
}

// Small things.

/**
 * Does the work of a form, once at a time, and says what went wrong. The button is not disabled meanwhile: it would lose
 * the keyboard's focus.
 * @param {SubmitEvent} event
 * @param {() => Promise<void>} work
 */
async function submit(event, work) {
  event.preventDefault();
  const submitted = /** @type {HTMLFormElement} */ (event.target);
  if (submitted.ariaBusy === "true") return;
  submitted.ariaBusy = "true";
  element("login-error").textContent = "";
  try {
    await work();
  } catch (error) {
    element("login-error").textContent = error instanceof Error ? error.message : String(error);
  } finally {
    submitted.ariaBusy = "false";
  }
}

/**
 * @param {string} path
 * @param {object} body
 */
function post(path, body) {
  return fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** @param {Record<string, boolean>} visible By id. */
function show(visible) {
  for (const [id, is] of Object.entries(visible)) element(id).hidden = !is;
}

/**
 * Lets go of the oldest entries of a list whose newest is first.
 * @param {string} id
 * @param {number} most
 */
function keep(id, most) {
  while (element(id).childElementCount > most) element(id).lastElementChild?.remove();
}

/** @param {number} time Milliseconds since 1970. */
function clock(time) {
  return new Date(time).toLocaleTimeString(undefined, { timeStyle: "medium", hourCycle: "h23" });
}

/**
 * Everything is put in as text, whoever wrote it.
 * @param {string} tag
 * @param {string} className
 * @param {...(string | Node)} content
 */
function make(tag, className, ...content) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...content);
  return made;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

/** @param {string} id */
function field(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/** @param {string} id */
function form(id) {
  return /** @type {HTMLFormElement} */ (element(id));
}
