/** What the demo page shows of the system: events and answers, log lines, tables; and that no chatter ID is among it. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { leaked } from "../harness/secrets.mjs";
import { World, until } from "./world.mjs";

const someone = () => `friendless-${randomUUID().slice(0, 8)}`;

describe("what the system did", { timeout: 240_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start();
  });

  after(() => world?.stop());

  const step = (tab, source, words) => tab.page.locator(`#timeline [data-source=${source}]`, { hasText: words }).first();
  const detail = (tab, words) => tab.page.locator("#detail", { hasText: words }).waitFor();

  /** All that the feed sends from now on. */
  async function listen(t) {
    const stop = new AbortController();
    t.after(() => stop.abort());
    const response = await fetch(new URL("demo/activity?age=600000", world.url), { signal: stop.signal });
    const heard = { text: "" };
    const read = async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body) heard.text += decoder.decode(chunk, { stream: true });
    };
    read().catch(() => {});
    return heard;
  }

  test("each_event_is_shown_with_its_answer_and_each_line_of_a_functions_log", async (t) => {
    const tab = await world.tab(t);
    const login = someone();
    await tab.logIn(login);
    await tab.notify("watched", "plays");
    await step(tab, "functions", "invocation connect $connect").click();
    await detail(tab, '"eventType": "CONNECT"');
    await detail(tab, '"statusCode": 200');
    await detail(tab, "‹masked ");
    await step(tab, "functions", "invocation default $default").click();
    await detail(tab, '"action": "sync"');
    await step(tab, "functions", "invocation notify").click();
    await detail(tab, '"message": "watched"');
    await detail(tab, `"${login}": 1`);
    await step(tab, "log", "notify").click();
    await detail(tab, "The whole line");
    assert.deepEqual(tab.errors, []);
  });

  test("the_tables_show_the_chatter_id_as_a_hash_the_socket_and_the_version_of_each_topic", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await tab.page.getByText("In the tables").click();
    const table = (name) => tab.page.locator("#tables-shown .scroll", { hasText: name });
    await table("chatters").getByText("good").waitFor();
    await table("connections").getByText("open", { exact: true }).waitFor();
    await tab.notify("one", "plays");
    await table("updates: version 1").getByText('{"message":"one"}').waitFor();
    await tab.notify("two", "scores");
    await table("updates: version 2").getByText("scores").waitFor();
    await tab.page.getByRole("button", { name: "Log out" }).click();
    await tab.page.locator("#tables").waitFor({ state: "hidden" });
    assert.deepEqual(tab.errors, []);
  });

  test("no_chatter_id_is_sent_by_the_feed_or_shown_in_whatever_form_and_place_it_comes", async (t) => {
    const heard = await listen(t);
    const tab = await world.tab(t);
    const login = someone();
    await tab.logIn(login);
    const { chatterId, url } = world.sessions.at(-1);
    // By mistake somebody puts it into everything.
    const forms = [chatterId, chatterId.toUpperCase(), chatterId.replaceAll("-", ""), Buffer.from(`${login}\0${chatterId}`).toString("base64url")];
    for (const [n, form] of forms.entries()) await world.local.invoke({ login, topic: `topic-${n}`, id: `${n}-${form}`, body: { [form]: form } });
    await world.local.invoke({ login, topics: chatterId });
    await tab.page.evaluate(
      async ([url, login, chatterId]) => {
        const { openSocket } = await import("/network.js");
        openSocket().send(JSON.stringify({ action: "sync", login, chatterId, cursor: chatterId }));
        openSocket().send(`junk ${chatterId}`);
        const query = new WebSocket(`${url}?login=${encodeURIComponent(login)}&chatter=${chatterId}`);
        await new Promise((over) => (query.onopen = query.onerror = over));
        query.close();
      },
      [url, login, chatterId],
    );
    await until(() => heard.text.includes("junk ‹masked"), "the junk in the feed");
    await until(() => heard.text.includes("topic-3"), "the last update in the feed");
    await world.notify(login, "the end");
    await tab.sees("the end");
    await until(() => heard.text.includes("the end"), "the end of the feed");
    await step(tab, "functions", "invocation notify").click();
    await tab.page.getByText("In the tables").click();
    await tab.page.locator("#tables-shown").getByText("topic-3").waitFor();
    const shown = await tab.page.locator("#behind").textContent() + (await tab.page.locator("#tables").textContent());
    assert.deepEqual(leaked(heard.text, [chatterId]), []);
    assert.deepEqual(leaked(shown, [chatterId]), []);
    const tables = await (await fetch(new URL(`demo/tables?login=${login}`, world.url))).text();
    assert.deepEqual(leaked(tables, [chatterId]), []);
  });
});
