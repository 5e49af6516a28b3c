/** The programs that these tests run. The tests do not build them. */

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

const PROGRAMS = ["chatter", "connect", "disconnect", "default", "notify", "revoke"];

/** Throws if a program in this folder is missing, or older than its sources, so that no test runs older code. */
export async function refuseStale(folder) {
  const problems = await Promise.all(PROGRAMS.map((name) => problem(join(folder, name))));
  const [first] = problems.filter(Boolean);
  if (first) throw new Error(`${first}. Build the programs first: cargo build --workspace --bins`);
}

/** Reason why a program is not up to date, if it is not. Cargo lists its sources beside it, in a file that ends in `.d`. */
async function problem(program) {
  const built = await changed(program);
  if (!built) return `${program} is missing`;
  const list = await readFile(`${program}.d`, "utf8").catch(() => undefined);
  if (list === undefined) return `${program} has no list of its sources`;
  for (const source of sources(list)) {
    const at = await changed(source);
    if (!(at <= built)) return `${program} is older than ${source}`;
  }
  return undefined;
}

/** Time of a file's last change; `undefined` if there is no such file. */
async function changed(path) {
  return (await stat(path).catch(() => undefined))?.mtimeMs;
}

/** Sources in a list in `make`'s format: after the colon, separated by blanks; a blank within a name follows a backslash. */
function sources(list) {
  const names = list.slice(list.indexOf(": ") + 2).match(/(?:\\.|[^\s\\])+/g) ?? [];
  return names.map((name) => name.replaceAll("\\ ", " "));
}
