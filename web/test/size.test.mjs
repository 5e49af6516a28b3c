import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { transform } from "esbuild";

test("the_client_is_under_4_kb_minified_and_gzipped", async () => {
  const source = await readFile(new URL("../chatter.js", import.meta.url), "utf8");
  const { code } = await transform(source, { minify: true, format: "esm", target: "es2022" });
  assert.ok(gzipSync(code).length < 4096);
});
