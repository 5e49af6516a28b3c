/** What npm would publish, and how others find it. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { promisify } from "node:util";
import { build } from "esbuild";

const ROOT = new URL("..", import.meta.url);

test("the_package_holds_the_module_its_types_and_nothing_else", async () => {
  const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json"], { cwd: ROOT, shell: process.platform === "win32" });
  // What `prepack` prints comes first.
  const [{ files }] = JSON.parse(stdout.slice(stdout.lastIndexOf("\n[") + 1));
  const paths = files.map(({ path }) => path).sort();
  assert.deepEqual(paths, ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "chatter.d.ts", "chatter.js", "package.json"]);
  const { dependencies, types } = JSON.parse(await readFile(new URL("package.json", ROOT), "utf8"));
  assert.equal(dependencies, undefined);
  assert.match(await readFile(new URL(types, ROOT), "utf8"), /export declare function connect\(options: Options\): Chatter;/);
});

test("a_bundler_and_node_find_the_module_by_the_package_s_name", async () => {
  const { connect } = await import("chatterbox-client");
  assert.equal(typeof connect, "function");
  const contents = 'import { connect } from "chatterbox-client"; connect({ url: "wss://socks.example.com", login: "friendless" });';
  const { outputFiles } = await build({ stdin: { contents, resolveDir: ROOT.pathname }, bundle: true, write: false, format: "esm" });
  assert.match(outputFiles[0].text, /chatterbox\.auth\./);
});
