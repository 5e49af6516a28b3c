/** Tabs with this version of the client beside tabs with the version before, whose messages to one another had no type. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import { connect } from "../../tests/browser/page-of-before.min.mjs";
import { browser } from "./browser.mjs";
import { CHATTER_ID, LOGIN, page, pageAt, until } from "./server.mjs";

test("tabs_of_the_version_before_and_of_this_one_have_a_socket_each_and_do_not_disturb_each_other", async (t) => {
  const { locks } = browser(t);
  const { server, line, chatter, heard, versions } = await pageAt(41, t);
  const before = connect({ url: server.url, login: LOGIN, chatterId: CHATTER_ID, WebSocket });
  t.after(() => before.close());
  const old = [];
  before.addEventListener("stats-updated", ({ detail }) => old.push(detail.version));
  const oldLine = await server.line(2);
  await oldLine.sync(1);
  oldLine.reply({ cursor: { epoch: "E", version: 41 } });
  assert.deepEqual([...locks.names].map((name) => name.split(":")[0]).sort(), ["chatterbox", "chatterbox-2"]);
  for (const one of [line, oldLine]) one.push(42);
  await until(() => versions().includes(42) && old.includes(42));
  // Another tab of this version shares with its like.
  const other = await page(t, { server });
  await until(() => other.chatter.state === "open");
  assert.deepEqual([chatter.holdsSocket, before.holdsSocket, other.chatter.holdsSocket], [true, true, false]);
  // When one version's tab is closed, the other version's tab goes on as it was.
  before.close();
  await until(() => oldLine.closed);
  line.push(43);
  await until(() => versions().includes(43));
  assert.deepEqual([versions(), old, server.attempts], [[42, 43], [42], 2]);
  assert.deepEqual(heard.states, [{ state: "open" }]);
  assert.deepEqual(heard.errors, []);
});
