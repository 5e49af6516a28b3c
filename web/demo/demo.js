/**
 * The demo page: a site's front page, its pipeline, and a window on the server, all in one.
 *
 * Each tab has its own session, so that two tabs may be two users. A tab that is opened from another one gets a copy of
 * its session, and so shares its chatter ID, as the tabs of a real site do.
 */

import { connect, LoggedOut } from "../src/index.js";
import { watchServer } from "./activity.js";
import { announce, showConnection } from "./connection.js";
import { showFault, startFaults } from "./faults.js";
import { endExperiments, showChaos, startExperiments } from "./experiments.js";
import { flowHappened, flowShows, resetFlow, startFlow } from "./flow.js";
import { logFailure, logShown, logSynced, pageLog } from "./page-log.js";
import { notification, notify, notifyTenTimes } from "./pipeline.js";
import { hideSecret, showSnippet, startSnippets } from "./snippets.js";
import { showTablesOf, startTables, tablesChanged } from "./tables.js";
import { startTimeline } from "./timeline.js";
import { Line } from "./network.js";
import { clock, element, field, form, inWords, keep, make, post, show } from "./page.js";

/** @typedef {import("../src/types.js").Chatter} Chatter */
/** @typedef {import("../src/types.js").Update} Update */
/** @typedef {import("../src/types.js").StateChange} StateChange */
/** @typedef {import("./feed.js").System} System */
/** @typedef {{ login: string, chatterId: string, url: string }} Session What the site gave at login. */

const SESSION = "chatterbox-session";
const MOST_UPDATES = 100;
/** Why a page may be without a socket although the server is there. */
const WORTH_A_TRY = ["lost", "unreachable", "credentials", "offline"];

/** @type {Chatter | null} */
let chatter = null;
/** @type {Session | null} */
let session = null;
/** The last state of the connection. @type {StateChange} */
let status = { state: "connecting" };
/** The identity of the server's tables, which changes when it starts with new ones. @type {string | undefined} */
let knownTables;

start();

function start() {
  form("login-form").addEventListener("submit", (event) => submit(event, logIn));
  form("notify-form").addEventListener("submit", (event) => submit(event, () => notify(session?.login ?? "")));
  form("notify-form").addEventListener("input", showSnippet);
  element("ten-times").addEventListener("click", () => once(form("notify-form"), () => notifyTenTimes(session?.login ?? "")));
  element("logout").addEventListener("click", logOut);
  element("retry").addEventListener("click", () => chatter?.retry());
  startSnippets(values);
  startTimeline();
  startTables();
  startFlow();
  startExperiments(() => session);
  startFaults();
  watchServer(serverConnected, (entry) => {
    tablesChanged();
    flowHappened(entry);
  });
  const kept = restore();
  if (kept) enter(kept);
  element("log-in").textContent = "Log in";
  /** @type {HTMLFieldSetElement} */ (element("login-fields")).disabled = false;
}

// The site: it logs a user in, and gives the browser what opens a socket.

async function logIn() {
  const { response, answer } = await post("/demo/login", { login: field("login").value });
  if (!response.ok) throw new Error(answer?.message ?? response.statusText);
  enter(answer);
  field("message").select();
}

/** @param {Session} opened */
function enter(opened) {
  keepSession(opened);
  element("who").textContent = opened.login;
  for (const id of ["updates", "report", "caught-up", "login-error"]) element(id).replaceChildren();
  show({ welcome: false, room: true, session: true, nothing: true, code: true });
  showSnippet();
  showTablesOf(opened.login);
  resetFlow();
  open(opened);
}

/**
 * Opens a socket with what the site gave, in place of the one that there may be.
 * @param {Session} opened
 */
function open(opened) {
  const { url, login } = opened;
  let isFirst = true;
  const credentials = async () => {
    // After an attempt that failed the site is asked whether this login is still good.
    const current = isFirst ? opened : await renew(session ?? opened);
    isFirst = false;
    return current;
  };
  const old = chatter;
  // A site shows its own data, and needs only newer updates. This page has no data, so it asks for all updates.
  // The client begins so, and tells only what changes.
  const log = pageLog(secret);
  log("state connecting", { state: "connecting" });
  const mine = connect({ url, login, credentials, since: 0, debug: log, WebSocket: Line });
  const isCurrent = () => chatter === mine;
  mine.addEventListener("state", ({ detail }) => isCurrent() && followState(detail));
  mine.addEventListener("stats-updated", ({ detail }) => isCurrent() && showUpdate(detail));
  mine.addEventListener("synced", ({ detail }) => isCurrent() && showSynced(detail));
  mine.addEventListener("error", ({ detail }) => isCurrent() && showFailure(detail));
  chatter = mine;
  old?.close();
  followState({ state: "connecting" });
}

/**
 * @param {Session} old
 * @returns {Promise<Session>} the same, or another one if its chatter ID has expired or is gone
 * @throws {LoggedOut} if it has been logged out
 */
async function renew(old) {
  const { response, answer } = await post("/demo/renew", old);
  if (response.status === 401) throw new LoggedOut(answer?.message);
  if (!response.ok) throw new Error(answer?.message ?? response.statusText);
  if (session) keepSession(answer);
  return answer;
}

/**
 * The server is there, again or for the first time.
 * @param {System} system
 */
