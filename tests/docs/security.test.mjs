/** The tests that docs/security.md names are tests. */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Document, read } from "./documents.mjs";

const document = new Document("docs/security.md");
/** What a link there leads to, if it is no document, and none of the parsers' own descriptions. */
const named = document.links.filter(({ href }) => !/(?:\.md|\.toml|lib\.rs)(?:#|$)|^#/.test(href));

/** Whether a source has a test of this name. `…` stands for what a loop puts there. */
function hasTest(source, name) {
  if (/^\w+$/.test(name)) {
    const declared = new RegExp(`#\\[(?:tokio::)?test(?:\\(.*\\))?\\]\\s*(?:#\\[.*\\]\\s*)*(?:async )?fn ${name}\\(`);
    if (declared.test(source)) return true;
  }
  return source.includes(`test("${name}"`) || source.includes(`test(\`${name.replace("…", "${name}")}\``);
}

test("every test that is named as holding a point of security is there", () => {
  assert.ok(named.length > 50);
  const missing = named.filter(({ href, words }) => {
    return !hasTest(read(join(dirname(document.path), href)), words.replaceAll("`", ""));
  });
  assert.deepEqual(missing, []);
});

test("a function that is no test, and a test that is not there, are found", () => {
  const source = '#[test]\nfn holds() {}\nfn helper() {}\n#[tokio::test(start_paused = true)]\nasync fn waits() {}\ntest("says so", f);';
  const names = ["holds", "helper", "waits", "says so", "says nothing"];
  assert.deepEqual(names.filter((name) => hasTest(source, name)), ["holds", "waits", "says so"]);
});

test("every point has an answer, and every yes a test", () => {
  const rows = read(document.path).split("\n").filter((line) => /^\| .* \| Yes.* \|.*\|$/.test(line));
  assert.ok(rows.length > 10);
  assert.deepEqual(rows.filter((row) => /\| *\|$/.test(row)), []);
});
