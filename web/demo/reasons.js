/** What close codes, statuses, error frames and states mean: the table that `chatter explain` reads too. */

/** @typedef {{ kind: string, name: string, means: string, do: string }} Reason */

/** @type {Promise<Reason[]> | undefined} */
let table;

/**
 * The entries of these kinds and names, as far as there are any.
 * @param {[kind: string, name: string][]} wanted
 */
export async function reasonsOf(wanted) {
  if (!wanted.length) return [];
  table ??= fetch("/reasons.json").then((response) => (response.ok ? response.json() : []));
  const reasons = await table.catch(() => {
    table = undefined;
    return [];
  });
  const entries = wanted.map(([kind, name]) => reasons.find((reason) => reason.kind === kind && reason.name === name));
  return entries.filter((entry) => entry !== undefined);
}
