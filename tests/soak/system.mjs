/** The system of the soak: `chatter local --chaos`, its tables, and proxies between its functions and their services. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CHATTER, Local } from "../harness/local.mjs";
import { Wire } from "./wire.mjs";

const FUNCTIONS = ["connect", "disconnect", "default", "notify", "revoke"];

export class System {
  /** @type {Local} */ local;
  /** Proxies from the functions to the tables, and to the gateway. @type {Wire[]} */ wires = [];
  #folder;
  #leaked;

  static async start(seed) {
    const system = new System();
    const [tables, gateway] = (system.wires = [await Wire.open(), await Wire.open()]);
    system.#folder = await mkdtemp(join(tmpdir(), "chatterbox-soak-"));
    const endpoints = {
      AWS_ENDPOINT_URL_DYNAMODB: tables.url,
      AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: new URL("dev", gateway.url).href,
    };
    for (const name of FUNCTIONS) await writeFile(join(system.#folder, name), script(name, endpoints), { mode: 0o755 });
    // Rows of sockets that just died stay for a minute, and must not count towards the limit of sockets.
    const environment = { MAX_CONNECTIONS_PER_LOGIN: "1000" };
    try {
      system.local = await Local.start([`--chaos=${seed}`, "--functions", system.#folder], environment);
    } catch (error) {
      await system.#tidy();
      throw error;
    }
    tables.lead(system.local.dynamodb);
    gateway.lead(system.local.page);
    return system;
  }

  /** Drops this share of the functions' idle connections. */
  forget(share, manner) {
    for (const wire of this.wires) wire.forget(share, manner);
  }

  /** The version of each login's log: the number of updates recorded in it. */
  async versions() {
    const items = await this.local.scan("updates");
    return new Map(items.map(({ login, version }) => [login.S, Number(version.N)]));
  }

  /** The rows of connections, each with whether its socket is open. */
  async rows() {
    const items = await this.local.scan("connections");
    return Promise.all(
      items.map(async ({ connection_id: id, connected_at: connectedAt }) => {
        const url = new URL(`dev/@connections/${encodeURIComponent(id.S)}`, this.local.page);
        return { isOpen: (await fetch(url)).status === 200, connectedAt: Number(connectedAt.N) };
      }),
    );
  }

  /** Closes the clients, stops the system, and returns those of its processes that still run. */
  async stop(clients) {
    if (this.#leaked) return this.#leaked;
    for (const one of clients) await one?.leave();
    const functions = childrenOf(this.local.process.pid);
    await this.local.stop();
    await this.#tidy();
    this.#leaked = functions.filter((id) => statOf(id));
    return this.#leaked;
  }

  async #tidy() {
    for (const wire of this.wires) wire.close();
    await rm(this.#folder, { recursive: true });
  }
}

/** Script that runs a function's program with other endpoints than those that `chatter local` gives it. */
function script(name, endpoints) {
  const variables = Object.entries(endpoints).map(([variable, url]) => `${variable}='${url}'`);
  return `#!/bin/sh\nexport ${variables.join(" ")}\nexec '${join(dirname(CHATTER), name)}'\n`;
}

function childrenOf(parent) {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return processes.filter((id) => statOf(id)?.parent === String(parent));
}

/** A process's parent; `undefined` if there is no such process. */
function statOf(id) {
  try {
    // After the name, which may contain anything, stand the state, the parent, …
    const [, parent] = readFileSync(`/proc/${id}/stat`, "utf8").split(") ").at(-1).split(" ");
    return { parent };
  } catch {
    return undefined;
  }
}
