/** The tutorial in examples/tutorial says which rules it breaks, and where. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Document, files, plain, read } from "./documents.mjs";

const PROTOCOL = new Document("docs/protocol.md");
const SOURCES = files(".rs").filter((path) => path.startsWith("examples/tutorial/"));
/** `Breaks R1, docs/protocol.md#r1-…`: the rule and the anchor. */
const BROKEN = SOURCES.flatMap((path) => [...read(path).matchAll(/Breaks (R\d+), docs\/protocol\.md#([\w-]+)/g)]);

test("each of the rules R1 to R9 is named once where the tutorial breaks it", () => {
  const rules = Array.from({ length: 9 }, (_, n) => `R${n + 1}`);
  assert.deepEqual(BROKEN.map(([, rule]) => rule).toSorted(), rules);
});

test("each broken rule is named with its own heading in the protocol", () => {
  const wrong = BROKEN.filter(([, rule, anchor]) => !PROTOCOL.anchors.has(anchor) || !anchor.startsWith(`${rule.toLowerCase()}-`));
  assert.deepEqual(wrong.map(([text]) => text), []);
});

test("the page about the tutorial links each rule that is broken", () => {
  const linked = new Document("docs/the-usual-way.md").links.map(({ href }) => href);
  const missing = BROKEN.map(([, , anchor]) => `protocol.md#${anchor}`).filter((href) => !linked.includes(href));
  assert.deepEqual(missing, []);
});

test("README and the page about the tutorial show the same table", () => {
  const [inReadme, inPage] = ["README.md", "docs/the-usual-way.md"].map((path) => {
    const tables = new Document(path).tokens.filter(({ type }) => type === "table");
    const table = tables.find(({ header }) => header.some((cell) => plain(cell) === "tutorial"));
    return table.rows.map((row) => row.map(plain));
  });
  assert.deepEqual(inReadme, inPage);
});
