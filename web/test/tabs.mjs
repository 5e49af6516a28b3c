/** Helpers for tests with several tabs. */

import { browser } from "./browser.mjs";
import { page, pageAt, until } from "./server.mjs";

/** A tab that holds the socket at version 41, and one that shares it. */
export async function pair(t, options = {}) {
  const world = browser(t);
  const holder = await pageAt(41, t, options);
  const { server, line } = holder;
  const other = await page(t, { server, ...options });
  await line.sync(2);
  line.reply({ cursor: { epoch: "E", version: 41 } });
  await until(() => other.heard.synced.length === 1);
  return { ...world, server, line, holder, other };
}

/** Waits until each of these pages has shown a version. */
export const both = (pages, version) => until(() => pages.every(({ versions }) => versions().includes(version)), `${version}`);
