/** One of the site's stats jobs. It delivers each event until notify has taken it, as a queue does. */

import { setTimeout as pause } from "node:timers/promises";

/** How many logins a pipeline updates at a time. */
const BATCH = 5;
/** An event that nobody takes for this long is a failure of the whole. */
const PATIENCE = 60_000;

/** The pipelines' one clock: no two updates have the same time. */
let clock = Date.now();

export class Pipeline {
  /** What has been taken: login, topic and id, in order. */
  sent = [];
  /** How many deliveries were not the first. */
  again = 0;
  #name;
  #system;
  #logins;
  #n = 0;

  constructor(name, system, logins) {
    this.#name = name;
    this.#system = system;
    this.#logins = logins;
  }

  /** Goes through its logins again and again. */
  async run(goesOn) {
    for (let first = 0; goesOn(); first = (first + BATCH) % this.#logins.length) {
      await this.#update(this.#logins.slice(first, first + BATCH));
    }
  }

  /** Goes through its logins once. */
  async once() {
    for (let first = 0; first < this.#logins.length; first += BATCH) {
      await this.#update(this.#logins.slice(first, first + BATCH));
    }
  }

  /** An update for each login: as messages of a queue, or one invocation after the other, by turns. */
  async #update(logins) {
    const n = this.#n++;
    // A topic of its own: so it knows what is the newest. A login may have sixteen.
    const topic = `topic-${this.#name}`;
    const updates = logins.map((login) => ({ login, topic, id: `${this.#name}-${n}-${login}`, at: now(), body: { login, n } }));
    if (n % 2 === 0) {
      await this.#byQueue(updates);
    } else {
      for (const update of updates) await this.#deliver(() => this.#system.notify(update));
    }
    this.sent.push(...updates);
  }

  async #byQueue(updates) {
    let records = updates.map((update) => ({
      messageId: update.id,
      body: JSON.stringify(update),
      attributes: { SentTimestamp: String(Date.parse(update.at)) },
      eventSource: "aws:sqs",
    }));
    await this.#deliver(async () => {
      const answer = await this.#system.notify({ Records: records });
      const failed = new Set(answer?.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      if (answer) records = records.filter(({ messageId }) => failed.has(messageId));
      return records.length === 0;
    });
  }

  async #deliver(attempt) {
    const deadline = performance.now() + PATIENCE;
    for (let isFirst = true; ; isFirst = false) {
      this.again += isFirst ? 0 : 1;
      if (await attempt()) return;
      if (performance.now() > deadline) throw new Error("notify takes nothing any more");
      await pause(100);
    }
  }
}

function now() {
  clock = Math.max(clock + 1, Date.now());
  return new Date(clock).toISOString();
}
