/**
 * The size of the file that a site hosts without a build, and what its modules and some of its features are of that.
 *
 *     npm run size
 */

import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { minified } from "./bundle.mjs";

export const gzipped = (code) => gzipSync(code).length;

/** The client without a module: what the module exports is undefined, and what only it uses is gone too. */
const without = (module) =>
  minified((name, text) => {
    if (name !== module) return text;
    return [...text.matchAll(/^export (?:async )?(?:class|function|const) (\w+)/gm)].map(([, name]) => `export let ${name};`).join("\n");
  });

/** Features that have lines in several modules, and the client without them. */
const FEATURES = {
  "the lines of `debug`": () => minified((_, text) => text.replaceAll(/^ *this\.#options\.log\?\.\(.*\);$/gm, "")),
  "the sentences of errors": async () => {
    const { text } = await minified();
    return { code: text.replaceAll(/"([^"]*)"/g, (string, content) => (content.includes(" ") ? '""' : string)) };
  },
};

/** What the gzipped file would be smaller by without each module, and without each feature. `chatter.js` uses all others. */
async function parts(whole) {
  const difference = async (part) => gzipped(whole.code) - gzipped((await part).code);
  const modules = Object.keys(whole.modules).filter((name) => whole.modules[name].bytesInOutput && !/^(index|chatter)\.js$/.test(name));
  const rows = [
    ...modules.map(async (name) => [name, whole.modules[name].bytesInOutput, await difference(without(name))]),
    ...Object.entries(FEATURES).map(async ([name, build]) => [name, "", await difference(build())]),
  ];
  return (await Promise.all(rows)).sort((one, other) => other[2] - one[2]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const whole = await minified();
  console.log(`chatter.min.js: ${whole.code.length} bytes, ${gzipped(whole.code)} gzipped, ${brotliCompressSync(whole.code).length} by brotli\n`);
  console.log("| without | minified | gzipped |\n|---|---|---|");
  for (const row of await parts(whole)) console.log(`| ${row.join(" | ")} |`);
}
