/** Users who have the site open, controlled by a test. Runs in a page in Chromium, and in a process of Node. */

/** Places at which a page's messages can be held up. */
const GATES = ["credentials", "question", "answer"];

export class Visits {
  #connect;
  #WebSocket;
  /** @type {Map<string, object>} */ #reports = new Map();
  #chatters = [];
  /** Messages that wait at each shut gate. @type {Map<string, (() => void)[]>} */ #waiting = new Map();

  constructor(connect, WebSocket) {
    this.#connect = connect;
    this.#WebSocket = this.#withGates(WebSocket);
  }

  /**
   * Shuts a gate, so that messages wait there: `credentials` holds up the site's answer with credentials, before a socket
   * opens; `question` the page's own messages; and `answer` the replies to syncs.
   */
  hold(gate) {
    this.#waiting.set(gate, []);
  }

  /** Opens all gates, and lets everything pass that waits. */
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
   * Opens the site for these users. `age` is how far back the first sync is to reach, in milliseconds, by the page's own
   * clock; without it the client decides.
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

  /** The state of each user, and the number of messages that wait at each gate. */
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
