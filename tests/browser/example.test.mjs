/** examples/: the page without a build, served by the backend in Node, against the real binaries. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { World } from "./world.mjs";

/** How long the tabs may take to share a socket, in milliseconds. */
const PATIENCE = 20_000;

const file = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** @type {World} */ let world;
let site;
let url;

before(async () => {
  execFileSync("npm", ["--prefix", file("web"), "run", "--silent", "build"]);
  world = await World.start();
  const { socket, dynamodb } = world.local;
  const tables = { CHATTERS_TABLE: "chatters", CONNECTIONS_TABLE: "connections", AWS_ENDPOINT_URL_DYNAMODB: dynamodb };
  const credentials = { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
  const where = { SOCKET_URL: socket, CALLBACK_URL: socket.replace("ws:", "http:"), CHATTER_JS: file("web/dist/chatter.min.js"), PORT: "0" };
  site = spawn(process.execPath, [file("examples/node-backend/server.mjs")], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env.PATH, ...tables, ...credentials, ...where },
  });
  [url] = await once(createInterface({ input: site.stdout }), "line");
});

after(async () => {
  site?.kill();
  await world?.stop();
});

test("the_example_page_shows_an_update_and_is_closed_in_all_tabs_by_a_logout", async (t) => {
  const context = await world.browser.newContext();
  t.after(() => context.close());
  const [one, two] = [await context.newPage(), await context.newPage()];
  const shows = (page, id, text) => page.locator(`#${id}`, { hasText: text }).waitFor();
  await one.goto(url);
  await shows(one, "state", "logged out");
  await one.click("#login button");
  await two.goto(url);
  for (const page of [one, two]) await shows(page, "state", "open");
  // Until the tabs have settled which of them holds the socket, an earlier one may still be open.
  const deadline = performance.now() + PATIENCE;
  const update = async () => {
    const event = { login: "friendless", topic: "plays", body: { message: "Updated your plays" } };
    return (await world.local.invoke(event)).answer.sent;
  };
  while ((await update()) !== 1) assert(performance.now() < deadline, "the tabs do not share a socket");
  for (const page of [one, two]) await shows(page, "updates", "plays: Updated your plays");
  await one.click("#logout");
  for (const page of [one, two]) await shows(page, "state", "closed");
});
