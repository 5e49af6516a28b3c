/**
 * A browser and a testing tool are connected, one sends a message, and the browser is closed: the page's timeline says whose doing it
 * was, in the words of `chatter explain`. tests/system/e2e/disconnected.rs has the same for `chatter listen`.
 */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { World } from "./world.mjs";

const REASONS = JSON.parse(readFileSync(new URL("../../crates/chatter/src/explain/reasons.json", import.meta.url), "utf8"));
const explained = (code) => REASONS.find(({ kind, name }) => kind === "close code" && name === code);

describe("a page that is closed while a testing tool is connected", { timeout: 240_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start();
  });

  after(() => world?.stop());

  /** A page, and a tool with its credentials in another browser and on a way of its own, which sends what nobody understands. */
  async function both(t, options) {
    const tab = await world.tab(t, options);
    const login = `friendless-${randomUUID().slice(0, 8)}`;
    await tab.logIn(login);
    const { chatterId } = world.sessions.at(-1);
    const url = new URL(`dev?login=${login}&chatter=${chatterId}`, world.url.replace("http:", "ws:"));
    const tool = (await world.tab(t)).page;
    const answer = await tool.evaluate(
      (url) =>
        new Promise((answered) => {
          globalThis.tool = new WebSocket(url);
          globalThis.tool.onmessage = ({ data }) => answered(JSON.parse(data));
          globalThis.tool.onopen = () => globalThis.tool.send("hello");
        }),
      url.href,
    );
    assert.equal(answer.type, "error");
    return { tab, tool, login };
  }

  /** Asserts that the timeline says who closed the socket, and explains its code; and that the page is connected again. */
  async function isClosedBy({ tab, tool }, by, code) {
    // Attempts that failed afterwards have the same code, and are of sockets that had not opened.
    const closed = tab.page.locator("#timeline [data-source=page]", { hasText: `socket closed: ${code}` });
    await closed.filter({ hasText: `by the ${by}` }).first().click();
    assert.equal(explained(code).by, by);
    await tab.page.locator("#detail .reason", { hasText: `By the ${by}. ${explained(code).means}` }).waitFor();
    await tab.state("Connected");
    assert.equal(await tool.evaluate(() => globalThis.tool.readyState), 1, "the tool's socket stays");
  }

  test("which_sent_too_much_is_told_that_it_was_itself", async (t) => {
    const scene = await both(t);
    await scene.tab.page.getByRole("button", { name: "Send too much", exact: true }).click();
    await isClosedBy(scene, "page", "1009");
  });

  test("whose_socket_a_function_closed_is_told_that_it_was_the_server", async (t) => {
    const scene = await both(t);
    const rows = (await world.local.scan("connections")).filter(({ login }) => login.S === scene.login);
    const [first] = rows.sort((one, other) => one.connected_at.N - other.connected_at.N);
    const id = encodeURIComponent(first.connection_id.S);
    assert.equal((await fetch(new URL(`dev/@connections/${id}`, world.url), { method: "DELETE" })).status, 204);
    await isClosedBy(scene, "server", "1000");
  });

  test("whose_connection_broke_is_told_that_it_was_the_network", async (t) => {
    const link = await world.link(t);
    const scene = await both(t, { url: link.url });
    link.down();
    await scene.tab.page.locator("#timeline [data-source=page]", { hasText: "socket closed: 1006" }).first().waitFor();
    link.up();
    await isClosedBy(scene, "network", "1006");
  });
});
