/**
 * A soak: hundreds of clients with the real client, pipelines that update their logins as fast as they can, and
 * `chatter local --chaos`, which breaks everything in turn. Most clients have a clock that is wrong, or jumps, and what lies
 * between the functions and what they call forgets their idle connections. When it ends, nobody may have missed anything.
 *
 *     node soak.mjs [--seconds 20] [--logins 60] [--clients 4] [--pages 2] [--seed 1]
 *
 * `--clients` is how many there are of each login under Node, `--pages` how many logins have two tabs in Chromium, which
 * share a socket. When all is calm again one more client of each login comes under Node, and as many tabs again, which ask
 * for all that happened.
 */

import { parseArgs } from "node:util";
import { setTimeout as pause } from "node:timers/promises";
import { Browser } from "./browser.mjs";
import { Crowd } from "./crowd.mjs";
import { PACE } from "./pace.mjs";
import { Pipeline } from "./pipeline.mjs";
import { System } from "./system.mjs";
import { Trouble } from "./trouble.mjs";

/** How many pipelines there are at once: two for each half of the logins. With two topics each, a login may have no more. */
const PIPELINES = 10;
/** How long the clients have to catch up once the chaos is over: seconds will do, but on a machine that has much else to do. */
const PATIENCE = 240_000;
/** A row is taken for dead on a 410 only when it is older than this: API Gateway says 410 of sockets that open, too. */
const YOUNG = 60_000;
/** How many events may have to come again after all idle connections were forgotten: a busy machine gets some leave. */
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
/** Notes what is wrong, and goes on: the table is worth most when something is. */
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
  // No socket breaks any more, so no reconnect helps: only a gap tells that half of these posts are lost.
  await local.faults({ postsLost: 0.5, postsDelayed: 0.2, postsDenied: 0.1 });
  await last[0].once();
  await local.faults({});
  // One notify with as many connections to the tables as it ever has, all of them forgotten: whatever it tries is one of these.
  await local.kill("notify");
  await last[1].atOnce();
  system.forget(1, "reset");
  await last[2].once();
  check(last[2].again <= FORGOTTEN, `${last[2].again} events had to come again since idle connections were forgotten`);
  // Pages that are loaded only now, and say from when on they want to hear, by their own clocks.
  const age = performance.now() - begun + 60_000;
  await crowd.join(logins, 1, age);
  await browser.join(logins.slice(0, pageCount), age);

  const all = [...pipelines, ...last];
  const newest = expectation(all);
  const lacking = async () => (await everybody()).flatMap((report) => missing(report, newest.get(report.login)));
  const caughtUp = async () => {
    const isDone = (await everybody()).every(({ state }) => state === "open") && (await lacking()).length === 0;
    // When the network is back, whoever waits for the next attempt makes it, and whose link is dead finds that out.
    if (!isDone) for (const one of [crowd, browser]) await one.online();
    return isDone;
  };
  const lost = await until(caughtUp, "everybody to catch up", 2_000).then(() => [], lacking);
  const caughtUpAfter = ((performance.now() - calm) / 1000).toFixed(1);
  for (const what of lost.slice(0, 10)) failures.push(`lost: ${what}`);
  const reports = await everybody();
  check(reports.every(({ strangers }) => strangers === 0), "a client has heard of another login's update");
  check(reports.every(({ disorder }) => disorder === 0), "a client has heard an update twice, or after a newer one");

  const versions = await system.versions();
  const sent = all.flatMap((pipeline) => pipeline.sent);
  for (const login of logins) {
    const count = sent.filter((update) => update.login === login).length;
    check(versions.get(login) === count, `${login}: ${count} updates were sent, ${versions.get(login)} were recorded`);
  }
  // The last sockets to be lost take their rows with them in a moment.
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
  check(overdue === 0, `${overdue} rows of dead sockets have outlived the notify that had to find them`);
  const { injected, databaseThrottled } = await local.chaos("GET");
  const leaked = await system.stop([crowd, browser]);
  check(leaked.length === 0, `${leaked.length} processes have outlived the system`);
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
    "rows of sockets just dead": rows.length - open,
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

/** Of each login the newest update of each topic: topic to id. */
function expectation(pipelines) {
  const newest = new Map();
  for (const { login, topics, id } of pipelines.flatMap(({ sent }) => sent)) {
    if (!newest.has(login)) newest.set(login, new Map());
    for (const topic of topics) newest.get(login).set(topic, id);
  }
  return newest;
}

/** What a client should have, and has not. */
function missing({ login, state, clock, newest }, expected) {
  const topics = [...expected].filter(([topic, id]) => newest[topic] !== id);
  return topics.map(([topic, id]) => `${login} (${state}, clock ${clock}) has ${newest[topic]} of ${topic}, not ${id}`);
}

async function until(condition, what, every = 100) {
  const deadline = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await pause(every);
  }
}

function table(lines) {
  const width = Math.max(...Object.keys(lines).map((name) => name.length));
  for (const [name, value] of Object.entries(lines)) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
}
