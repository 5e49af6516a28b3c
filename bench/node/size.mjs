/**
 * Prints the sizes of the browser client in its package, and the limit of the gzipped size, in bytes:
 * `{"source": …, "minified": …, "gzipped": …, "limit": …}`.
 */

import { readFile, readdir } from "node:fs/promises";
import { minified } from "../../web/bundle.mjs";
import { gzipped } from "../../web/size.mjs";

const src = new URL("../../web/src/", import.meta.url);
const sources = await Promise.all((await readdir(src)).map((name) => readFile(new URL(name, src))));
const { code } = await minified();
const { config } = JSON.parse(await readFile(new URL("../package.json", src), "utf8"));
const source = sources.reduce((sum, { length }) => sum + length, 0);
console.log(JSON.stringify({ source, minified: code.length, gzipped: gzipped(code), limit: config.gzippedLimit }));
