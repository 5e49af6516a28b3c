/** The client as a function of its globals, so that one process can run many tabs, each with a clock of its own. */

import { transform } from "esbuild";
import { minified } from "../../bundle.mjs";

/** The globals that a tab gives the client. It takes all others from Node. */
const GLOBALS = [
  "globalThis",
  "navigator",
  "performance",
  "Date",
  "setTimeout",
  "clearTimeout",
  "crypto",
  "Math",
  "BroadcastChannel",
];

/**
 * Loads the file that a site hosts, or one that is made of changed sources (see `minified`). The result is a function that
 * runs the file with some globals and returns what it exports.
 */
export async function client(change) {
  const { text } = await minified(change);
  const { code } = await transform(text, { format: "iife", globalName: "client" });
  const run = new Function(...GLOBALS, `${code}; return client;`);
  return (globals) => run(...GLOBALS.map((name) => globals[name]));
}
