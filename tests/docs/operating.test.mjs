/** docs/operating.md has the functions' own words, so that whoever searches a log for them finds them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Document, files, plain, read } from "./documents.mjs";

const OPERATING = new Document("docs/operating.md");

/** The first column of the tables with this heading. */
function column(heading) {
  const tables = OPERATING.tokens.filter(({ type, header }) => type === "table" && plain(header[0]) === heading);
  return tables.flatMap(({ rows }) => rows.map(([cell]) => plain(cell).replaceAll("&quot;", '"').replaceAll("&#39;", "'")));
}

test("every log line in operating.md is one that a function writes", () => {
  const sources = files(".rs").filter((path) => path.startsWith("crates/")).map(read).join("\n");
  const missing = column("line").filter((line) => !sources.includes(JSON.stringify(line)));
  assert.deepEqual(missing, []);
});

test("operating.md has every metric", () => {
  const { functions } = JSON.parse(read("crates/core/contract.json"));
  const text = read("docs/operating.md").split("\n## Metrics\n")[1].split("\n## ")[0];
  const missing = Object.values(functions).flatMap(({ metrics }) => metrics).filter((name) => !text.includes(`\`${name}\``));
  assert.deepEqual(missing, []);
});

test("operating.md has every setting that the functions read, and no other", () => {
  const { backend, functions } = JSON.parse(read("crates/core/contract.json"));
  const known = new Set([backend, ...Object.values(functions)].flatMap(({ required, optional }) => [...required, ...optional]));
  // It is read before all others, so that a wrong setting can be logged.
  known.add("AWS_LAMBDA_LOG_LEVEL");
  // They belong to every program that uses AWS, and are documented there.
  for (const name of known) if (/^AWS_(ENDPOINT_URL|CA_BUNDLE)/.test(name) && !name.endsWith("MANAGEMENTAPI")) known.delete(name);
  const listed = column("variable").flatMap((cell) => cell.split(", "));
  assert.deepEqual(listed.toSorted(), [...known].toSorted());
});
