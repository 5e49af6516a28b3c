/** docs/operating.md has the functions' own words, so that whoever searches a log for them finds them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Document, files, plain, read } from "./documents.mjs";

const OPERATING = new Document("docs/operating.md");

/** The first column of the table with this heading. */
function column(heading) {
  const table = OPERATING.tokens.find(({ type, header }) => type === "table" && plain(header[0]) === heading);
  return table.rows.map(([cell]) => plain(cell).replaceAll("&quot;", '"'));
}

test("every log line in operating.md is one that a function writes", () => {
  const sources = files(".rs").filter((path) => path.startsWith("crates/")).map(read).join("\n");
  const missing = column("line").filter((line) => !sources.includes(JSON.stringify(line)));
  assert.deepEqual(missing, []);
});

test("operating.md has every setting that the functions read, and no other", () => {
  const source = read("crates/core/src/runtime/settings.rs").split("#[cfg(test)]")[0];
  const known = new Set(source.match(/"[A-Z][A-Z_]+[A-Z]"/g).map((name) => name.slice(1, -1)));
  // They belong to every program that uses AWS, and are documented there.
  for (const name of known) if (/^AWS_(ENDPOINT_URL|CA_BUNDLE)/.test(name) && !name.endsWith("MANAGEMENTAPI")) known.delete(name);
  const listed = column("variable").flatMap((cell) => cell.split(", "));
  assert.deepEqual(listed.toSorted(), [...known].toSorted());
});
