/** `chatter local --chaos`, and a look into its tables. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const CHATTER = process.env.CHATTER ?? fileURLToPath(new URL("../../target/debug/chatter", import.meta.url));
/** How long it may take to start, and to stop. */
const PATIENCE = 30_000;

export class System {
  #process;
  #exit;
  #printed = [];
  #leaked;

  static async start(seed) {
    const system = new System();
    const parameters = ["local", `--chaos=${seed}`, "--port", "0", "--dynamodb-port", "0"];
    // Rows of sockets that have just died count as sockets for a minute: nobody is to be replaced because of them.
    const env = { ...process.env, MAX_CONNECTIONS_PER_LOGIN: "1000" };
    system.#process = spawn(CHATTER, parameters, { stdio: ["ignore", "pipe", "pipe"], env });
    system.#exit = once(system.#process, "exit");
    createInterface({ input: system.#process.stderr }).on("line", (line) => {
      system.#printed.push(line);
      if (system.#printed.length > 50) system.#printed.shift();
    });
    const lines = createInterface({ input: system.#process.stdout });
    const ended = system.#exit.then(() => Promise.reject(new Error(`${CHATTER} ended:\n${system.#printed.join("\n")}`)));
    const [ready] = await Promise.race([once(lines, "line", { signal: AbortSignal.timeout(PATIENCE) }), ended]);
    const [page, socket, functions, dynamodb] = ready.match(/\S+:\/\/\S+/g);
    return Object.assign(system, { page, socket, functions, dynamodb });
  }

  /** Turns the chaos on (`PUT`) or off (`DELETE`), and answers when it is. */
  async chaos(method) {
    const response = await fetch(new URL("demo/chaos", this.page), { method });
    return response.json();
  }

  /** Injects these faults into the gateway, and no others. */
  async faults(faults) {
    const response = await fetch(new URL("_gateway/faults", this.page), { method: "PUT", body: JSON.stringify(faults) });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Logs a user in as the site's backend does: a fresh chatter ID. */
  async logIn(login) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(new URL("demo/login", this.page), { method: "POST", headers, body: JSON.stringify({ login }) });
    return response.json();
  }

  /** Invokes notify, and answers its report, or nothing if it failed. */
  async notify(event) {
    const response = await fetch(`${this.functions}/notify/invocations`, { method: "POST", body: JSON.stringify(event) });
    const report = await response.json();
    return response.ok && !response.headers.has("x-amz-function-error") ? report : undefined;
  }

  /** How many updates each login's log has counted. */
  async versions() {
    const items = await this.#scan("updates");
    return new Map(items.map(({ login, version }) => [login.S, Number(version.N)]));
  }

  /** The rows of connections, and whether their sockets are open. */
  async rows() {
    const items = await this.#scan("connections");
    return Promise.all(
      items.map(async ({ connection_id: id, connected_at: connectedAt }) => {
        const url = new URL(`dev/@connections/${encodeURIComponent(id.S)}`, this.page);
        return { isOpen: (await fetch(url)).status === 200, connectedAt: Number(connectedAt.N) };
      }),
    );
  }

  async #scan(table) {
    const headers = {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "DynamoDB_20120810.Scan",
      authorization: "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
      "x-amz-date": "20260101T000000Z",
    };
    const items = [];
    let ExclusiveStartKey;
    do {
      const body = JSON.stringify({ TableName: table, ConsistentRead: true, ExclusiveStartKey });
      const page = await (await fetch(this.dynamodb, { method: "POST", headers, body })).json();
      if (!page.Items) throw new Error(`Scan of ${table}: ${JSON.stringify(page)}`);
      items.push(...page.Items);
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return items;
  }

  /** Lets the clients go, ends the system, and answers which of its processes are still there. */
  async stop(clients) {
    if (this.#leaked) return this.#leaked;
    for (const one of clients) await one?.leave();
    const functions = childrenOf(this.#process.pid);
    this.#process.kill("SIGTERM");
    const late = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE);
    await this.#exit;
    clearTimeout(late);
    this.#leaked = functions.filter((id) => statOf(id));
    return this.#leaked;
  }
}

function childrenOf(parent) {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return processes.filter((id) => statOf(id)?.parent === String(parent));
}

/** A process's parent; nothing if there is no such process. */
function statOf(id) {
  try {
    // Behind the name, which may hold anything: state, parent, …
    const [, parent] = readFileSync(`/proc/${id}/stat`, "utf8").split(") ").at(-1).split(" ");
    return { parent };
  } catch {
    return undefined;
  }
}
