import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { transform } from "esbuild";

const LIMIT = 6144;

test("the_client_is_under_6_kb_minified_and_gzipped", async () => {
  const source = await readFile(new URL("../chatter.js", import.meta.url), "utf8");
  const { code } = await transform(source, { minify: true, format: "esm", target: "es2022" });
  const { length } = gzipSync(code);
  assert.ok(length < LIMIT, `${length} bytes; the limit is ${LIMIT}`);
});
