/** The pages about the browser client name everything that its types have. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "./documents.mjs";

const TYPES = read("web/src/types.js");

/** The text of a typedef's comment, by its name. */
function typedef(name) {
  const comment = TYPES.match(/\/\*\*[^]*?\*\//g).find((text) => new RegExp(`@typedef .*\\b${name}\\b`).test(text));
  assert.ok(comment, `${name} is not in types.js`);
  return comment;
}

const properties = (name) => Array.from(typedef(name).matchAll(/@property \{.*\} \[?([\w-]+)\]?/g), ([, property]) => property);
const listed = (name) => Array.from(typedef(name).matchAll(/^ \* - `([^`]+)`:/gm), ([, word]) => word);
const NAMES = { options: properties("Options"), events: properties("Events"), states: listed("State"), reasons: listed("Reason") };

for (const path of ["docs/pages.md", "web/README.md"]) {
  for (const [kind, names] of Object.entries(NAMES)) {
    test(`${path} names all ${kind} of the client`, () => {
      assert.ok(names.length >= 4, `types.js has only these ${kind}: ${names}`);
      const text = read(path);
      assert.deepEqual(names.filter((name) => !text.includes(`\`${name}\``)), []);
    });
  }
}

test("the code for RxJS in web/README.md is the file in examples/, which a browser test runs", () => {
  const [, code] = read("web/README.md").match(/```ts\n([^]*?)```/);
  assert.equal(code, read("examples/rxjs/stats-updates.ts"));
});
