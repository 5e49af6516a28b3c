/** The window on the server: what the gateway and the functions do, and whether something breaks on purpose. */

import { Feed } from "./feed.js";
import { clock, element, keep, make, show } from "./page.js";

/**
 * What the gateway or a function did, as the gateway tells it.
 * @typedef {{
 *   time: number, kind: string, connectionId?: string, route?: string, function?: string, status?: number,
 *   milliseconds?: number, bytes?: number, coldStart?: boolean, processId?: number, note?: string,
 * }} Activity
 */

const MOST = 200;

/** Whether chaos is on, as far as is known. */
export let isChaos = false;

/** @param {(system: import("./feed.js").System) => void} connected Called when the server is there, again or for the first time. */
export function watchServer(connected) {
  new Feed(({ system, entry }) => {
    if (system) {
      isChaos = system.chaos;
      show({ chaos: isChaos });
      connected(system);
    }
    if (entry) showActivity(JSON.parse(entry.data));
  });
}

/** @param {Activity} activity */
function showActivity(activity) {
  const { time, kind, route, status, milliseconds, coldStart, connectionId, note } = activity;
  const took = milliseconds === undefined ? "" : `${milliseconds} ms`;
  const cells = [
    make("td", "when", clock(time)),
    make("td", "event", [kind.replaceAll("-", " "), route].filter(Boolean).join(" ")),
    make("td", "function", activity.function ?? ""),
    make("td", "status", [status, note].filter((part) => part !== undefined).join(" ")),
    make("td", "took", took, ...(coldStart ? [make("span", "cold", "cold start")] : [])),
    make("td", "socket", connectionId ?? ""),
  ];
  // On a narrow screen a row is not laid out as one, and a browser would not take it for one either.
  for (const cell of cells) cell.role = "cell";
  const row = make("tr", "", ...cells);
  row.role = "row";
  // A close code is no failure by itself; a status of HTTP from 400 on is.
  if (status !== undefined && status >= 400 && status < 600) row.className = "failed";
  element("activity").prepend(row);
  keep("activity", MOST);
}
