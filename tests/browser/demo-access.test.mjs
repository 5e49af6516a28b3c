/** Accessibility of the demo page: axe's rules, contrast, the keyboard, and a phone's screen. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import axe from "axe-core";
import { World } from "./world.mjs";

const someone = () => `friendless-${randomUUID().slice(0, 8)}`;
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 800 };

/** Violations that axe finds on the page as it is now, each with its place. */
async function faults({ page }) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
}

describe("the demo page is accessible", { timeout: 240_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start("--chaos=1");
    // Chaos mode is there for its banner, and switched off so that nothing breaks.
    await world.local.chaos("DELETE");
  });

  after(() => world?.stop());

  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [PHONE, DESK]) {
      const name = `${viewport.width}_pixels_wide_and_${colorScheme}`;

      // Without transitions, since axe would measure the contrast of a colour that is still fading.
      const still = { viewport, colorScheme, reducedMotion: "reduce" };

      test(`axe_finds_nothing_${name}`, async (t) => {
        const tab = await world.tab(t, still);
        assert.deepEqual(await faults(tab), [], "logged out");
        await tab.logIn(someone());
        assert.deepEqual(await faults(tab), [], "nothing yet");
        for (let n = 0; n < 8; n += 1) await tab.notify(`update ${n}`, `topic-${n}`);
        await tab.sees("update 7");
        await tab.notify("refused", "x".repeat(65));
        await tab.report("notify failed");
        assert.deepEqual(await faults(tab), [], "updates");
        await tab.page.getByText("Faults of the system, one at a time").click();
        await tab.page.getByRole("button", { name: "Lose posts" }).click();
        await tab.page.locator("#fault").waitFor();
        assert.deepEqual(await faults(tab), [], "a single fault");
        await tab.page.getByRole("button", { name: "Lose posts" }).click();
        await tab.page.locator("#fault").waitFor({ state: "hidden" });
        await tab.page.getByRole("button", { name: "Log out" }).click();
        await tab.state("Logged out");
        assert.deepEqual(await faults(tab), [], "logged out again");
      });

      test(`axe_finds_nothing_when_things_go_wrong_${name}`, async (t) => {
        const tab = await world.tab(t, still);
        const load = (isLoading) => tab.page.locator("#login-fields").evaluate((fields, is) => (fields.disabled = is), isLoading);
        await load(true);
        assert.deepEqual(await faults(tab), [], "loading");
        await load(false);
        await tab.page.route("**/demo/login", (route) => route.fulfill({ status: 503, json: { message: "try again" } }));
        await tab.page.getByRole("button", { name: "Log in" }).click();
        await tab.page.locator("#login-error:not(:empty)").waitFor();
        assert.deepEqual(await faults(tab), [], "the login failed");
        await tab.page.unroute("**/demo/login");
        await tab.logIn(someone());
        for (const [state, reason] of [["waiting", "lost"], ["refused", "unreachable"]]) {
          await tab.page.evaluate(async (change) => {
            (await import("/connection.js")).showConnection({ ...change, retryIn: 9_000 }, false);
            document.getElementById("chaos").hidden = document.getElementById("trouble").hidden = false;
            document.getElementById("trouble-time").textContent = "12:00:00";
            document.getElementById("trouble-words").textContent = "weather: It rains";
          }, { state, reason });
          assert.deepEqual(await faults(tab), [], state);
        }
      });

      test(`every_input_and_button_has_a_visible_edge_${name}`, async (t) => {
        const tab = await world.tab(t, { viewport, colorScheme });
        const edges = () =>
          tab.page.evaluate(() => {
            const rgba = (colour) => {
              const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
              return { rgb: [r, g, b], a };
            };
            const luminance = ({ rgb }) => {
              const [r, g, b] = rgb.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
              return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const contrast = (one, two) => {
              const [dark, light] = [luminance(one), luminance(two)].sort((a, b) => a - b);
              return (light + 0.05) / (dark + 0.05);
            };
            const ground = (element) => {
              for (let at = element; at; at = at.parentElement) {
                const colour = rgba(getComputedStyle(at).backgroundColor);
                if (colour.a === 1) return colour;
              }
              return rgba("rgb(255, 255, 255)");
            };
            return [...document.querySelectorAll("input, button")].filter((used) => used.checkVisibility()).map((used) => {
              const { borderTopColor, backgroundColor } = getComputedStyle(used);
              const [edge, fill, around] = [rgba(borderTopColor), rgba(backgroundColor), ground(used.parentElement)];
              // The border has to stand out, or the fill where there is no border.
              const seen = edge.a === 1 ? edge : fill;
              return { what: used.id || used.textContent, ratio: contrast(seen, around) };
            });
          });
        const look = async (least) => {
          const seen = await edges();
          assert.ok(seen.length >= least, JSON.stringify(seen));
          assert.deepEqual(seen.filter(({ ratio }) => ratio < 3), []);
        };
        await look(2);
        await tab.logIn(someone());
        await look(5);
        await tab.page.evaluate(async () => (await import("/connection.js")).showConnection({ state: "waiting", reason: "lost" }, false));
        await look(6);
      });
    }
  }

  test("the_updates_can_be_scrolled_by_keyboard", async (t) => {
    const tab = await world.tab(t, { viewport: DESK });
    await tab.logIn(someone());
    // Chromium makes every scrolling area focusable by itself; other browsers need the attribute.
    assert.equal(await tab.page.locator("#updates").getAttribute("tabindex"), "0");
    for (let n = 0; n < 12; n += 1) await tab.notify(`update ${n}`, `topic-${n}`);
    await tab.sees("update 11");
    const focused = () => tab.page.evaluate(() => document.activeElement.id);
    for (let steps = 0; steps < 60 && (await focused()) !== "updates"; steps += 1) await tab.page.keyboard.press("Tab");
    assert.equal(await focused(), "updates");
    assert.equal(await tab.page.locator("#updates").evaluate((list) => list.scrollTop), 0);
    await tab.page.keyboard.press("End");
    await tab.page.waitForFunction(() => document.getElementById("updates").scrollTop > 100);
  });

  test("on_a_phone_no_part_of_a_step_is_cut_off", async (t) => {
    const tab = await world.tab(t, { viewport: PHONE });
    await tab.logIn(someone());
    await tab.notify("seen");
    await tab.sees("seen");
    await tab.page.locator("#timeline .socket", { hasText: "=" }).first().waitFor();
    const cells = await tab.page.locator("#timeline li > *").evaluateAll((cells) =>
      cells.filter((cell) => cell.textContent).map((cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        const { left, right, width, height } = range.getBoundingClientRect();
        return { text: cell.textContent, left, right, isShown: width > 0 && height > 0 };
      }),
    );
    assert.ok(cells.some(({ text }) => /=$/.test(text)), "the socket, which comes last");
    const { left, right } = await tab.page.locator("#timeline").evaluate((area) => area.getBoundingClientRect());
    assert.deepEqual(cells.filter((cell) => !cell.isShown || cell.left < left - 1 || cell.right > right + 1), []);
    assert.ok(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is beside the page");
  });

  // 844 is the whole screen's height, 664 what a phone's browser leaves between its bars.
  for (const height of [844, 664]) {
    test(`on_a_phone_an_update_is_seen_together_with_the_button_that_sends_it_${height}_pixels_high`, async (t) => {
      const tab = await world.tab(t, { viewport: { ...PHONE, height } });
      await tab.logIn(someone());
      const place = () => tab.page.getByRole("button", { name: "Notify" }).boundingBox();
      const before = await place();
      await tab.notify("seen");
      await tab.sees("seen");
      assert.equal(await tab.page.evaluate(() => scrollY), 0);
      const update = await tab.page.locator("#updates li").first().boundingBox();
      const button = await place();
      for (const { y, height: own } of [update, button]) assert.ok(y >= 0 && y + own <= height, JSON.stringify({ update, button }));
      assert.deepEqual(button, before, "and the button stays where it was");
    });
  }

  test("the_page_says_that_the_newest_update_of_each_topic_is_kept", async (t) => {
    const tab = await world.tab(t, { viewport: PHONE });
    const login = someone();
    await tab.logIn(login);
    for (let n = 0; n < 3; n += 1) await world.notify(login, `plays ${n}`, ["plays"]);
    await world.notify(login, "scores", ["scores"]);
    await tab.sees("scores");
    await tab.page.reload();
    await tab.sees("scores");
    assert.deepEqual(await tab.messages(), ["scores", "plays 2"]);
    await tab.page.getByText("Of each topic the newest update is kept").waitFor();
  });
});
