/** `chatter local --chaos`, and a look into its tables and its processes. */

import { readdirSync, readFileSync } from "node:fs";
import { Local } from "../browser/local.mjs";

export class System {
  /** @type {Local} */ local;
  #leaked;

  static async start(seed) {
    const system = new System();
    // Rows of sockets that have just died count as sockets for a minute: nobody is to be replaced because of them.
    system.local = await Local.start([`--chaos=${seed}`], { MAX_CONNECTIONS_PER_LOGIN: "1000" });
    return system;
  }

  /** How many updates each login's log has counted. */
  async versions() {
    const items = await this.local.scan("updates");
    return new Map(items.map(({ login, version }) => [login.S, Number(version.N)]));
  }

  /** The rows of connections, and whether their sockets are open. */
  async rows() {
    const items = await this.local.scan("connections");
    return Promise.all(
      items.map(async ({ connection_id: id, connected_at: connectedAt }) => {
        const url = new URL(`dev/@connections/${encodeURIComponent(id.S)}`, this.local.page);
        return { isOpen: (await fetch(url)).status === 200, connectedAt: Number(connectedAt.N) };
      }),
    );
  }

  /** Lets the clients go, ends the system, and answers which of its processes are still there. */
  async stop(clients) {
    if (this.#leaked) return this.#leaked;
    for (const one of clients) await one?.leave();
    const functions = childrenOf(this.local.process.pid);
    await this.local.stop();
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
