/** How esbuild makes one file of the modules. */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const SOURCES = fileURLToPath(new URL("src/", import.meta.url));

/** What makes the file that a site hosts without a build. */
export const MINIFIED = { minify: true, sourcemap: true };

/** Bundles the client into a file, for one kind of module. */
export function bundle(outfile, format, options) {
  const entryPoints = [`${SOURCES}index.js`];
  return build({ entryPoints, absWorkingDir: SOURCES, bundle: true, format, target: "es2022", outfile, logLevel: "warning", ...options });
}

/**
 * The file that a site hosts, in memory, and the bytes of each module in it. With `change`, it is made of other sources: it
 * gets a module's name and text, and returns the text to take.
 */
export async function minified(change = (_, text) => text) {
  const changed = async ({ path }) => ({ contents: change(path.slice(SOURCES.length), await readFile(path, "utf8")) });
  const plugins = [{ name: "change", setup: ({ onLoad }) => onLoad({ filter: /\.js$/ }, changed) }];
  const { outputFiles, metafile } = await bundle("chatter.min.js", "esm", { ...MINIFIED, write: false, metafile: true, plugins });
  const { contents, text } = outputFiles.find(({ path }) => path.endsWith(".js"));
  return { code: contents, text, modules: metafile.outputs["chatter.min.js"].inputs };
}
