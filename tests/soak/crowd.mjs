/** The soak's hundreds of clients under Node: a process for each clock. */

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
   * Adds `clientsOfEach` clients of each login. `age` is how far back their first sync is to reach, in milliseconds; without
   * it the client decides.
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
      // At most 250 sockets a second, half of what AWS opens.
      await pause((1000 * logins.length) / 250);
    }
  }

  async reports() {
    const reports = await this.#all("reports");
    return this.#corners.flatMap(({ name }, n) => reports[n].map((report) => ({ ...report, clock: name })));
  }

  /** Dispatches `online` to this share of the clients. */
  online(share = 1) {
    return this.#all("online", share);
  }

  /** Sets how many times faster than usual the clients' time runs. */
  hurry(pace) {
    return this.#all("hurry", pace);
  }

  /** Sets the jumping clocks to another time, and returns their number. */
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
