/** All of one line of the timeline: what it means, and what was sent and answered. */

import { clock, element, make } from "./page.js";
import { reasonsOf } from "./reasons.js";

/** @typedef {import("./timeline.js").Row} Row */

/** The newest choice: the table of reasons may come later than the next one. */
let newest = 0;

/**
 * @param {Row} row
 * @param {string} source
 */
export async function showDetail(row, source) {
  const mine = (newest += 1);
  const facts = [source, clock(row.time), row.took, row.socket && `socket ${row.socket}`].filter(Boolean).join(" · ");
  const head = [make("h3", "", row.what), make("p", "hint", facts)];
  if (row.note) head.push(make("p", "", row.note));
  const parts = (row.parts ?? []).flatMap(({ name, value }) => [make("h4", "", name), make("pre", "", text(value))]);
  element("detail").replaceChildren(...head, ...parts);
  const reasons = await reasonsOf(row.about ?? []);
  if (mine !== newest) return;
  const explained = reasons.map(({ kind, name, by, means, do: remedy }) =>
    make("div", "reason", make("p", "tag", `${kind} ${name}`), make("p", "", by ? `By the ${by}. ${means}` : means), make("p", "remedy", make("strong", "", "What to do: "), remedy)),
  );
  element("detail").replaceChildren(...head, ...explained, ...parts);
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
