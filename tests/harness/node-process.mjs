/** Another process of Node, whose actions are called from this one. */

import { fork } from "node:child_process";
import { once } from "node:events";

export class NodeProcess {
  #child;
  #ended;
  #calls = new Map();
  #n = 0;

  /**
   * @param {URL} module The process's module, which calls `serve`.
   * @param {...string} parameters
   */
  constructor(module, ...parameters) {
    this.#child = fork(module, parameters, { serialization: "advanced" });
    this.#ended = once(this.#child, "exit");
    this.#child.on("message", ({ n, answer, error }) => {
      const { resolve, reject } = this.#calls.get(n);
      this.#calls.delete(n);
      if (error) reject(error);
      else resolve(answer);
    });
    this.#child.on("exit", (code, signal) => {
      for (const { reject } of this.#calls.values()) reject(new Error(`${module} ended: ${code ?? signal}`));
      this.#calls.clear();
    });
  }

  /** Calls an action in the process, and returns its answer. */
  call(name, ...parameters) {
    return new Promise((resolve, reject) => {
      this.#calls.set(++this.#n, { resolve, reject });
      this.#child.send({ n: this.#n, name, parameters }, (error) => error && reject(error));
    });
  }

  async end() {
    this.#child.kill();
    await this.#ended;
  }
}

/** Serves these actions in the other process, which ends when the process that started it ends. */
export function serve(actions) {
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ n, name, parameters }) => {
    try {
      process.send({ n, answer: await actions[name](...parameters) });
    } catch (error) {
      process.send({ n, error });
    }
  });
}
