/**
 * Makes the pictures of the demo page, from the real page in front of the real system:
 *
 * - `docs/images/demo.png`: two browsers, of which one plays the pipeline; and `docs/images/page.png`: the page as a whole;
 * - `target/screenshots`: the page at 390 and 1280 pixels, light and dark, to look at after a change.
 *
 * Run it with `npm --prefix tests/browser run screenshots`, after `cargo build --workspace --bins`.
 */

import { copyFile, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { World } from "./world.mjs";

const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const IMAGES = root("docs/images");
const LOOK = root("target/screenshots");

const world = await World.start();
const clean = [];
/** Each picture has a user of its own, after those of the first. */
let users = 1;
const t = { after: (end) => clean.push(end) };
try {
  await mkdir(LOOK, { recursive: true });
  await twoBrowsers();
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [390, 1280]) await whole(colorScheme, width, `${LOOK}/${colorScheme}-${width}.png`);
  }
  await copyFile(`${LOOK}/light-1280.png`, `${IMAGES}/page.png`);
} finally {
  for (const end of clean) await end();
  await world.stop();
}

/** A page that has seen some updates and a cut socket, with a step chosen in its timeline. */
async function whole(colorScheme, width, path) {
  // High enough for all of it: what is not on the screen, the browser does not draw.
  const height = width < 600 ? 2_950 : 1_900;
  const tab = await world.tab(t, { viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
  const { page } = tab;
  await tab.logIn(`friendless-${(users += 1)}`);
  await tab.notify("Updated your plays for January", "plays");
  await tab.sees("Updated your plays for January");
  await page.getByRole("button", { name: "Cut my socket" }).click();
  await page.locator("#timeline li", { hasText: "socket closed: 1006" }).first().waitFor();
  await tab.state("Connected");
  await tab.notify("Your collection has three new games", "collection");
  await tab.sees("Your collection has three new games");
  await page.locator("#flow-told", { hasText: "ms" }).waitFor();
  await page.locator("#timeline li", { hasText: "socket closed: 1006" }).first().click();
  await page.locator("#detail .reason").waitFor();
  await page.mouse.move(0, 0);
  await page.screenshot({ path, fullPage: true });
}

/** Two browsers side by side. One plays the pipeline, and both show the update. */
async function twoBrowsers() {
  const look = { viewport: { width: 660, height: 930 }, colorScheme: "light", reducedMotion: "reduce" };
  const [one, two] = [await world.tab(t, look), await world.tab(t, look)];
  await Promise.all([one.logIn("friendless"), two.logIn("friendless")]);
  for (const [topic, message] of [["plays", "Updated your plays for January"], ["collection", "Your collection has three new games"]]) {
    await one.notify(message, topic);
    await Promise.all([one.sees(message), two.sees(message)]);
  }
  await one.report("2 sent");
  await two.page.evaluate(() => document.activeElement.blur());
  const pictures = await Promise.all([one, two].map(async ({ page }) => (await page.screenshot()).toString("base64")));
  const titles = ["Browser 1: the pipeline is played here", "Browser 2: hears it at the same moment"];
  const frames = pictures.map((picture, n) => `<figure><figcaption>${titles[n]}</figcaption><img src="data:image/png;base64,${picture}"></figure>`);
  const board = await world.browser.newPage({ viewport: { width: 1384, height: 1003 } });
  await board.setContent(`<style>
    body { margin: 0; padding: 20px; display: flex; gap: 24px; background: #d9dde6; }
    figure { margin: 0; border-radius: 10px; overflow: hidden; box-shadow: 0 4px 16px #0003; }
    figcaption { padding: 6px 12px; background: #3c4250; color: #fff; font: 600 15px/1.4 system-ui, "DejaVu Sans", sans-serif; }
    img { display: block; }
  </style>${frames.join("")}`);
  await board.screenshot({ path: `${IMAGES}/demo.png` });
  await board.close();
}
