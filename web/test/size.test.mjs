/** The size of the file that a page loads. Its limit is in package.json: `config.gzippedLimit`. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** The bytes of the minified client, gzipped. */
async function gzipped() {
  const entryPoints = [fileURLToPath(new URL("../src/index.js", import.meta.url))];
  const { outputFiles } = await build({ entryPoints, bundle: true, minify: true, format: "esm", target: "es2022", write: false });
  return gzipSync(outputFiles[0].contents).length;
}

test("the_minified_client_is_within_its_limit_when_gzipped", async (t) => {
  const { config } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  const size = await gzipped();
  t.diagnostic(`${size} bytes, gzipped; the limit is ${config.gzippedLimit}`);
  assert.ok(size <= config.gzippedLimit, `${size} bytes; the limit is ${config.gzippedLimit}`);
});
