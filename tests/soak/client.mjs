/** A client and its report. The class uses nothing from outside, since its source also runs in Chromium. */

export class Client {
  #chatter;
  /** Way by which each update came first, by its ID: push or sync. None if it came by another tab's socket. */
  #ways = new Map();
  /** The number of the last update of each topic. */
  #last = new Map();
  #report;

  /** `age` is how far back the first sync is to reach, in milliseconds by its own clock; without it the client decides. */
  constructor(connect, session, age) {
    this.#report = { login: session.login, newest: {}, live: 0, synced: 0, shared: 0, received: 0, opened: 0, strangers: 0, disorder: 0 };
    this.#chatter = connect({ ...session, ...(age && { since: Date.now() - age }) });
    this.#chatter.addEventListener("stats-updated", ({ detail }) => this.#heard(detail));
    this.#chatter.addEventListener("state", ({ detail }) => (this.#report.opened += detail.state === "open" ? 1 : 0));
  }

  get report() {
    return { ...this.#report, state: this.#chatter.state, holdsSocket: this.#chatter.holdsSocket };
  }

  /** Looks at a message on its way to the client. */
  look(text) {
    const message = JSON.parse(text);
    const updates = message.type === "stats-updated" ? [message] : (message.updates ?? []);
    this.#report.received += updates.length;
    for (const { id } of updates) {
      if (!this.#ways.has(id)) this.#ways.set(id, message.type === "sync" ? "synced" : "live");
    }
  }

  #heard({ topics, id, body }) {
    const report = this.#report;
    report[this.#ways.get(id) ?? "shared"] += 1;
    report.strangers += body.login === report.login ? 0 : 1;
    for (const topic of topics) {
      // A topic's updates are numbered in their order, and each has to arrive once at most.
      report.disorder += body.n > (this.#last.get(topic) ?? -1) ? 0 : 1;
      this.#last.set(topic, body.n);
      report.newest[topic] = id;
    }
  }

  close() {
    this.#chatter.close();
  }
}
