/** A page without a build: `<script type="module">` with the minified client as the package has it. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { World, until } from "./world.mjs";

const BUILD = fileURLToPath(new URL("../../web/build.mjs", import.meta.url));

/** The whole page. Its query has the options of `connect`. */
const PAGE = `<!doctype html>
<title>A plain page</title>
<ol></ol>
<script type="module">
  import { connect } from "/chatter.min.js";
  const chatter = connect({ ...Object.fromEntries(new URLSearchParams(location.search)), since: 0 });
  chatter.addEventListener("state", ({ detail }) => (document.title = detail.state));
  chatter.addEventListener("stats-updated", ({ detail }) => {
    const item = document.createElement("li");
    item.textContent = detail.body.message;
    document.querySelector("ol").append(item);
  });
  window.chatter = chatter;
</script>`;

describe("a plain page", { timeout: 120_000 }, () => {
  /** @type {World} */ let world;
  let dist;
  /** The site's own server, and its address. */
  let server;
  let site;

  before(async () => {
    dist = await mkdtemp(join(tmpdir(), "chatterbox-dist-"));
    await promisify(execFile)(process.execPath, [BUILD, dist]);
    const script = await readFile(join(dist, "chatter.min.js"));
    server = createServer(({ url }, response) => {
      const [type, body] = url === "/chatter.min.js" ? ["text/javascript", script] : ["text/html", PAGE];
      response.writeHead(200, { "content-type": type }).end(body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    site = `http://127.0.0.1:${server.address().port}/`;
    world = await World.start();
  });

  after(async () => {
    await world?.stop();
    server?.close();
    await rm(dist, { recursive: true, force: true });
  });

  test("two_pages_that_load_the_minified_client_share_a_socket_and_both_show_an_update", async (t) => {
    const { login, chatterId } = await world.local.logIn("plain-page");
    const context = await world.browser.newContext();
    t.after(() => context.close());
    const errors = [];
    const pages = [];
    for (let count = 0; count < 2; count += 1) {
      const page = await context.newPage();
      page.on("pageerror", (error) => errors.push(error));
      await page.goto(`${site}?${new URLSearchParams({ url: world.local.socket, login, chatterId })}`);
      await until(async () => (await page.title()) === "open", "the page's socket");
      pages.push(page);
    }
    await world.local.invoke({ login, body: { message: "to a plain page" } });
    for (const page of pages) await page.getByText("to a plain page").waitFor({ timeout: 20_000 });
    const holders = await Promise.all(pages.map((page) => page.evaluate(() => window.chatter.holdsSocket)));
    assert.deepEqual(holders, [true, false]);
    assert.deepEqual(errors, []);
  });
});
