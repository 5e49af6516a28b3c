/** Bundles what uses a snippet of examples/, with the client as it is published, and with the framework's own compiler. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const file = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
// The bundler is the client's; the frameworks are those that the examples' types are checked with.
const { build, transform } = createRequire(file("web/package.json"))("esbuild");
const { compile, compileModule } = createRequire(file("examples/package.json"))("svelte/compiler");

/** Svelte's runes and components. */
const svelte = {
  name: "svelte",
  setup({ onLoad }) {
    onLoad({ filter: /\.svelte$/ }, async ({ path: filename }) => ({ contents: compile(await readFile(filename, "utf8"), { filename }).js.code }));
    onLoad({ filter: /\.svelte\.ts$/ }, async ({ path: filename }) => {
      const { code } = await transform(await readFile(filename, "utf8"), { loader: "ts", target: "esnext" });
      return { contents: compileModule(code, { filename }).js.code };
    });
  },
};

/** A module with `mount(target, user)`, which returns how to take it away, as text. */
export async function bundled(name) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    nodePaths: [file("examples/node_modules")],
    tsconfig: file("examples/tsconfig.json"),
    plugins: [svelte],
    define: { "process.env.NODE_ENV": '"production"', "ngDevMode": "false" },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  });
  return outputFiles[0].text;
}
