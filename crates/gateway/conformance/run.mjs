// Runs the conformance suite against a WebSocket API that template.json describes, wherever it is:
//   node run.mjs --target wss://ID.execute-api.REGION.amazonaws.com/STAGE [--connections https://…/@connections]
//                [--only GROUP-OR-ID] [--report FILE --name NAME]
// It prints a line for each case that fails, and exits with 1 if one does whose answer is known. With --report it adds the target's
// column to a file of results, from which `table.mjs` makes docs/gateway-conformance.md.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Client } from "./client.mjs";
import { differs } from "./match.mjs";
import { signed } from "./signed.mjs";

// How long an answer may take, in milliseconds. It is long, since a function may have to start.
const PATIENCE = Number(process.env.PATIENCE ?? 20_000);

const text = { type: "string" };
const options = { target: text, connections: text, only: text, report: text, name: text };
const { values } = parseArgs({ options });
if (!values.target) throw new Error("--target names the API, such as ws://127.0.0.1:8080/dev");
const target = values.target.replace(/\/$/, "");
const connections = values.connections ?? `${target.replace(/^ws/, "http")}/@connections`;
const stage = new URL(target).pathname;
const all = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8"));
const cases = all.filter(({ id, group }) => !values.only || [id, group].includes(values.only));

const words = { "{stage}": stage, "{stageName}": stage.split("/").at(-1) };
const filled = (value) => JSON.parse(JSON.stringify(value).replace(/\{stage(Name)?\}/g, (word) => words[word]));

// A run of one case: its socket, and what it remembers.
class Run {
  #client;
  #id;
  #kept = {};

  async step(step) {
    if (step.open) return this.#open(step.open, step.expect);
    if (!this.#client && !("id" in (step.call ?? {}))) {
      const refused = await this.#open({}, { status: 101 });
      if (refused) return refused;
    }
    if ("say" in step) return this.#client.frame({ data: said(step.say) });
    if (step.frame) return this.#client.frame({ ...step.frame, data: bytes(step.frame) });
    if (step.hear) return this.#hear(step.hear);
    if (step.silence) return this.#silent(step.silence);
    if (step.id) return this.#identify();
    if (step.call) return this.#call(step.call, step.expect);
    throw new Error(`no such step: ${JSON.stringify(step)}`);
  }

  async #open(how, expect) {
    const answer = await Client.open(target, how);
    this.#client = answer.client;
    return differs(expect, answer, this.#kept);
  }

  async #hear(pattern) {
    const heard = await this.#client.next(PATIENCE);
    if (pattern.json) heard.json = parsed(heard.text);
    return differs(pattern, heard, this.#kept);
  }

  async #silent(milliseconds) {
    const heard = await this.#client.next(milliseconds);
    return heard.nothing ? undefined : `it hears ${JSON.stringify(heard).slice(0, 300)}, and should hear nothing`;
  }

  async #identify() {
    this.#client.frame({ data: "{}" });
    const { text: event } = await this.#client.next(PATIENCE);
    this.#id = parsed(event)?.requestContext?.connectionId;
    return this.#id ? undefined : `its connectionId is not known: ${event}`;
  }

  async #call({ method, id = this.#id, encoded, ...content }, expect) {
    const body = method === "POST" || method === "PUT" ? bytes({ data: content.body, ...content }) : "";
    const url = `${connections}/${encoded || id.includes("=") ? encodeURIComponent(id) : id}`;
    const headers = signed(method, url, body);
    const response = await fetch(url, { method, headers, body: body === "" ? undefined : body });
    const answer = { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
    return differs(expect, { ...answer, json: parsed(answer.body) }, this.#kept);
  }

  end() {
    this.#client?.end();
  }
}

const said = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const bytes = (from) => (from.bytes ? Buffer.from(from.bytes) : from.size ? "x".repeat(from.size) : (from.data ?? ""));

function parsed(value) {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

async function failure({ steps }) {
  const run = new Run();
  try {
    for (const step of filled(steps)) {
      const difference = await run.step(step);
      if (difference) return difference;
    }
    return undefined;
  } catch (error) {
    return error.message;
  } finally {
    run.end();
  }
}

const results = {};
let failed = 0;
for (const one of cases) {
  const isKnown = one.source !== "not known";
  const difference = await failure(one);
  results[one.id] = difference ?? true;
  if (difference && isKnown) failed += 1;
  if (difference) console.log(`${isKnown ? "FAILED" : "other "} ${one.id}: ${one.title}\n       ${difference}`);
}
console.log(`${cases.length - failed} of ${cases.length} cases are as on AWS, or not known there`);
if (values.report) {
  const before = existsSync(values.report) ? JSON.parse(readFileSync(values.report, "utf8")) : {};
  const date = new Date().toISOString().slice(0, 10);
  before[values.name ?? target] = { date, results };
  writeFileSync(values.report, `${JSON.stringify(before, null, 1)}\n`);
}
process.exitCode = failed ? 1 : 0;
