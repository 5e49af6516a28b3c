/** The real `chatter local`: started, spoken to as the site, the pipeline and an operator would, and stopped. */

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
/** How long it may take to start, and to stop. */
const PATIENCE = 30_000;
/** An event that notify has not taken for this long is a failure of the whole: on a busy machine an attempt takes many seconds. */
const DELIVERY = 240_000;

export class Local {
  /** Every line that its processes printed. */
  printed = [];
  /** The secrets that `logIn` was given. @type {string[]} */
  chatterIds = [];
  /** How it ends, once it does: `code` and `signal`. @type {Promise<{ code: number | null, signal: string | null }>} */
  exit;
  /** Where its parts are: the demo page, the sockets, the functions (a name goes behind it) and DynamoDB. */
  page;
  socket;
  functions;
  dynamodb;

  /** Starts it on free ports or the given `--port`, with these flags and variables, and waits for the line that says `ready`. */
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
      // It is the first line of all on standard output.
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

  /** Invokes notify: `ok` says whether it did its work, and `answer` is its report, or why it did not. */
  async invoke(event) {
    const response = await fetch(`${this.functions}/notify/invocations`, { method: "POST", body: JSON.stringify(event) });
    return { ok: response.ok && !response.headers.has("x-amz-function-error"), answer: await response.json() };
  }

  /**
   * Delivers an event until notify has taken all of it, as a queue does: of a batch of SQS records only those come again
   * that failed. Answers how many deliveries were not the first.
   */
  async deliver(event) {
    const deadline = performance.now() + DELIVERY;
    for (let again = 0; ; again += 1) {
      const { ok, answer } = await this.invoke(event);
      const failed = new Set(answer.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
      if (ok && failed.size === 0) return again;
      if (ok) event = { ...event, Records: event.Records.filter(({ messageId }) => failed.has(messageId)) };
      if (performance.now() > deadline) throw new Error("notify takes nothing any more");
      await pause(50);
    }
  }

  /** Turns the chaos on (`PUT`) or off (`DELETE`), or tells of it (`GET`), and answers when that is so. Needs `--chaos`. */
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

  /** Sets an attribute of an item in one of the tables, as somebody with the rights may behind the functions' backs. */
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
      // The local one takes any signature.
      "x-amz-date": "20260101T000000Z",
      authorization: "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
    };
    const response = await fetch(this.dynamodb, { method: "POST", headers, body: JSON.stringify(parameters) });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${operation}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Which of these secrets, and of those that `logIn` was given, can be read out of what was printed. */
  leaked(chatterIds = []) {
    return leaked(this.printed.join("\n"), [...this.chatterIds, ...chatterIds]);
  }

  /** Ends it, and answers how it ended. */
  async stop() {
    this.process.kill("SIGTERM");
    const late = setTimeout(() => this.process.kill("SIGKILL"), PATIENCE);
    return this.exit.finally(() => clearTimeout(late));
  }
}
