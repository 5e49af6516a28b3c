// Runs the conformance suite against a WebSocket API that template.json describes, wherever it is:
//   node run.mjs --target wss://ID.execute-api.REGION.amazonaws.com/STAGE [--connections https://…/@connections]
//                [--authorizer URL-OF-template-authorizer.json] [--throttled URL-OF-template-throttled.json]
//                [--lambda https://lambda.REGION.amazonaws.com/2015-03-31/functions]
//                [--javascript FOLDER-WITH-node_modules] [--boto3 PYTHON] [--rust PROGRAM] [--cli AWS-COMMAND] [--hours]
//                [--only GROUP-OR-ID] [--report FILE --name NAME]
// Cases that need what is not given are not run. It prints a line for each case that fails, and exits with 1 if one does whose
// answer is known. With --report it adds the target's column to a file of results, from which `table.mjs` makes
// docs/gateway-conformance.md.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { parseArgs } from "node:util";
import { Run, sleep } from "./play.mjs";

const text = { type: "string" };
const targets = { target: text, connections: text, authorizer: text, throttled: text, lambda: text };
const sdks = { javascript: text, boto3: text, rust: text, cli: text };
const options = { ...targets, ...sdks, hours: { type: "boolean" }, only: text, report: text, name: text };
const { values } = parseArgs({ options });
if (!values.target) throw new Error("--target names the API, such as ws://127.0.0.1:8080/dev");
const all = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8"));
const isChosen = ({ id, group, needs }) => (!values.only || [id, group].includes(values.only)) && (!needs || values[needs]);
const cases = all.filter(isChosen);

// A case may take this long, in milliseconds, unless it says otherwise.
const LIMIT = 90_000;

async function failure({ steps, limit = LIMIT }) {
  const run = new Run(values);
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(`it does not end within ${limit} ms`), limit);
  });
  try {
    return await Promise.race([run.all(steps), late]);
  } catch (error) {
    return error.message.slice(0, 300);
  } finally {
    clearTimeout(timer);
    run.end();
  }
}

// Cases that wait for a time-out run beside the others, which run one after the other.
const beside = cases.filter(({ beside }) => beside).map((one) => [one, failure(one)]);
// Whether the target can be reached, within this time in milliseconds.
async function isUp(patience) {
  const { hostname, port, protocol } = new URL(values.target);
  for (const end = Date.now() + patience; ; await sleep(100)) {
    const socket = net.connect(Number(port) || (protocol === "wss:" ? 443 : 80), hostname);
    const opening = new Promise((resolve) => socket.on("connect", () => resolve(true)).on("error", () => resolve(false)));
    const isOpen = await opening;
    socket.destroy();
    if (isOpen || Date.now() > end) return isOpen;
  }
}

// A case that ends the target for everybody has failed, whatever came before. The target then has half a minute to be started again
// by whoever keeps it, so that the next case does not fail for that.
async function alone(one) {
  const difference = await failure(one);
  // What a frame does to a target may take a moment.
  if (one.steps.some(({ frame, leave }) => frame ?? leave)) await sleep(60);
  if (await isUp(0)) return difference;
  await isUp(30_000);
  return "it ends the target";
}

const [results, told] = [{}, []];
let failed = 0;
async function conclude(one, ended) {
  const difference = await ended;
  const isKnown = one.source !== "not known";
  results[one.id] = difference ?? true;
  if (difference && isKnown) failed += 1;
  if (difference) told.push(`${isKnown ? "FAILED" : "other "} ${one.id}: ${one.title}\n       ${difference}`);
}
// Those whose function runs out of time, or whose process ends, come last: a target may not start another, and would fail in
// whatever follows.
const inTurn = cases.filter(({ beside }) => !beside).toSorted((a, b) => Number(a.last ?? false) - Number(b.last ?? false));
for (const one of inTurn) await conclude(one, alone(one));
for (const [one, ended] of beside) await conclude(one, ended);

if (told.length) console.log(told.join("\n"));
const notRun = all.length - cases.length;
console.log(`${cases.length - failed} of ${cases.length} cases are as on AWS, or not known there; ${notRun} not run`);
if (values.report) {
  const before = existsSync(values.report) ? JSON.parse(readFileSync(values.report, "utf8")) : {};
  const date = new Date().toISOString().slice(0, 10);
  const name = values.name ?? values.target;
  // Of a part of the cases, the others stay as they were.
  const earlier = values.only ? before[name]?.results : {};
  before[name] = { ...before[name], date, results: { ...earlier, ...results } };
  writeFileSync(values.report, `${JSON.stringify(before, null, 1)}\n`);
}
process.exit(failed ? 1 : 0);
