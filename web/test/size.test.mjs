/** The size of the file that a page loads. Its limit is in package.json: `config.gzippedLimit`. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { minified } from "../bundle.mjs";
import { gzipped } from "../size.mjs";

test("the_minified_client_is_within_its_limit_when_gzipped", async (t) => {
  const { config } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  const { code } = await minified();
  const size = gzipped(code);
  t.diagnostic(`${size} bytes, gzipped; the limit is ${config.gzippedLimit}`);
  assert.ok(size <= config.gzippedLimit, `${size} bytes; the limit is ${config.gzippedLimit}`);
});
