import type { TestContext } from "node:test";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The real browser client. */
const CLIENT = join(__dirname, "../../web/src/index.js");

/** A socket in memory with a fake server, which answers pings and syncs as a deployed Chatterbox does. */
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

/** The real browser client on a page, with a mocked clock. */
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

  /** Advances the clock by this many minutes, in which no update arrives. */
  async live(minutes: number): Promise<void> {
    for (let second = 0; second < minutes * 60; second += 1) await this.second();
  }

  /** Minutes until the client opens the next socket; throws if it does not within API Gateway's two hours. */
  async minutesUntilNextSocket(): Promise<number> {
    const { sockets } = this;
    for (let second = 1; second <= 2 * 60 * 60; second += 1) {
      await this.second();
      if (this.sockets > sockets) return second / 60;
    }
    throw new Error("the client did not change its socket within two hours");
  }

  private async second(): Promise<void> {
    this.t.mock.timers.tick(1_000);
    await new Promise(setImmediate);
  }
}

/** A page whose socket is open, with this option `heartbeat`. Every random number that the client draws is `drawn`. */
export async function livePage(t: TestContext, drawn: number, heartbeat?: number): Promise<Page> {
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
  chatter = connect({ url: "wss://example.com/live", ...credentials, heartbeat, share: false, WebSocket });
  t.after(() => chatter.close());
  // A few turns of the event loop for the handshake, the first sync and its reply.
  for (let turn = 0; turn < 100 && page.sent("sync") === 0; turn += 1) await new Promise(setImmediate);
  if (chatter.state !== "open") throw new Error(`the page is ${chatter.state}`);
  return page;
}
