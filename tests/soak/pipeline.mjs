/** One of the site's stats jobs, which updates its logins in turn. */

/** How many logins a pipeline updates at a time. */
const BATCH = 5;

/** The pipelines' one clock: no two updates have the same time. */
let clock = Date.now();

export class Pipeline {
  /** What has been taken: login, topic and id, in order. */
  sent = [];
  /** How many deliveries were not the first. */
  again = 0;
  #name;
  #local;
  #logins;
  #n = 0;

  constructor(name, local, logins) {
    this.#name = name;
    this.#local = local;
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

  /** Updates all its logins at once. */
  async atOnce() {
    await this.#update(this.#logins);
  }

  /** An update for each login: as messages of a queue, or one invocation after the other, by turns. */
  async #update(logins) {
    const n = this.#n++;
    // A topic of its own: so it knows what is the newest. A login may have sixteen.
    const topic = `topic-${this.#name}`;
    const updates = logins.map((login) => ({ login, topic, id: `${this.#name}-${n}-${login}`, at: now(), body: { login, n } }));
    const events = n % 2 === 0 ? [{ Records: updates.map(inQueue) }] : updates;
    for (const event of events) this.again += await this.#local.deliver(event);
    this.sent.push(...updates);
  }
}

/** An update as a record of SQS. */
function inQueue(update) {
  return {
    messageId: update.id,
    body: JSON.stringify(update),
    attributes: { SentTimestamp: String(Date.parse(update.at)) },
    eventSource: "aws:sqs",
  };
}

function now() {
  clock = Math.max(clock + 1, Date.now());
  return new Date(clock).toISOString();
}