async function serverConnected(system) {
  showChaos(system);
  showFault(system);
  const { tables } = system;
  const isAnother = knownTables !== undefined && knownTables !== tables;
  knownTables = tables;
  const [mine, mySession] = [chatter, session];
  if (!mine || !mySession) return;
  if (!isAnother) {
    if (WORTH_A_TRY.includes(status.reason ?? "")) mine.retry();
    return;
  }
  // It was started anew with other tables, so the chatter ID is gone: no need to wait until a socket has been refused.
  const renewed = await renew(mySession).catch(() => null);
  // Without an answer the client goes on asking.
  if (renewed && chatter === mine) open(renewed);
}

async function logOut() {
  if (!session) return;
  const old = session;
  const ended = chatter;
  leave("");
  try {
    const { response, answer } = await post("/demo/logout", old);
    if (!response.ok) throw new Error(answer?.message ?? response.statusText);
  } catch (error) {
    element("login-error").textContent = `The chatter ID is still good: ${inWords(error)}`;
  }
  // Only now: if this tab holds the socket, the other tabs are told on it that their chatter ID was revoked.
  ended?.close();
}

/** @param {string} why */
function leave(why) {
  chatter = session = null;
  keepSession(null);
  show({ welcome: true, room: false, session: false, trouble: false, code: false });
  hideSecret();
  showTablesOf("");
  endExperiments();
  showConnection({ state: "closed", reason: "closed by the page" }, false);
  element("why").textContent = why;
  announce(`Logged out. ${why}`);
  field("login").focus();
}

/** @returns {Session | null} what this tab was logged in with before it was reloaded */
function restore() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(SESSION) ?? "null");
    return kept?.login && kept.chatterId && kept.url ? kept : null;
  } catch {
    // Storage is blocked, or holds something else.
    return null;
  }
}

/** @param {Session | null} opened */
function keepSession(opened) {
  session = opened;
  try {
    if (opened) sessionStorage.setItem(SESSION, JSON.stringify(opened));
    else sessionStorage.removeItem(SESSION);
  } catch {
    // Then a reload logs out.
  }
}

// The connection.

/** @param {StateChange} change */
function followState(change) {
  status = change;
  if (change.state === "closed") return end(`The server has closed this login's sockets: ${change.reason}.`);
  if (change.reason === "logged-out") return end("This login was logged out in another tab.");
  return showConnection(change, chatter?.holdsSocket ?? false);
}

/** @param {string} why */
function end(why) {
  const ended = chatter;
  leave(why);
  ended?.close();
}

/** What the timeline never shows. */
function secret() {
  return session?.chatterId ?? "";
}

/** @param {import("../src/types.js").Failure} failure The client tries again. */
function showFailure(failure) {
  logFailure(failure);
  const words = `${failure.code}: ${failure.message}`;
  show({ trouble: true });
  element("trouble-time").textContent = clock(Date.now());
  // The same text is not set again, or a screen reader would repeat it with each attempt.
  if (element("trouble-words").textContent !== words) element("trouble-words").textContent = words;
}

/** @param {import("../src/types.js").Synced} synced */
function showSynced(synced) {
  const { missed, reset } = synced;
  logSynced(synced);
  const news = missed ? `Caught up after missing ${missed}` : "";
  element("caught-up").textContent = reset ? "The log has begun anew" : news;
  show({ trouble: false });
}

/** @param {Update} update */
function showUpdate(update) {
  const { topics, version, at, body, initial } = update;
  logShown(update, secret());
  flowShows(update);
  const item = document.createElement("li");
  const tags = make("span", "tags", ...topics.map((topic) => make("span", "tag", topic)));
  tags.append(make("span", "faint", `version ${version}`));
  if (initial) tags.append(make("span", "faint", "from before"));
  const time = make("time", "", clock(Date.parse(at)));
  time.setAttribute("datetime", at);
  item.append(tags, time, make("span", "body", message(body)));
  element("updates").prepend(item);
  keep("updates", MOST_UPDATES);
  show({ nothing: false });
}

/**
 * The body is the pipeline's own affair. Ours, and many, is a message.
 * @param {any} body
 */
function message(body) {
  const keys = Object.keys(body ?? {});
  return keys.length === 1 && typeof body.message === "string" ? body.message : JSON.stringify(body);
}

/** What the form and the session are, for snippets. */
function values() {
  try {
    return session && { session, event: notification(session.login) };
  } catch {
    // The form says what is wrong with it when it is sent.
    return null;
  }
}

/**
 * Does the work of a form, and says what went wrong.
 * @param {SubmitEvent} event
 * @param {() => Promise<void>} work
 */
function submit(event, work) {
  event.preventDefault();
  return once(/** @type {HTMLFormElement} */ (event.target), work);
}

/**
 * One work of a form at a time. The button is not disabled meanwhile: it would lose the keyboard's focus.
 * @param {HTMLFormElement} submitted
 * @param {() => Promise<void>} work
 */
async function once(submitted, work) {
  if (submitted.ariaBusy === "true") return;
  submitted.ariaBusy = "true";
  element("login-error").textContent = "";
  try {
    await work();
  } catch (error) {
    element("login-error").textContent = inWords(error);
  } finally {
    submitted.ariaBusy = "false";
  }
}
