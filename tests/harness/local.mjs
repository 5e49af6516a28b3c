/** The real `chatter local` as a process, with the calls that a site, a pipeline and an operator make. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { refuseStale } from "./programs.mjs";
import { leaked } from "./secrets.mjs";

const BUILT = fileURLToPath(new URL("../../target/debug/chatter", import.meta.url));
/** The program: what cargo has built, or what `CHATTER` names. The functions' own programs are in the same folder. */
export const CHATTER = process.env.CHATTER ?? BUILT;
/** Longest time to start, and to stop, in milliseconds. */
const PATIENCE = 30_000;
/** Longest time for which an event is delivered again, in milliseconds; on a busy machine an attempt takes many seconds. */
const DELIVERY = 240_000;

export class Local {
  /** Every line that its processes printed. */
  printed = [];
  /** Chatter IDs that `logIn` was given. @type {string[]} */
  chatterIds = [];
  /** Exit code and signal, once the process ends. @type {Promise<{ code: number | null, signal: string | null }>} */
  exit;
  /** URLs of the demo page, the sockets, the functions (followed by a function's name) and DynamoDB. */
  page;
  socket;
  functions;
  dynamodb;

  /** Starts it on free ports or the given `--port`, with these flags and variables, and waits for its line `ready`. */
  static async start(flags = [], environment = {}) {
    if (CHATTER === BUILT) await refuseStale(dirname(CHATTER));
    const local = new Local();
    const anyPort = flags.includes("--port") ? [] : ["--port", "0"];
    const parameters = ["local", ...anyPort, "--dynamodb-port", "0", ...flags];
    const env = { ...process.env, ...environment };
    local.process = spawn(CHATTER, parameters, { stdio: ["ignore", "pipe", "pipe"], env });
    local.exit = once(local.process, "exit").then(([code, signal]) => ({ code, signal }));
    const lines = [local.process.stdout, local.process.stderr].map((input) => createInterface({ input }));
    for (const stream of lines) stream.on("line", (line) => local.printed.push(line));
    const tooEarly = local.exit.then(() => {
      throw new Error(`${CHATTER} ended before it was ready:\n${local.printed.slice(-20).join("\n")}`);
    });
    try {
      // The line `ready` is the first on standard output.
      const [ready] = await Promise.race([once(lines[0], "line", { signal: AbortSignal.timeout(PATIENCE) }), tooEarly]);
      [local.page, local.socket, local.functions, local.dynamodb] = ready.match(/\w+:\/\/[^\s"]+/g);
    } catch (error) {
      await local.stop().catch(() => {});
      throw error;
    }
    return local;
  }

  /** Logs a user in as the site's backend does: a fresh chatter ID. */
  async logIn(login) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(new URL("demo/login", this.page), { method: "POST", headers, body: JSON.stringify({ login }) });
    if (!response.ok) throw new Error(`no chatter ID: ${response.status}`);
    const session = await response.json();
    this.chatterIds.push(session.chatterId);
    return session;
  }

  /** Invokes notify: `ok` says whether it succeeded, and `answer` is its report or its error. */
  async invoke(event) {
    const response = await fetch(`${this.functions}/notify/invocations`, { method: "POST", body: JSON.stringify(event) });
    return { ok: response.ok && !response.headers.has("x-amz-function-error"), answer: await response.json() };
  }

  /**
   * Delivers an event until notify has accepted all of it, as a queue does: of a batch of SQS records only the failed ones
   * are delivered again. Returns the number of deliveries after the first.
   */
  async deliver(event) {
    const deadline = performance.now() + DELIVERY;
    for (let again = 0; ; again += 1) {
      const { ok, answer } = await this.invoke(event);
      const failed = new Set(answer.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
      if (ok && failed.size === 0) return again;
      if (ok) event = { ...event, Records: event.Records.filter(({ messageId }) => failed.has(messageId)) };
      if (performance.now() > deadline) throw new Error(`notify did not accept an event for ${DELIVERY / 1000} s`);
      await pause(50);
    }
  }

  /** Turns the chaos on (`PUT`) or off (`DELETE`), and returns its state, as `GET` does. Needs `--chaos`. */
  async chaos(method) {
    const response = await fetch(new URL("demo/chaos", this.page), { method });
    return response.json();
  }

  /** Injects these faults into the gateway, and no others. Needs `--chaos`. */
  async faults(faults) {
    const response = await fetch(new URL("_gateway/faults", this.page), { method: "PUT", body: JSON.stringify(faults) });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Cuts every socket, without a close frame. Needs `--chaos`. */
  async cut() {
    await fetch(new URL("_gateway/sockets?frame=false", this.page), { method: "DELETE" });
  }

  /** Kills every process of a function. Needs `--chaos`. */
  async kill(name) {
    await fetch(new URL(`_gateway/processes/${name}`, this.page), { method: "DELETE" });
  }

  /** All items of a table. */
  async scan(TableName) {
    const items = [];
    let ExclusiveStartKey;
    do {
      const page = await this.#ask("Scan", { TableName, ConsistentRead: true, ExclusiveStartKey });
      items.push(...page.Items);
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return items;
  }

  /** Sets an attribute of an item in one of the tables directly, without the functions. */
  async set(table, key, name, value) {
    await this.#ask("UpdateItem", {
      TableName: table,
      Key: Object.fromEntries(Object.entries(key).map(([name, S]) => [name, { S }])),
      UpdateExpression: "SET #name = :value",
      ConditionExpression: "attribute_exists(#name)",
      ExpressionAttributeNames: { "#name": name },
      ExpressionAttributeValues: { ":value": value },
    });
  }

  async #ask(operation, parameters) {
    const headers = {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDB_20120810.${operation}`,
      // The local DynamoDB accepts any signature.
      "x-amz-date": "20260101T000000Z",
      authorization: "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
    };
    const response = await fetch(this.dynamodb, { method: "POST", headers, body: JSON.stringify(parameters) });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${operation}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Those of these chatter IDs, and of those that `logIn` was given, that the printed lines contain in any form. */
  leaked(chatterIds = []) {
    return leaked(this.printed.join("\n"), [...this.chatterIds, ...chatterIds]);
  }

  /** Stops it, and returns its exit code and signal. */
  async stop() {
    this.process.kill("SIGTERM");
    const late = setTimeout(() => this.process.kill("SIGKILL"), PATIENCE);
    return this.exit.finally(() => clearTimeout(late));
  }
}
