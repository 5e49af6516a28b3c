/** The snippets of the demo page, each run with its own tool as it stands there, where the tool is installed. */

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { World, until } from "./world.mjs";

const run = promisify(execFile);
const PYTHON = process.env.PYTHON ?? "python3";
/** Longest time for a tool, in milliseconds: the AWS CLI alone takes seconds to start. */
const PATIENCE = 60_000;
/** Node gives its children a socket as standard output, which cannot be opened by its name, as a terminal and a pipe can. */
const inAPipe = (text) => `(${text}\n) | cat`;

const someone = () => `o'neill "<b>-${randomUUID().slice(0, 8)}`;

/** Why a test is skipped: its tool is not here. */
async function without(program, ...parameters) {
  return run(program, parameters).then(() => false, () => `${program} ${parameters.join(" ")} does not work here`);
}

const lacks = {
  curl: await without("curl", "--version"),
  aws: await without("aws", "--version"),
  boto3: await without(PYTHON, "-c", "import boto3"),
  websockets: await without(PYTHON, "-c", "import websockets"),
  wscat: await without("npx", "--no-install", "wscat", "--version"),
};

describe("a snippet", { timeout: 240_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start();
  });

  after(() => world?.stop());

  /** A tab that is logged in, and the text of this snippet in it. */
  async function snippet(t, name) {
    const tab = await world.tab(t);
    const login = someone();
    await tab.logIn(login);
    await tab.page.getByLabel("Message").fill(`It's "${name}" & <i>null</i>`);
    await tab.page.getByText("The same from elsewhere").click();
    await tab.page.getByLabel("Tool").selectOption(name);
    const reveal = tab.page.getByRole("button", { name: "Show the secret" });
    if (await reveal.isVisible()) await reveal.click();
    return { tab, login, text: await tab.page.locator("#snippet-text").textContent() };
  }

  for (const [name, program] of [["curl", "curl"], ["queue", "curl"], ["aws-cli", "aws"]]) {
    test(`of_${name}_invokes_notify`, { skip: lacks[program] }, async (t) => {
      const { tab, login, text } = await snippet(t, name);
      const { stdout } = await run("bash", ["-o", "pipefail", "-c", inAPipe(text)], { timeout: PATIENCE });
      if (name === "queue") assert.deepEqual(JSON.parse(stdout), { batchItemFailures: [] });
      else assert.ok(stdout.includes(JSON.stringify(login)), stdout);
      await tab.sees(`It's "${name}" & <i>null</i>`);
      assert.deepEqual(tab.errors, []);
    });
  }

  test("of_boto3_invokes_notify", { skip: lacks.boto3 }, async (t) => {
    const { tab, login, text } = await snippet(t, "boto3");
    const { stdout } = await run(PYTHON, ["-c", text], { timeout: PATIENCE });
    assert.ok(stdout.includes("'sent': 1"), stdout);
    assert.ok(stdout.includes(login.slice(-8)), stdout);
    await tab.sees('It\'s "boto3" & <i>null</i>');
  });

  test("in_python_writes_any_json_as_python_does", { skip: lacks.boto3 }, async (t) => {
    const { tab } = await snippet(t, "boto3");
    await tab.page.getByText("Others, any JSON").click();
    await tab.page.getByLabel("Any JSON").fill('{"a": [true, false, null, 1.5, "x"]}');
    await run(PYTHON, ["-c", await tab.page.locator("#snippet-text").textContent()], { timeout: PATIENCE });
    await tab.sees('{"a":[true,false,null,1.5,"x"]}');
  });

  /** Runs a tool that listens, and waits until it has printed an update that is sent meanwhile. */
  async function listens(t, program, parameters) {
    const listening = spawn(program, parameters);
    t.after(() => listening.kill());
    let printed = "";
    for (const output of [listening.stdout, listening.stderr]) output.on("data", (data) => (printed += data));
    await until(() => printed.includes('"type":"sync"'), `the sync reply in what ${program} prints: ${printed}`);
    return (words) => until(() => printed.includes(words), `${words} in what ${program} prints`);
  }

  test("of_websockets_listens", { skip: lacks.websockets }, async (t) => {
    const { tab, login, text } = await snippet(t, "python");
    const prints = await listens(t, PYTHON, ["-c", text]);
    await world.notify(login, "heard by Python");
    await prints("heard by Python");
    await tab.sees("heard by Python");
  });

  test("of_wscat_listens", { skip: lacks.wscat }, async (t) => {
    const { login, text } = await snippet(t, "wscat");
    const prints = await listens(t, "bash", ["-c", text]);
    await world.notify(login, "heard by wscat");
    await prints("heard by wscat");
  });

  test("of_a_page_of_ten_lines_listens_from_another_port_of_this_machine", async (t) => {
    const { tab, login, text } = await snippet(t, "html");
    assert.equal(text.split("\n").length, 10);
    const server = createServer((_, response) => response.setHeader("content-type", "text/html; charset=utf-8").end(text));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const page = await tab.page.context().newPage();
    await page.goto(`http://localhost:${server.address().port}/`);
    await page.locator("li", { hasText: '"type":"sync"' }).waitFor();
    await world.notify(login, "heard by ten lines");
    await page.locator("li", { hasText: "heard by ten lines" }).waitFor();
  });

  test("hides_the_secret_until_it_is_asked_for_and_is_copied_whole", async (t) => {
    const tab = await world.tab(t);
    await tab.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const login = someone();
    await tab.logIn(login);
    const { chatterId } = world.sessions.at(-1);
    const secret = Buffer.from(`${login}\0${chatterId}`).toString("base64url");
    await tab.page.getByText("The same from elsewhere").click();
    for (const name of await tab.page.locator("#snippet option").evaluateAll((options) => options.map(({ value }) => value))) {
      await tab.page.getByLabel("Tool").selectOption(name);
      const shown = await tab.page.locator("#code").textContent();
      assert.ok(!shown.includes(secret) && !shown.includes(chatterId), name);
    }
    await tab.page.getByRole("button", { name: "Copy" }).click();
    await tab.page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await tab.page.evaluate(() => navigator.clipboard.readText());
    assert.ok(copied.includes(secret));
    await tab.page.getByRole("button", { name: "Show the secret" }).click();
    assert.equal(await tab.page.locator("#snippet-text").textContent(), copied);
  });
});
