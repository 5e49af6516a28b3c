/** The tables in the client's README that programs write, each between two comments. */

import { readFile, writeFile } from "node:fs/promises";

const README = new URL("../../web/README.md", import.meta.url);

const between = (name) => new RegExp(`(?<=<!-- ${name}: .* -->\n)[^]*?(?=<!-- end of ${name} -->)`);

/** The text of a table in the README. */
export async function read(name) {
  const [text] = (await readFile(README, "utf8")).match(between(name)) ?? [];
  if (text === undefined) throw new Error(`web/README.md has no table ${name}`);
  return text;
}

/** Replaces a table in the README. */
export async function write(name, text) {
  await read(name);
  await writeFile(README, (await readFile(README, "utf8")).replace(between(name), () => text));
}

/** A table whose columns are engines: `{ name, version, cells }`, with the cell of each row. */
export function render(engines, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |");
  const head = engines.map(({ name, version }) => (version ? `${name} ${version}` : name));
  const body = rows.map((row) => [row, ...engines.map(({ cells }) => cells.get(row))]);
  return [line(["", ...head]), `|${"---|".repeat(engines.length + 1)}`, ...body.map(line), ""].join("\n");
}

/** What `render` was given, but for the versions: the cells of each engine by its name. */
export function parse(table) {
  const [head, , ...body] = table.trim().split("\n").map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  return new Map(head.slice(1).map((title, n) => [title.replace(/ [\d.]+$/, ""), new Map(body.map(([row, ...cells]) => [row, cells[n]]))]));
}
