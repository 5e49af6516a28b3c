/** Builds `dist`: what npm publishes, and what a page without a build loads. */

import { execFileSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

await rm(file("dist"), { recursive: true, force: true });
await Promise.all([bundle("chatter.js", "esm"), bundle("chatter.min.js", "esm", { minify: true, sourcemap: true }), bundle("chatter.cjs", "cjs")]);
await declareTypes();

function bundle(name, format, options = {}) {
  const entryPoints = [file("src/index.js")];
  return build({ entryPoints, bundle: true, format, target: "es2022", outfile: file(`dist/${name}`), logLevel: "warning", ...options });
}

/**
 * Puts the declarations of the modules that are public into one file, for each kind of module. TypeScript writes a file for
 * each module, and takes `.d.ts` for the types of an ES module, and `.d.cts` for those of a CommonJS one.
 */
async function declareTypes() {
  execFileSync(process.execPath, [file("node_modules/typescript/bin/tsc"), "--project", file("tsconfig.types.json")], { stdio: "inherit" });
  const texts = await Promise.all(["types", "logged-out", "index"].map((name) => readFile(file(`dist/types/${name}.d.ts`), "utf8")));
  const text = texts.map(withoutModules).join("\n");
  await Promise.all(["ts", "cts"].map((ending) => writeFile(file(`dist/chatter.d.${ending}`), text)));
  await rm(file("dist/types"), { recursive: true });
}

/** A declaration without what refers to other modules, since all are in one file. */
function withoutModules(text) {
  return text.replaceAll(/^export (?:\{.*\}|type \w+(?:<.*>)? = import\(.*\).*);?(?: from .*)?;?$/gm, "").replaceAll(/import\("\.\/\w+\.js"\)\./g, "");
}
