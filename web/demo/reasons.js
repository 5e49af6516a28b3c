/** What close codes, statuses, error frames and states mean: the table that `chatter explain` reads too. */

/** @typedef {{ kind: string, name: string, means: string, do: string, by?: "page" | "server" | "network" }} Reason */

/** @type {Promise<Reason[]> | undefined} */
let table;
/** The table as far as it has come. @type {Reason[]} */
let known = [];

/** Fetches the table, so that it is there when a socket is closed. */
export function fetchReasons() {
  table ??= fetch("/reasons.json").then((response) => (response.ok ? response.json() : []));
  return table.then((reasons) => (known = reasons), () => (table = undefined));
}

/**
 * Who brought the end of a socket about, by its close code.
 * @param {string} code
 */
export function endedBy(code) {
  const reason = known.find(({ kind, name }) => kind === "close code" && name === code);
  return reason?.by ? `by the ${reason.by}` : "";
}

/**
 * The entries of these kinds and names, as far as there are any.
 * @param {[kind: string, name: string][]} wanted
 */
export async function reasonsOf(wanted) {
  if (!wanted.length) return [];
  await fetchReasons();
  const entries = wanted.map(([kind, name]) => known.find((reason) => reason.kind === kind && reason.name === name));
  return entries.filter((entry) => entry !== undefined);
}
