/**
 * The client and the demo page in Blink, Gecko and WebKit, with the real binaries behind them. What holds in which is a table
 * in web/README.md, which `npm run table` writes.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Local } from "../harness/local.mjs";
import { chromium, firefox } from "./blink-gecko.mjs";
import { CLIENT } from "./client-scenes.mjs";
import { PAGE } from "./page-scenes.mjs";
import { startSite } from "./site.mjs";
import { Stage } from "./stage.mjs";
import { parse, read, render, write } from "./table.mjs";
import { webkit } from "./webkit.mjs";

const ENGINES = [chromium, firefox, webkit];
const SCENES = [
  ...Object.entries(CLIENT).map(([sentence, play]) => [`The client ${sentence}`, play]),
  ...Object.entries(PAGE).map(([sentence, play]) => [`The demo page ${sentence}`, play]),
];
/** Longest time for a scene, in milliseconds, on a busy machine. */
const PATIENCE = 120_000;

let site;
/** @type {Local} */ let local;
/** The same system with cookies, which it takes from the site's pages alone. @type {Local} */ let strict;
/** What each engine has shown, in the order of `ENGINES`, without those that are not here. */
const shown = new Map();

before(async () => {
  site = await startSite();
  const cookies = { LOGIN_COOKIE: "login", CHATTER_COOKIE: "chatter", ALLOWED_ORIGINS: new URL(site.url).origin };
  [local, strict] = await Promise.all([Local.start(), Local.start([], cookies)]);
});

after(async () => {
  site?.stop();
  await Promise.all([local?.stop(), strict?.stop()]);
  assert.deepEqual([local, strict].flatMap((system) => system?.leaked() ?? []), [], "chatter IDs were printed");
});

test("every scene holds in every engine", { concurrency: true, timeout: 10 * PATIENCE }, async (t) => {
  await Promise.all(ENGINES.map((engine) => t.test(engine.name, (t) => playAll(t, engine))));
});

test("the table in web/README.md is what the engines have just shown", async (t) => {
  if (process.env.WRITE_TABLE) {
    assert.equal(shown.size, ENGINES.length, "the table needs all engines");
    const engines = ENGINES.map(({ name }) => ({ name, ...shown.get(name) }));
    await write("engines", render(engines, SCENES.map(([sentence]) => sentence)));
  }
  const written = parse(await read("engines"));
  assert.deepEqual([...written.keys()], ENGINES.map(({ name }) => name));
  for (const [name, { cells }] of shown) assert.deepEqual([...written.get(name)], [...cells], name);
  if (shown.size < ENGINES.length) t.diagnostic(`compared: ${[...shown.keys()].join(", ") || "nothing"}`);
});

/** Plays all scenes in one browser, one after the other. */
async function playAll(t, { name, missing, launch }) {
  if (missing && !process.env.CI) return t.skip(missing);
  assert.equal(missing, undefined);
  const browser = await launch();
  t.after(() => browser.close());
  const [major, minor] = (await browser.version()).split(".");
  // WebKitGTK counts its versions in the second number.
  const cells = new Map();
  shown.set(name, { version: name === webkit.name ? `${major}.${minor}` : major, cells });
  for (const [sentence, scene] of SCENES) {
    cells.set(sentence, "✖");
    await t.test(sentence, { timeout: PATIENCE }, async () => {
      const stage = new Stage({ browser, local, site, strict });
      try {
        await scene(stage);
        cells.set(sentence, stage.remark ? `✔ ${stage.remark}` : "✔");
      } finally {
        await stage.end();
      }
    });
  }
}
