/** The phases of a `SocketKeeper`: every transition of its table happens, no other does, and the README's picture shows them. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { LoggedOut } from "../src/index.js";
import { TRANSITIONS } from "../src/phases.js";
import { SocketKeeper } from "../src/socket-keeper.js";
import { browser } from "./browser.mjs";
import { MINUTE, SECOND, stopClock } from "./clock.mjs";
import { until } from "./server.mjs";

const edges = Object.entries(TRANSITIONS).flatMap(([from, next]) => Object.entries(next).map(([to, cause]) => `${from} --> ${to}: ${cause}`));
const withoutCause = (edge) => edge.split(":")[0];

/** A socket that does what the test says. */
class Socket extends EventTarget {
  readyState = 0;
  static all = [];

  constructor() {
    super();
    Socket.all.push(this);
  }

  send() {}
  close() {}
  say = (type, fields = {}) => this.dispatchEvent(Object.assign(new Event(type), fields));
  opens = () => this.say("open");
  fails = () => this.say("error");
  ends = () => this.say("close", { code: 1006 });
  closing = (reason) => this.say("message", { data: JSON.stringify({ type: "closing", reason, retry: false }) });
}

const LOGGED_OUT = { state: "refused", reason: "logged-out" };
const last = () => Socket.all.at(-1);
const stop = ({ keeper }) => keeper.stop();
const logOut = ({ keeper }) => keeper.rest(LOGGED_OUT);

/** How a keeper that was never started comes to each phase. */
const reach = {
  stopped: async () => {},
  preparing: async ({ keeper }) => keeper.start(),
  opening: (scene) => scene.take("preparing", "opening"),
  open: (scene) => scene.take("opening", "open"),
  renewing: (scene) => scene.take("open", "renewing"),
  succeeding: (scene) => scene.take("renewing", "succeeding"),
  waiting: (scene) => scene.take("opening", "waiting"),
  resting: (scene) => scene.take("open", "resting"),
};

/** What causes each transition. */
const causes = {
  stopped: { preparing: ({ keeper }) => keeper.start() },
  preparing: { opening: (scene) => scene.give(), waiting: (scene) => scene.refuse(new Error("no")), resting: (scene) => scene.refuse(new LoggedOut()), stopped: stop },
  opening: { open: () => last().opens(), waiting: () => last().fails(), resting: logOut, stopped: stop },
  open: { renewing: ({ keeper }) => keeper.addTopics(["more"]), waiting: () => last().ends(), resting: () => last().closing("replaced"), stopped: stop },
  renewing: { succeeding: (scene) => scene.give(), waiting: () => last().ends(), resting: () => last().closing("revoked"), stopped: stop },
  succeeding: {
    open: () => last().opens(),
    renewing: () => last().fails(),
    opening: () => Socket.all.at(-2).ends(),
    resting: () => Socket.all.at(-2).closing("revoked"),
    stopped: stop,
  },
  waiting: { preparing: ({ tick }) => tick(SECOND), resting: logOut, stopped: stop },
  resting: { preparing: ({ keeper }) => keeper.retry(), waiting: ({ keeper }) => keeper.revive(true), stopped: stop },
};

/** A keeper that is about to be started, whose credentials come when the test says so. */
function scene(t) {
  const tick = stopClock(t);
  Socket.all.length = 0;
  const seen = [];
  let asked;
  let takeTurn;
  const credentials = () => new Promise((resolve, reject) => (asked = { resolve, reject }));
  const turn = () => new Promise((resolve) => (takeTurn = resolve));
  const log = (line, details) => line.startsWith("phase ") && seen.push(`${details.from} --> ${line.slice("phase ".length)}`);
  const options = { url: "ws://127.0.0.1/", login: "friendless", credentials, topics: ["plays"], WebSocket: Socket, log };
  const keeper = new SocketKeeper(options, () => {}, turn);
  t.after(() => keeper.stop());
  const scene = {
    keeper,
    tick,
    seen,
    async give() {
      asked.resolve({ chatterId: "secret" });
      await until(() => takeTurn);
      takeTurn();
      takeTurn = undefined;
    },
    refuse: (error) => asked.reject(error),
    async take(from, to) {
      await reach[from](scene);
      await causes[from][to](scene);
      await until(() => seen.at(-1) === `${from} --> ${to}`, `${from} --> ${to}`);
    },
  };
  return scene;
}

for (const [from, next] of Object.entries(TRANSITIONS)) {
  for (const to of Object.keys(next)) {
    test(`a_keeper_that_is_${from}_may_become_${to}`, async (t) => {
      const { take, seen } = scene(t);
      await take(from, to);
      const known = edges.map(withoutCause);
      assert.deepEqual(seen.filter((edge) => !known.includes(edge)), []);
    });
  }
}

test("a_keeper_waits_when_the_browser_says_that_it_is_offline_while_a_socket_is_being_opened", async (t) => {
  const { online } = browser(t);
  for (const phase of ["preparing", "opening"]) {
    await t.test(phase, async (t) => {
      online(true);
      const { keeper, seen, ...rest } = scene(t);
      await reach[phase]({ keeper, seen, ...rest });
      online(false);
      keeper.offline();
      assert.equal(seen.at(-1), `${phase} --> waiting`);
    });
  }
});

test("a_successor_that_is_being_opened_is_the_only_one_when_the_socket_becomes_too_old", async (t) => {
  const { take, give, tick, keeper, seen } = scene(t);
  await take("opening", "open");
  // The socket becomes too old after an hour. Until then it is never silent.
  for (let minutes = 0; minutes < 59; minutes += 1) {
    tick(MINUTE);
    last().say("message", { data: "{}" });
  }
  tick(50 * SECOND);
  keeper.addTopics(["more"]);
  await give();
  await until(() => seen.at(-1) === "renewing --> succeeding");
  tick(20 * SECOND);
  await new Promise(setImmediate);
  assert.equal(seen.at(-1), "renewing --> succeeding");
  assert.equal(Socket.all.length, 2);
});

test("the_picture_in_the_readme_shows_the_table_of_phases", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const picture = readme.match(/```mermaid\nstateDiagram-v2\n([^`]*)```/)?.[1] ?? "";
  const drawn = picture.split("\n").map((line) => line.trim()).filter((line) => line.includes(" --> ") && !line.startsWith("[*]"));
  assert.deepEqual(drawn.sort(), [...edges].sort());
});
