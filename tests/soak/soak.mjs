/**
 * A soak: hundreds of clients with the real client, pipelines that update their logins as fast as they can, and
 * `chatter local --chaos`, which breaks everything in turn. Most clients have a clock that is wrong, or jumps, and proxies
 * between the functions and the services that they call drop idle connections. In the end every client must have got the
 * newest update of each topic.
 *
 *     node soak.mjs [--seconds 20] [--logins 60] [--clients 4] [--pages 2] [--seed 1]
 *
 * `--clients` is the number of clients of each login under Node, `--pages` the number of logins that also have two tabs in
 * Chromium, which share a socket. In the calm at the end, one more client of each login joins under Node, and the same
 * number of tabs in Chromium again; they ask for everything since the beginning.
 */

import { parseArgs } from "node:util";
import { setTimeout as pause } from "node:timers/promises";
import { Browser } from "./browser.mjs";
import { Crowd } from "./crowd.mjs";
import { PACE } from "./pace.mjs";
import { Pipeline } from "./pipeline.mjs";
import { System } from "./system.mjs";
import { Trouble } from "./trouble.mjs";

/** Number of pipelines, half of them for each half of the logins. With the last three a login has 16 topics, the limit. */
const PIPELINES = 10;
/** Longest time for the clients to catch up after the chaos, in milliseconds. Seconds are enough on an idle machine. */
const PATIENCE = 240_000;
/** Age in milliseconds up to which a 410 does not prove a socket dead: API Gateway also answers 410 while one opens. */
const YOUNG = 60_000;
/** Most events that may be delivered again after all idle connections were dropped: one, for the sake of a busy machine. */
const FORGOTTEN = 1;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    logins: { type: "string", default: "60" },
    clients: { type: "string", default: "4" },
    pages: { type: "string", default: "2" },
    seed: { type: "string", default: "1" },
  },
});
const [seconds, loginCount, clientsOfEach, pageCount] = ["seconds", "logins", "clients", "pages"].map((name) => Number(values[name]));

const failures = [];
/** Records a failure and goes on, since the table at the end helps to explain it. */
const check = (holds, what) => holds || failures.push(what);

