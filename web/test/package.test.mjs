/** The package that npm would publish, in each kind of project that uses it. Nothing here needs a network. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
const shell = process.platform === "win32";
const run = promisify(execFile);

/** A folder with the package installed in it, as others would have it. */
let home;
let packed;

before(async () => {
  home = await mkdtemp(join(tmpdir(), "chatterbox-client-"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", home], { cwd: ROOT, shell });
  // What `prepack` prints comes first.
  [packed] = JSON.parse(stdout.slice(stdout.lastIndexOf("\n[") + 1));
  const installed = join(home, "node_modules/chatterbox-client");
  await mkdir(installed, { recursive: true });
  await run("tar", ["-xzf", join(home, packed.filename), "--strip-components=1", "-C", installed]);
});

after(() => rm(home, { recursive: true, force: true }));

/** A project next to the package. */
async function project(name, files) {
  const folder = join(home, name);
  await mkdir(folder);
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
  return folder;
}

test("the_package_holds_the_built_files_and_nothing_else", async () => {
  const paths = packed.files.map(({ path }) => path).sort();
  const modules = ["dist/chatter.js", "dist/chatter.min.js", "dist/chatter.min.js.map"];
  const built = ["dist/chatter.cjs", "dist/chatter.d.cts", "dist/chatter.d.ts", ...modules];
  assert.deepEqual(paths, ["LICENSE-APACHE", "LICENSE-MIT", "README.md", ...built, "package.json"]);
  const { dependencies } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  assert.equal(dependencies, undefined);
});

test("the_types_are_those_that_a_page_needs_and_none_of_the_module_s_own", async () => {
  const text = await readFile(join(home, "node_modules/chatterbox-client/dist/chatter.d.ts"), "utf8");
  const names = [...text.matchAll(/^export (?:declare )?\w+ (\w+)/gm)].map(([, name]) => name);
  const events = ["Events", "Failure", "Listener", "Reason", "State", "StateChange", "Synced", "Update", "Updates"];
  const options = ["Credentials", "Options", "ParameterNames"];
  assert.deepEqual(names.sort(), ["Chatter", "LoggedOut", "connect", ...events, ...options].sort());
  assert.ok(!text.includes("internal"));
});

const kinds = [
  ["a_bundler", "module", { module: "ES2022", moduleResolution: "bundler" }],
  ["an_es_module_under_node16", "module", { module: "node16" }],
  ["a_commonjs_module_under_node16", "commonjs", { module: "node16" }],
  ["a_commonjs_module_under_nodenext", "commonjs", { module: "nodenext" }],
];
for (const [kind, type, resolution] of kinds) {
  test(`a_strict_typescript_project_compiles_with_it_as_${kind}`, async () => {
    const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noUnusedLocals: true };
    const compilerOptions = { ...strict, ...resolution, target: "ES2022", lib: ["ES2022", "DOM"], types: [], noEmit: true };
    const folder = await project(kind, {
      "package.json": JSON.stringify({ type }),
      "tsconfig.json": JSON.stringify({ compilerOptions, files: ["main.ts"] }),
    });
    await cp(join(ROOT, "test/consumer/main.ts"), join(folder, "main.ts"));
    const { stdout } = await run(process.execPath, [TSC, "--project", folder]).catch((failed) => failed);
    assert.equal(stdout, "");
  });
}

for (const [kind, type, line] of [
  ["import", "module", 'import * as client from "chatterbox-client";'],
  ["require", "commonjs", 'const client = require("chatterbox-client");'],
]) {
  test(`node_loads_the_package_by_${kind}`, async () => {
    const text = `${line} console.log(typeof client.connect, new client.LoggedOut("nobody").name);`;
    const folder = await project(`by-${kind}`, { "package.json": JSON.stringify({ type }), "main.js": text });
    const { stdout, stderr } = await run(process.execPath, [join(folder, "main.js")]);
    assert.deepEqual([stdout, stderr], ["function LoggedOut\n", ""]);
  });
}

const PAGE = 'import { connect } from "chatterbox-client"; connect({ url: "wss://socks.example.com", login: "friendless" });';

/** What esbuild makes of a page's script that has the package beside it. */
function bundle(contents) {
  const stdin = { contents, resolveDir: home };
  return esbuild({ stdin, bundle: true, write: false, format: "esm", metafile: true, absWorkingDir: home });
}

test("esbuild_takes_the_es_module", async () => {
  const { outputFiles, metafile } = await bundle(PAGE);
  assert.match(outputFiles[0].text, /chatterbox\.auth\./);
  assert.ok(Object.keys(metafile.inputs).includes("node_modules/chatterbox-client/dist/chatter.js"));
});

test("a_bundler_leaves_out_what_a_page_does_not_use", async () => {
  const { outputFiles } = await bundle('import { connect } from "chatterbox-client"; console.log(7);');
  assert.ok(outputFiles[0].text.length < 100, outputFiles[0].text);
});

test("vite_builds_a_page_with_it", async () => {
  const root = await project("vite", {
    "index.html": '<!doctype html><script type="module" src="/main.js"></script>',
    "main.js": PAGE,
  });
  const { output } = await vite({ root, configFile: false, logLevel: "silent", build: { write: false } });
  const script = output.find(({ type }) => type === "chunk");
  assert.match(script.code, /chatterbox\.auth\./);
  assert.ok(script.moduleIds.some((id) => id.endsWith("node_modules/chatterbox-client/dist/chatter.js")), String(script.moduleIds));
});

test("the_minified_module_is_whole_and_has_its_source_map", async () => {
  const folder = await project("minified", {
    "package.json": JSON.stringify({ type: "module" }),
    "main.js": 'import * as client from "chatterbox-client/min"; console.log(typeof client.connect, Object.keys(client).length);',
  });
  const { stdout } = await run(process.execPath, [join(folder, "main.js")]);
  assert.equal(stdout, "function 2\n");
  const dist = join(home, "node_modules/chatterbox-client/dist");
  const text = await readFile(join(dist, "chatter.min.js"), "utf8");
  assert.match(text, /\/\/# sourceMappingURL=chatter\.min\.js\.map\n$/);
  const { sources, sourcesContent } = JSON.parse(await readFile(join(dist, "chatter.min.js.map"), "utf8"));
  assert.ok(sources.some((source) => source.endsWith("src/socket-keeper.js")));
  assert.equal(sources.length, sourcesContent.length);
});
