/**
 * Builds `dist`, or the folder that is named: what npm publishes, and what a page without a build loads.
 *
 *     node build.mjs [folder]
 */

import { execFileSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MINIFIED, bundle } from "./bundle.mjs";

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

const DIST = process.argv[2] ?? file("dist");

await rm(DIST, { recursive: true, force: true });
const files = [
  ["chatter.js", "esm"],
  ["chatter.min.js", "esm", MINIFIED],
  ["chatter.cjs", "cjs"],
];
await Promise.all(files.map(([name, format, options]) => bundle(join(DIST, name), format, options)));
await declareTypes();

/**
 * Puts the declarations of the modules that are public into one file, for each kind of module. TypeScript writes a file for
 * each module, and takes `.d.ts` for the types of an ES module, and `.d.cts` for those of a CommonJS one.
 */
async function declareTypes() {
  const types = join(DIST, "types");
  const tsc = [file("node_modules/typescript/bin/tsc"), "--project", file("tsconfig.types.json"), "--outDir", types];
  execFileSync(process.execPath, tsc, { stdio: "inherit" });
  const texts = await Promise.all(["types", "logged-out", "index"].map((name) => readFile(join(types, `${name}.d.ts`), "utf8")));
  const text = texts.map(withoutModules).join("\n");
  await Promise.all(["ts", "cts"].map((ending) => writeFile(join(DIST, `chatter.d.${ending}`), text)));
  await rm(types, { recursive: true });
}

/** A module's declarations without its references to other modules, since all are in one file. */
function withoutModules(text) {
  return text.replaceAll(/^export (?:\{.*\}|type \w+(?:<.*>)? = import\(.*\).*);?(?: from .*)?;?$/gm, "").replaceAll(/import\("\.\/\w+\.js"\)\./g, "");
}
