/** Hundreds of clients under Node: a process for each clock. */

import { setTimeout as pause } from "node:timers/promises";
import { NodeProcess } from "../harness/node-process.mjs";
import { CLOCKS, anywhere } from "./clocks.mjs";

export class Crowd {
  #local;
  #corners = CLOCKS.map((clock) => ({
    ...clock,
    process: new NodeProcess(new URL("crowd-in-node.mjs", import.meta.url), String(clock.ahead)),
  }));
  #joined = 0;

  constructor(local) {
    this.#local = local;
  }

  /**
   * So many more clients of each login. `age` is from how long ago on they want to hear of updates, in milliseconds;
   * without it they leave that to the client.
   */
  async join(logins, clientsOfEach, age) {
    for (let n = 0; n < clientsOfEach; n++) {
      const sessions = await Promise.all(logins.map((login) => this.#local.logIn(login)));
      // A login's clients have different clocks.
      const join = (session, place) => {
        const { process } = this.#corners[(place + this.#joined) % this.#corners.length];
        return process.call("join", session, age);
      };
      await Promise.all(sessions.map(join));
      this.#joined += 1;
      // AWS opens 500 a second.
      await pause((1000 * logins.length) / 250);
    }
  }

  async reports() {
    const reports = await this.#all("reports");
    return this.#corners.flatMap(({ name }, n) => reports[n].map((report) => ({ ...report, clock: name })));
  }

  /** For this share of them the network is back. */
  online(share = 1) {
    return this.#all("online", share);
  }

  /** Lets the clients' time run so fast. */
  hurry(pace) {
    return this.#all("hurry", pace);
  }

  /** Lets the clocks jump that do so, and answers how many. */
  async jump() {
    const jumping = this.#corners.filter(({ jumps }) => jumps);
    await Promise.all(jumping.map(({ process }) => process.call("setClock", anywhere())));
    return jumping.length;
  }

  async leave() {
    await this.#all("leave");
    await Promise.all(this.#corners.map(({ process }) => process.end()));
  }

  #all(name, ...parameters) {
    return Promise.all(this.#corners.map(({ process }) => process.call(name, ...parameters)));
  }
}
