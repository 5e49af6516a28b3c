/** The snippets of examples/ that a reader copies, each in a page of its framework or in Node, against the real binaries. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bundled } from "./snippets/bundle.mjs";
import { World, until } from "./world.mjs";

const FRAMEWORKS = ["react", "vue", "svelte", "angular", "rxjs"];
const file = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const page = (framework) => `<!doctype html>
<title>${framework}</title>
<div id="app"></div>
<script type="module">
  import { mount } from "/${framework}.js";
  const user = await (await fetch("/chatter-id", { method: "POST" })).json();
  window.unmount = await mount(document.getElementById("app"), user);
</script>`;

describe("the snippets", { timeout: 180_000 }, () => {
  /** @type {World} */ let world;
  let site;
  let url;
  let user;

  before(async () => {
    execFileSync("npm", ["--prefix", file("web"), "run", "--silent", "build"]);
    const scripts = new Map(await Promise.all(FRAMEWORKS.map(async (name) => [`/${name}.js`, await bundled(name)])));
    world = await World.start();
    user = await world.local.logIn("snippets");
    site = createServer((request, response) => {
      const [type, body] = scripts.has(request.url)
        ? ["text/javascript", scripts.get(request.url)]
        : request.url === "/chatter-id"
          ? ["application/json", JSON.stringify(user)]
          : ["text/html", page(request.url.slice(1))];
      response.writeHead(200, { "content-type": type }).end(body);
    }).listen(0, "127.0.0.1");
    await once(site, "listening");
    url = `http://127.0.0.1:${site.address().port}/`;
  });

  after(async () => {
    site?.close();
    await world?.stop();
  });

  /** Sends an update, and returns how many sockets it was sent to. */
  const notify = async (message) => {
    const { answer } = await world.local.invoke({ login: user.login, topic: "plays", body: { message } });
    return answer.sent;
  };

  for (const framework of FRAMEWORKS) {
    test(`${framework}_shows_an_update_for_as_long_as_its_component_is_there`, async (t) => {
      const tab = await world.tab(t, { url: `${url}${framework}` });
      await tab.page.locator("output", { hasText: "open" }).waitFor();
      let count = 0;
      await until(async () => (await notify(`${framework} ${(count += 1)}`)) === 1, "its socket");
      await tab.page.getByText(`plays: ${framework} ${count}`, { exact: true }).waitFor();
      await tab.page.evaluate(() => window.unmount());
      // A page that connects gets the newest update that was recorded: the text says after which framework.
      const late = `after ${framework} is gone`;
      await until(async () => (await notify(late)) === 0, "its socket to be closed");
      assert.equal(await tab.page.getByText(late).count(), 0);
      assert.deepEqual(tab.errors, []);
    });
  }

  test("a_process_of_node_prints_updates_until_it_is_told_to_end", async (t) => {
    const env = { PATH: process.env.PATH, SOCKET_URL: user.url, LOGIN: user.login, CHATTER_ID: user.chatterId };
    const listener = spawn(process.execPath, [file("examples/node-client/listen.mjs")], { env, stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => listener.kill("SIGKILL"));
    const lines = createInterface({ input: listener.stdout });
    const printed = [];
    lines.on("line", (line) => printed.push(JSON.parse(line).body.message));
    await until(async () => (await notify("to Node")) === 1, "its socket");
    await until(() => printed.includes("to Node"), "the line");
    listener.kill("SIGTERM");
    assert.deepEqual(await once(listener, "exit"), [0, null]);
  });
});
