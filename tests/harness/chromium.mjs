/** Headless Chromium, started in the same way for every test. */

import { createRequire } from "node:module";

// playwright-core is a dependency of the browser tests alone.
const { chromium } = createRequire(new URL("../browser/package.json", import.meta.url))("playwright-core");

const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium: the program that `CHROMIUM` names, or Debian's. */
export function launch() {
  return chromium.launch({ executablePath: PROGRAM, args: FLAGS });
}
