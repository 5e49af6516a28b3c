/** A page's end: a client, and what it has heard. It stands by itself, since its source also runs in Chromium. */

export class Client {
  #chatter;
  /** How each update came first: by a push or a sync. */
  #ways = new Map();
  #report;

  /** Its first sync tells it of what happened in the last `age` milliseconds, by its own clock, if that is said. */
  constructor(connect, session, age) {
    this.#report = { login: session.login, newest: {}, live: 0, synced: 0, received: 0, opened: 0, strangers: 0 };
    this.#chatter = connect({ ...session, ...(age && { since: Date.now() - age }) });
    this.#chatter.addEventListener("stats-updated", ({ detail }) => this.#heard(detail));
    this.#chatter.addEventListener("state", ({ detail }) => (this.#report.opened += detail.state === "open" ? 1 : 0));
  }

  get report() {
    return { ...this.#report, state: this.#chatter.state };
  }

  /** Looks at a message on its way to the client. */
  look(text) {
    const message = JSON.parse(text);
    const updates = message.type === "stats-updated" ? [message] : (message.updates ?? []);
    this.#report.received += updates.length;
    for (const { topic, id } of updates) {
      const key = `${topic}/${id}`;
      if (!this.#ways.has(key)) this.#ways.set(key, message.type === "sync" ? "synced" : "live");
    }
  }

  #heard({ topic, id, body }) {
    const report = this.#report;
    report[this.#ways.get(`${topic}/${id}`)] += 1;
    report.strangers += body.login === report.login ? 0 : 1;
    report.newest[topic] = id;
  }

  close() {
    this.#chatter.close();
  }
}
