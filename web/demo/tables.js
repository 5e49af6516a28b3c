/** What the tables hold of this login: chatter IDs, sockets, and the log of updates. */

import { clock, element, make } from "./page.js";

/**
 * @typedef {object} Contents
 * @property {{ hash: string, standing: string }[]} chatters
 * @property {{ connectionId: string, connectedAt: string, expiresAt: string, topics: string[] | null, hash: string, isOpen: boolean }[]} sockets
 * @property {{ epoch: string, version: number, topics: { topic: string, version: number, at: string, body: unknown }[] } | null} log
 */

/** They are read again at most so often, in milliseconds. */
const PAUSE = 500;

let login = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

export function startTables() {
  element("tables").addEventListener("toggle", () => tablesChanged());
}

/** @param {string} name Whose rows are shown; nobody's if empty. */
export function showTablesOf(name) {
  login = name;
  element("tables").hidden = !name;
  element("tables-login").textContent = name;
  element("tables-shown").replaceChildren();
  tablesChanged();
}

/** Something happened that may have changed them. */
export function tablesChanged() {
  timer ??= setTimeout(read, PAUSE);
}

async function read() {
  timer = undefined;
  const asked = login;
  if (!asked || !(/** @type {HTMLDetailsElement} */ (element("tables")).open)) return;
  const response = await fetch(`/demo/tables?login=${encodeURIComponent(asked)}`).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (asked !== login) return;
  const shown = response?.ok && answer ? contents(answer) : [make("p", "error", answer?.message ?? "The tables do not answer.")];
  element("tables-shown").replaceChildren(...shown);
}

/** @param {Contents} contents */
function contents({ chatters, sockets, log }) {
  return [
    table("chatters", ["hash", "standing"], chatters.map(({ hash, standing }) => [`${hash}…`, standing])),
    table(
      "connections",
      ["socket", "is", "since", "topics", "chatter ID"],
      sockets.map((socket) => [
        socket.connectionId,
        socket.isOpen ? "open" : "gone",
        clock(Date.parse(socket.connectedAt)),
        socket.topics?.join(", ") ?? "all",
        `${socket.hash}…`,
      ]),
    ),
    table(
      log ? `updates: version ${log.version}` : "updates",
      ["topic", "version", "at", "body"],
      (log?.topics ?? []).map(({ topic, version, at, body }) => [topic, String(version), clock(Date.parse(at)), JSON.stringify(body)]),
    ),
  ];
}

/**
 * @param {string} name
 * @param {string[]} columns
 * @param {string[][]} rows
 */
function table(name, columns, rows) {
  const heads = columns.map((column) => {
    const head = make("th", "", column);
    head.setAttribute("scope", "col");
    return head;
  });
  const lines = rows.map((cells) => make("tr", "", ...cells.map((cell) => make("td", "", cell))));
  const made = make("table", "", make("caption", "", name), make("thead", "", make("tr", "", ...heads)), make("tbody", "", ...lines));
  const area = make("div", "scroll", made, ...(rows.length ? [] : [make("p", "hint", "Empty.")]));
  area.tabIndex = 0;
  area.role = "group";
  area.ariaLabel = name;
  return area;
}
