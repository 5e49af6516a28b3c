/** How esbuild makes one file of the modules. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const SOURCES = fileURLToPath(new URL("src/", import.meta.url));

/** What makes the file that a site hosts without a build. */
export const MINIFIED = { minify: true, sourcemap: true };

/** Bundles the client for one kind of module into a file of a folder, or only into memory with `write: false`. */
export function bundle(file, format, options = {}) {
  const { sources = SOURCES, ...rest } = options;
  const entryPoints = [join(sources, "index.js")];
  return build({ entryPoints, absWorkingDir: sources, bundle: true, format, target: "es2022", outfile: file, logLevel: "warning", ...rest });
}
