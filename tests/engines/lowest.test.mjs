/** The lowest versions of the browsers, which web/README.md tells, and how they are found. `npm run table` writes them. */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bundle } from "../../web/bundle.mjs";
import { featuresOf, tableOf } from "./lowest.mjs";
import { read, write } from "./table.mjs";

const { transform } = createRequire(new URL("../../web/package.json", import.meta.url))("esbuild");
/** What the package has for bundlers. */
let code;
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chatterbox-lowest-"));
  await bundle(join(folder, "chatter.js"), "esm");
  code = await readFile(join(folder, "chatter.js"), "utf8");
});

after(() => rm(folder, { recursive: true, force: true }));

test("the lowest versions in web/README.md are those that have all that the client uses", async () => {
  if (process.env.WRITE_TABLE) await write("lowest versions", tableOf(code));
  assert.equal(await read("lowest versions"), tableOf(code));
});

test("esbuild, which has data of its own, finds no syntax that these versions lack, and some that Chrome 80 lacks", async () => {
  const written = (await read("lowest versions")).match(/\| the client \| (\d+).*?\| (\d+).*?\| (\d+)/);
  const [, chrome, firefox, safari] = written;
  // esbuild takes no browser's `\p{…}` for whole, since each knows the properties of another version of Unicode.
  const supported = { "regexp-unicode-property-escapes": true };
  const syntax = async (target) => (await transform(code, { target, supported })).code;
  const targets = [`chrome${chrome}`, `edge${chrome}`, `firefox${firefox}`, `safari${safari}`, `ios${safari}`];
  assert.equal(await syntax(targets), await syntax("esnext"));
  assert.notEqual(await syntax("chrome80"), await syntax("esnext"));
});

test("what a module uses is found in its syntax, its free names, and the members of values and of objects", () => {
  const uses = (code, ...keys) => {
    const found = featuresOf(code);
    for (const key of keys) assert.ok(found.includes(key), `${key} in ${code}`);
  };
  uses("export const f = (a) => a.toSorted()", "javascript.builtins.Array.toSorted");
  uses("Promise.withResolvers()", "javascript.builtins.Promise.withResolvers");
  uses("AbortSignal.any([])", "api.AbortSignal.any_static");
  uses("globalThis.document?.visibilityState", "api.Document.visibilityState");
  uses("const { locks } = navigator", "api.Navigator.locks");
  uses("class A { #a = 1; static { A.b = (a) => #a in a } }", "javascript.classes.static.initialization_blocks", "javascript.classes.private_class_fields_in");
  assert.throws(() => featuresOf("somethingNew()"), /does not know somethingNew/);
});