const system = await System.start(values.seed);
const { local } = system;
let crowd;
let browser;
try {
  await local.chaos("DELETE");
  const begun = performance.now();
  const logins = Array.from({ length: loginCount }, (_, n) => `soaker ${n}`);
  crowd = new Crowd(local);
  browser = await Browser.start(local);
  await crowd.join(logins, clientsOfEach);
  await browser.join(logins.slice(0, pageCount));
  const everybody = async () => [...(await crowd.reports()), ...(await browser.reports())];
  const allOpen = async () => (await everybody()).every(({ state }) => state === "open");
  await until(allOpen, "all sockets to be open");

  const hurry = async (pace) => {
    for (const one of [crowd, browser]) await one.hurry(pace);
  };
  await hurry(PACE);
  await local.chaos("PUT");
  const half = (n) => logins.filter((_, place) => place % 2 === n % 2);
  const pipelines = Array.from({ length: PIPELINES }, (_, n) => new Pipeline(n, local, half(n)));
  const trouble = new Trouble(system, crowd, browser);
  const end = performance.now() + seconds * 1000;
  const running = Promise.all(pipelines.map((pipeline) => pipeline.run(() => performance.now() < end)));
  await running.finally(() => trouble.end());
  await local.chaos("DELETE");
  await hurry(1);
  const calmSince = Date.now();
  const calm = performance.now();
  const last = ["lossy", "wide", "last"].map((name) => new Pipeline(name, local, logins));
  // No socket breaks any more, so no reconnect brings a sync: only gaps show the clients that half of these posts are lost.
  await local.faults({ postsLost: 0.5, postsDelayed: 0.2, postsDenied: 0.1 });
  await last[0].once();
  await local.faults({});
  // A new notify opens as many connections to the tables as it ever has, and all are dropped. Its next calls use them.
  await local.kill("notify");
  await last[1].atOnce();
  system.forget(1, "reset");
  await last[2].once();
  check(last[2].again <= FORGOTTEN, `${last[2].again} events were delivered again because idle connections were dropped`);
  // Pages that are loaded only now, and ask for everything since the beginning, by their own clocks.
  const age = performance.now() - begun + 60_000;
  await crowd.join(logins, 1, age);
  await browser.join(logins.slice(0, pageCount), age);

  const all = [...pipelines, ...last];
  const newest = expectation(all);
  const lacking = async () => (await everybody()).flatMap((report) => missing(report, newest.get(report.login)));
  const caughtUp = async () => {
    const isDone = (await everybody()).every(({ state }) => state === "open") && (await lacking()).length === 0;
    // The event `online` makes clients that wait try at once, and clients with a dead link notice it.
    if (!isDone) for (const one of [crowd, browser]) await one.online();
    return isDone;
  };
  const lost = await until(caughtUp, "everybody to catch up", 2_000).then(() => [], lacking);
  const caughtUpAfter = ((performance.now() - calm) / 1000).toFixed(1);
  for (const what of lost.slice(0, 10)) failures.push(`lost: ${what}`);
  const reports = await everybody();
  check(reports.every(({ strangers }) => strangers === 0), "a client got another login's update");
  check(reports.every(({ disorder }) => disorder === 0), "a client got an update twice, or after a newer one");

  const versions = await system.versions();
  const sent = all.flatMap((pipeline) => pipeline.sent);
  for (const login of logins) {
    const count = sent.filter((update) => update.login === login).length;
    check(versions.get(login) === count, `${login}: ${count} updates were sent, ${versions.get(login)} were recorded`);
  }
  // Rows of the sockets that were lost last are deleted a moment later.
  const sockets = reports.filter(({ holdsSocket }) => holdsSocket).length;
  check(sockets === reports.length - 2 * pageCount, `${sockets} of ${reports.length} clients hold a socket`);
  let [rows, open, overdue] = [[], 0, 0];
  const tidy = async () => {
    rows = await system.rows();
    open = rows.filter(({ isOpen }) => isOpen).length;
    overdue = rows.filter((row) => !row.isOpen && row.connectedAt < calmSince - YOUNG).length;
    return open === sockets && overdue === 0;
  };
  await until(tidy, "the rows to be in order", 1_000).catch(() => {});
  check(open === sockets, `${sockets} sockets are open, ${open} of them have a row`);
  check(overdue === 0, `${overdue} rows of dead sockets were not deleted by the notify that should have found them`);
  const { injected, databaseThrottled } = await local.chaos("GET");
  const leaked = await system.stop([crowd, browser]);
  check(leaked.length === 0, `${leaked.length} processes still run after the system has stopped`);
  check(local.leaked().length === 0, `${local.leaked().length} chatter IDs were printed`);

  const dropped = (manner) => system.wires.reduce((sum, wire) => sum + wire.dropped[manner], 0);
  const total = (name) => reports.reduce((sum, report) => sum + report[name], 0);
  table({
    "clients": `${reports.length} (${4 * pageCount} of them tabs in Chromium)`,
    "  with a wrong clock": reports.filter(({ clock }) => clock !== "right").length,
    "jumps of clocks": trouble.jumps,
    "updates recorded": sent.length,
    "delivered live": total("live"),
    "recovered by sync": total("synced"),
    "by another tab's socket": total("shared"),
    "duplicates dropped": total("received") - total("live") - total("synced"),
    "reconnects": total("opened") - reports.length,
    "events delivered again": all.reduce((sum, pipeline) => sum + pipeline.again, 0),
    "rows of sockets that just died": rows.length - open,
    "connections dropped": dropped("reset") + dropped("silent"),
    "  answered by RST": dropped("reset"),
    "  not answered": dropped("silent"),
    "faults injected": Object.values(injected).reduce((sum, count) => sum + count, databaseThrottled),
    ...Object.fromEntries(Object.entries(injected).map(([name, count]) => [`  ${name}`, count])),
    "  database throttled": databaseThrottled,
    "up to date after": `${caughtUpAfter} s of calm`,
    "lost": lost.length,
  });
} catch (error) {
  failures.push(error.stack);
} finally {
  await system.stop([crowd, browser]);
}
for (const failure of failures) process.stderr.write(`FAILED ${failure}\n`);
process.exit(failures.length ? 1 : 0);

/** The newest update of each topic, for each login: a map from topic to id. */
function expectation(pipelines) {
  const newest = new Map();
  for (const { login, topics, id } of pipelines.flatMap(({ sent }) => sent)) {
    if (!newest.has(login)) newest.set(login, new Map());
    for (const topic of topics) newest.get(login).set(topic, id);
  }
  return newest;
}

/** The updates that a client should have and does not, one line each. */
function missing({ login, state, clock, newest }, expected) {
  const topics = [...expected].filter(([topic, id]) => newest[topic] !== id);
  return topics.map(([topic, id]) => `${login} (${state}, clock ${clock}) has ${newest[topic]} of ${topic}, not ${id}`);
}

async function until(condition, what, every = 100) {
  const deadline = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE / 1000} s in vain for ${what}`);
    await pause(every);
  }
}

function table(lines) {
  const width = Math.max(...Object.keys(lines).map((name) => name.length));
  for (const [name, value] of Object.entries(lines)) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
}
