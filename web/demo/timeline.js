/**
 * The timeline: what this page and the system did, newest first, with filters, a search and a pause. However fast rows
 * come, they are drawn ten times a second at most, and only the newest are kept.
 */

import { showDetail } from "./detail.js";
import { clock, element, field, make } from "./page.js";
import { fetchReasons } from "./reasons.js";

/** Who did it. @typedef {"page" | "gateway" | "functions" | "log"} Source */

/**
 * One line of the timeline.
 * @typedef {object} Row
 * @property {number} time Milliseconds since 1970.
 * @property {Source} source
 * @property {string} what
 * @property {string} [note] More about it, in a few words.
 * @property {string} [took] How long it took.
 * @property {string} [socket] The id of the socket that it happened to.
 * @property {"bad" | "good" | "busy"} [tone]
 * @property {[kind: string, name: string][]} [about] What the table of reasons has about it.
 * @property {{ name: string, value: unknown }[]} [parts] What was sent and answered.
 */

/** How many rows can be looked through. */
const KEPT = 1_000;
/** How many of them are shown. */
const SHOWN = 200;
/** The time between two drawings, in milliseconds. */
const PAUSE = 200;

/** @type {Record<Source, string>} */
const NAMES = { page: "This page", gateway: "Gateway", functions: "Functions", log: "Log" };

/** Oldest first. @type {Row[]} */
let rows = [];
/** How many there have been, and how many of them are not drawn yet. */
let total = 0;
let undrawn = 0;
/** How many the server's feed has left out. */
let missing = 0;
let isPaused = false;
/** @type {Set<string>} */
const hidden = new Set();
let words = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** The row of each line that is shown. @type {WeakMap<Element, Row>} */
const rowOf = new WeakMap();
let lines = 0;
/** The chosen line. @type {Element | null} */
let chosen = null;

export function startTimeline() {
  fetchReasons();
  for (const button of document.querySelectorAll("#sources button")) {
    button.addEventListener("click", () => toggle(/** @type {HTMLElement} */ (button)));
  }
  field("search").addEventListener("input", () => {
    words = field("search").value.trim().toLowerCase();
    redraw();
  });
  element("pause").addEventListener("click", () => {
    isPaused = !isPaused;
    element("pause").textContent = isPaused ? "Go on" : "Pause";
    draw();
  });
  element("clear").addEventListener("click", () => {
    rows = [];
    total = missing = 0;
    redraw();
  });
  const list = element("timeline");
  list.addEventListener("keydown", move);
  list.addEventListener("click", ({ target }) => {
    const line = /** @type {Element} */ (target).closest("[role=option]");
    if (line) choose(line);
  });
}

/** @param {Row} row */
export function addRow(row) {
  rows.push(row);
  if (rows.length > 2 * KEPT) rows.splice(0, rows.length - KEPT);
  total += 1;
  undrawn += 1;
  timer ??= setTimeout(draw, PAUSE);
}

/** @param {number} count How many entries of the server's feed did not come. */
export function addMissing(count) {
  missing += count;
  timer ??= setTimeout(draw, PAUSE);
}

function draw() {
  clearTimeout(timer);
  timer = undefined;
  if (!isPaused) {
    const fresh = rows.slice(rows.length - Math.min(undrawn, KEPT, rows.length)).filter(isWanted).slice(-SHOWN);
    undrawn = 0;
    // The page's own rows and the server's come by different ways.
    fresh.sort((one, other) => other.time - one.time);
    const list = element("timeline");
    list.prepend(...fresh.map(line));
    while (list.childElementCount > SHOWN) list.lastElementChild?.remove();
    if (chosen && !chosen.isConnected) forgetChosen();
  }
  element("counted").textContent = counted();
}

function redraw() {
  forgetChosen();
  element("timeline").replaceChildren();
  const paused = isPaused;
  isPaused = false;
  undrawn = rows.length;
  draw();
  isPaused = paused;
  element("counted").textContent = counted();
}

function counted() {
  const shown = element("timeline").childElementCount;
  const parts = [shown < total ? `${shown} of ${total} shown` : `${total} shown`];
  if (isPaused && undrawn) parts.push(`${undrawn} new`);
  if (missing) parts.push(`${missing} came too fast for this page`);
  return parts.join(", ");
}

/** @param {HTMLElement} button */
function toggle(button) {
  const source = button.dataset.source ?? "";
  const isOn = hidden.delete(source) || !hidden.add(source);
  button.ariaPressed = String(isOn);
  redraw();
}

/** @param {Row} row */
function isWanted(row) {
  if (hidden.has(row.source)) return false;
  if (!words) return true;
  return `${NAMES[row.source]} ${JSON.stringify(row)}`.toLowerCase().includes(words);
}

/** @param {Row} row */
function line(row) {
  const made = make(
    "li",
    "",
    make("time", "when", clock(row.time)),
    make("span", "from", NAMES[row.source]),
    make("span", "what", row.what),
    make("span", "note", row.note ?? "", ...(row.socket ? [" ", make("span", "socket", row.socket)] : [])),
    make("span", "took", row.took ?? ""),
  );
  made.role = "option";
  made.id = `line-${(lines += 1)}`;
  made.dataset.source = row.source;
  if (row.tone) made.dataset.tone = row.tone;
  rowOf.set(made, row);
  return made;
}

/** @param {Element} chosenLine */
function choose(chosenLine) {
  forgetChosen();
  const row = rowOf.get(chosenLine);
  if (!row) return;
  chosen = chosenLine;
  chosen.ariaSelected = "true";
  element("timeline").setAttribute("aria-activedescendant", chosen.id);
  chosen.scrollIntoView({ block: "nearest" });
  showDetail(row, NAMES[row.source]);
}

function forgetChosen() {
  chosen?.removeAttribute("aria-selected");
  element("timeline").removeAttribute("aria-activedescendant");
  chosen = null;
}

/** @param {KeyboardEvent} event */
function move(event) {
  const list = element("timeline");
  const next = {
    ArrowDown: chosen ? chosen.nextElementSibling : list.firstElementChild,
    ArrowUp: chosen?.previousElementSibling,
    Home: list.firstElementChild,
    End: list.lastElementChild,
  }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  if (next) choose(next);
}
