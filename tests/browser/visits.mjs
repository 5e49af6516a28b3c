/** Users with the site open, at a test's command. It runs in a page in Chromium, and in a process of Node. */

/** What can be held up on its way. */
const GATES = ["credentials", "question", "answer"];

export class Visits {
  #connect;
  #WebSocket;
  /** @type {Map<string, object>} */ #reports = new Map();
  #chatters = [];
  /** What waits at each gate that is shut. @type {Map<string, (() => void)[]>} */ #waiting = new Map();

  constructor(connect, WebSocket) {
    this.#connect = connect;
    this.#WebSocket = this.#withGates(WebSocket);
  }

  /**
   * Shuts a gate: what comes there waits. `credentials` is what the page asks its site for before it opens a socket,
   * `question` what it sends, and `answer` the reply to a sync.
   */
  hold(gate) {
    this.#waiting.set(gate, []);
  }

  /** Lets everything pass that waits, and whatever comes from now on. */
  release() {
    for (const gate of GATES) {
      const waiting = this.#waiting.get(gate) ?? [];
      this.#waiting.delete(gate);
      for (const pass of waiting) pass();
    }
  }

  #pass(gate, pass) {
    const waiting = this.#waiting.get(gate);
    if (waiting) waiting.push(pass);
    else pass();
  }

  /**
   * Opens the site for these users. `age` is how far back the first sync is to reach, in milliseconds, as a page finds it
   * by its own clock; without it the client decides.
   */
  begin(sessions, age) {
    for (const { url, login, chatterId } of sessions) {
      const credentials = () => new Promise((resolve) => this.#pass("credentials", () => resolve({ chatterId })));
      const since = age === undefined ? {} : { since: Date.now() - age };
      const chatter = this.#connect({ url, login, credentials, WebSocket: this.#WebSocket, ...since });
      const report = { login, heard: [], synced: 0, opened: 0, state: chatter.state };
      chatter.addEventListener("stats-updated", ({ detail }) => report.heard.push(detail.body.message));
      chatter.addEventListener("synced", () => (report.synced += 1));
      chatter.addEventListener("state", ({ detail }) => {
        report.state = detail.state;
        report.opened += detail.state === "open" ? 1 : 0;
      });
      this.#reports.set(login, report);
      this.#chatters.push(chatter);
    }
  }

  /** How each user fares, and how much waits at each gate. */
  report() {
    const waiting = Object.fromEntries([...this.#waiting].map(([gate, waiting]) => [gate, waiting.length]));
    return { users: [...this.#reports.values()], waiting };
  }

  setClock(ahead) {
    globalThis.setClock(ahead);
  }

  end() {
    for (const chatter of this.#chatters) chatter.close();
  }

  #withGates(WebSocket) {
    const pass = (gate, action) => this.#pass(gate, action);
    return class extends WebSocket {
      send(text) {
        pass("question", () => super.send(text));
      }

      addEventListener(type, listener) {
        const inTime = (event) => {
          if (JSON.parse(event.data).type === "sync") pass("answer", () => listener(event));
          else listener(event);
        };
        super.addEventListener(type, type === "message" ? inTime : listener);
      }
    };
  }
}
