/**
 * Prints the sizes of the browser client in its package, and the limit of the gzipped size, in bytes:
 * `{"source": …, "minified": …, "gzipped": …, "limit": …}`.
 */

import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const src = new URL("../../web/src/", import.meta.url);
const sources = await Promise.all((await readdir(src)).map((name) => readFile(new URL(name, src))));
const entryPoints = [fileURLToPath(new URL("index.js", src))];
const { outputFiles } = await build({ entryPoints, bundle: true, minify: true, format: "esm", target: "es2022", write: false });
const code = outputFiles[0].contents;
const { config } = JSON.parse(await readFile(new URL("../package.json", src), "utf8"));
const source = sources.reduce((sum, { length }) => sum + length, 0);
console.log(JSON.stringify({ source, minified: code.length, gzipped: gzipSync(code).length, limit: config.gzippedLimit }));
