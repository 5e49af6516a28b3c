/** The programs that these tests run, as cargo has built them: nothing here builds them. */

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

const PROGRAMS = ["chatter", "connect", "disconnect", "default", "notify"];

/** Throws if a program in this folder is missing, or older than its sources: a test would speak of other code than it seems. */
export async function refuseStale(folder) {
  const problems = await Promise.all(PROGRAMS.map((name) => problem(join(folder, name))));
  const [first] = problems.filter(Boolean);
  if (first) throw new Error(`${first}. Build the programs first: cargo build --workspace --bins`);
}

/** Why a program cannot be taken for what its sources say. Cargo lists them beside it, in a file that ends in `.d`. */
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

/** When a file was changed; nothing if there is none. */
async function changed(path) {
  return (await stat(path).catch(() => undefined))?.mtimeMs;
}

/** What stands after the colon, as `make` writes it: separated by blanks, those within a name after a backslash. */
function sources(list) {
  const names = list.slice(list.indexOf(": ") + 2).match(/(?:\\.|[^\s\\])+/g) ?? [];
  return names.map((name) => name.replaceAll("\\ ", " "));
}
