/** A page that was loaded before the functions were replaced: an older client against the current binaries. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Local } from "../harness/local.mjs";
import { connect } from "./page-of-before.min.mjs";
import { until } from "./world.mjs";

const { WebSocket } = createRequire(new URL("../../web/package.json", import.meta.url))("ws");
/** @type {Local} */ let local;

before(async () => {
  local = await Local.start(["--chaos=1"]);
  await local.chaos("DELETE");
});

after(() => local?.stop());

test("an_old_page_gets_updates_from_new_functions_before_while_and_after_its_socket_is_open", async (t) => {
  const { login, chatterId } = await local.logIn("old-page");
  const heard = [];
  const notify = (message) => local.invoke({ login, body: { message } });
  await notify("before the socket opened");
  const chatter = connect({ url: local.socket, login, chatterId, WebSocket });
  t.after(() => chatter.close());
  let synced = 0;
  chatter.addEventListener("stats-updated", ({ detail }) => heard.push(detail.body.message));
  chatter.addEventListener("synced", () => (synced += 1));
  chatter.addEventListener("error", ({ detail }) => heard.push(detail.message));
  await until(() => synced === 1, "the first sync");
  await notify("while it was open");
  await until(() => heard.length === 2, "the update while the socket was open");
  await local.faults({ connectsFailed: 1 });
  await local.cut();
  await until(() => chatter.state !== "open", "the socket to be lost");
  await notify("while it was lost");
  await local.faults({});
  await until(() => heard.length === 3, "the update while the socket was lost");
  assert.deepEqual(heard, ["before the socket opened", "while it was open", "while it was lost"]);
});
