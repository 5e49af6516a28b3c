/** Prints the browser client's sizes in bytes: `{"source": …, "minified": …, "gzipped": …}`. */

import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { transform } from "esbuild";

const source = await readFile(new URL("../../web/chatter.js", import.meta.url), "utf8");
const { code } = await transform(source, { minify: true, format: "esm", target: "es2022" });
console.log(JSON.stringify({ source: source.length, minified: code.length, gzipped: gzipSync(code).length }));
