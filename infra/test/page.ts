import type { TestContext } from "node:test";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The real browser client. */
const CLIENT = join(__dirname, "../../web/src/index.js");

/** A server's end of a socket in memory: it answers pings and syncs as a deployed Chatterbox does, and says no more. */
class Socket extends EventTarget {
  readyState = 0;

  constructor(private readonly page: Page) {
    super();
    page.sockets += 1;
    queueMicrotask(() => {
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
    });
  }

  send(text: string): void {
    const { action, n } = JSON.parse(text);
    this.page.said.push(action);
    const reply = { type: "sync", n, cursor: null, missed: 0, reset: false, more: false, updates: [] };
    const data = JSON.stringify(action === "ping" ? { type: "pong" } : reply);
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event("message"), { data })));
  }

  close(): void {
    this.readyState = 3;
  }
}

/** The real browser client on a page, in time that passes when it is told to. */
export class Page {
  sockets = 0;
  readonly said: string[] = [];

  constructor(
    private readonly t: TestContext,
    readonly close: () => void,
  ) {}

  sent(action: string): number {
    return this.said.filter((one) => one === action).length;
  }

  /** Lets minutes pass in which nothing happens. */
  async live(minutes: number): Promise<void> {
    for (let second = 0; second < minutes * 60; second += 1) await this.second();
  }

  /** How long the present socket lives, if that is less than API Gateway's two hours. */
  async minutesUntilNextSocket(): Promise<number> {
    const { sockets } = this;
    for (let second = 1; second <= 2 * 60 * 60; second += 1) {
      await this.second();
      if (this.sockets > sockets) return second / 60;
    }
    throw new Error("the socket was never changed");
  }

  private async second(): Promise<void> {
    this.t.mock.timers.tick(1_000);
    await new Promise(setImmediate);
  }
}

/** A page whose socket is open. All that the client draws at random is `drawn`. */
export async function livePage(t: TestContext, drawn: number): Promise<Page> {
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  t.mock.method(Math, "random", () => drawn);
  const { connect } = await import(pathToFileURL(CLIENT).href);
  let chatter: { state: string; close(): void };
  const page = new Page(t, () => chatter.close());
  const WebSocket = function () {
    return new Socket(page);
  };
  const credentials = { login: "friendless", chatterId: "secret" };
  chatter = connect({ url: "wss://example.com/live", ...credentials, share: false, WebSocket });
  t.after(() => chatter.close());
  // A few turns: the handshake, the first sync, its answer.
  for (let turn = 0; turn < 100 && page.sent("sync") === 0; turn += 1) await new Promise(setImmediate);
  if (chatter.state !== "open") throw new Error(`the page is ${chatter.state}`);
  return page;
}
