// Measures how fast a target is, beside what run.mjs says of how right it is:
//   node speed.mjs --name NAME --report FILE -- COMMAND ARGUMENT…
// It starts the command, which has to print `ready WS-URL …` as the command `gateway` does, several times:
//   - start: from the command to the first socket that is open, with $connect run
//   - handshake: a socket, through $connect and a warm function
//   - message: a text through the function of $default and back
//   - memory: what the server's own process grows by, for each of 1,000 idle sockets
// and writes medians into the target's column. It asserts nothing: times are a machine's.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Client } from "./client.mjs";

const text = { type: "string" };
const { values, positionals: command } = parseArgs({ options: { name: text, report: text, rounds: text }, allowPositionals: true });
const ROUNDS = Number(values.rounds ?? 5);
const SOCKETS = 1000;
// Handshakes at once while the idle sockets are opened: the function's processes are as many.
const AT_ONCE = 4;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function timed(times, act) {
  const each = [];
  for (let count = 0; count < times; count += 1) {
    const before = performance.now();
    await act();
    each.push(performance.now() - before);
  }
  return each;
}

// The target, from its command to the first open socket.
async function start() {
  const before = performance.now();
  const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const url = line.split(" ")[1];
  const { client, status } = await Client.open(url);
  if (!client) throw new Error(`the first handshake gets ${status}`);
  client.end();
  return { child, url, milliseconds: performance.now() - before };
}

const processes = () => readdirSync("/proc").filter((name) => /^\d+$/.test(name));

// What a process has open: nothing, if it has just ended.
function descriptors(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`));
  } catch {
    return [];
  }
}

// The resident memory of the process that listens at this port, in bytes.
function memory(port) {
  const inodes = ["tcp", "tcp6"].flatMap((name) =>
    readFileSync(`/proc/net/${name}`, "utf8").split("\n").slice(1).map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A" && parseInt(fields[1]?.split(":")[1], 16) === port).map((fields) => fields[9]),
  );
  const owner = processes().find((pid) => descriptors(pid).some((name) => inodes.includes(name.match(/^socket:\[(\d+)\]$/)?.[1])));
  return Number(readFileSync(`/proc/${owner}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) * 1024;
}

async function stop({ child }) {
  child.kill("SIGTERM");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

async function idleMemory(url) {
  const port = Number(new URL(url).port);
  const before = memory(port);
  const sockets = [];
  const open = async () => {
    while (sockets.length < SOCKETS) {
      const at = sockets.push(undefined) - 1;
      sockets[at] = (await Client.open(url)).client;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, open));
  const grown = memory(port) - before;
  sockets.forEach((socket) => socket?.end());
  return grown / SOCKETS;
}

const starts = [];
for (let round = 1; round < ROUNDS; round += 1) {
  const target = await start();
  starts.push(target.milliseconds);
  await stop(target);
}
const target = await start();
starts.push(target.milliseconds);
const handshakes = await timed(100, async () => (await Client.open(target.url)).client.end());
const { client } = await Client.open(target.url);
const roundTrip = async () => {
  client.frame({ data: "{}" });
  await client.next(20_000);
};
await timed(20, roundTrip);
const messages = await timed(300, roundTrip);
const perSocket = await idleMemory(target.url);
await stop(target);

const speed = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${os.availableParallelism()} cores, ${os.cpus()[0].model}, load ${os.loadavg()[0].toFixed(0)}`,
  start: median(starts),
  handshake: median(handshakes),
  message: median(messages),
  kilobytesPerSocket: perSocket / 1024,
};
console.log(speed);
const report = JSON.parse(readFileSync(values.report, "utf8"));
report[values.name] = { ...report[values.name], speed };
writeFileSync(values.report, `${JSON.stringify(report, null, 1)}\n`);
process.exit();
