/** One of the site's pipelines: it updates its logins in turn, under two topics that no other pipeline has. */

/** Number of logins that a pipeline updates at a time. */
const BATCH = 5;

/** The clock of all pipelines, by which no two updates have the same time. */
let clock = Date.now();

export class Pipeline {
  /** Updates that notify has accepted, in order. */
  sent = [];
  /** Number of deliveries after the first of an event. */
  again = 0;
  #name;
  /** Topics of its updates, by turns. No other pipeline has them, so it knows which update of each is the newest. */
  #topics;
  #local;
  #logins;
  #n = 0;

  constructor(name, local, logins) {
    this.#name = name;
    const [a, b] = [`${name}-a`, `${name}-b`];
    this.#topics = [[a], [a, b], [b]];
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
    const topics = this.#topics[n % this.#topics.length];
    const updates = logins.map((login) => ({ login, topics, id: `${this.#name}-${n}-${login}`, at: now(), body: { login, n } }));
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
