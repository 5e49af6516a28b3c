/** The browser around the tabs of a trace: its sockets, locks, channels and storage. */

import { Locks } from "../browser.mjs";

/** A WebSocket whose server is the trace. Heartbeats are answered at once, and are no part of a trace. */
class Socket extends EventTarget {
  readyState = 0;
  /** Whether the client has closed it. */
  isClosed = false;
  #sent;

  constructor(url, sent) {
    super();
    this.topics = new URL(url).searchParams.get("topic")?.split(",");
    this.#sent = sent;
  }

  send(text) {
    const message = JSON.parse(text);
    if (message.action === "ping") queueMicrotask(() => this.deliver({ type: "pong" }));
    else this.#sent(message);
  }

  close() {
    this.isClosed = true;
    this.readyState = 3;
  }

  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  deliver(message) {
    if (this.readyState === 1) this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(message) }));
  }

  lose() {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "", wasClean: false }));
  }
}

class Storage {
  #items = new Map();

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, String(value));
  }
}

export class FakeBrowser {
  navigator = { locks: new Locks() };
  localStorage = new Storage();
  sockets = [];
  /** The syncs that were sent since the last step. */
  #syncs = [];
  #numbers = 0;
  #channels = new Set();

  constructor() {
    const browser = this;
    this.WebSocket = class extends Socket {
      constructor(url) {
        super(url, (message) => browser.#syncs.push(message));
        browser.sockets.push(this);
      }
    };
    this.BroadcastChannel = class {
      constructor(name) {
        this.name = name;
        browser.#channels.add(this);
      }

      postMessage(message) {
        for (const channel of browser.#channels) {
          if (channel === this || channel.name !== this.name) continue;
          const data = structuredClone(message);
          queueMicrotask(() => browser.#channels.has(channel) && channel.onmessage?.({ data }));
        }
      }

      close() {
        browser.#channels.delete(this);
      }
    };
  }

  get hasSyncs() {
    return this.#syncs.length > 0;
  }

  /** Takes out those syncs for which `isWanted` is true. */
  takeSyncs(isWanted) {
    const wanted = this.#syncs.filter(isWanted);
    this.#syncs = this.#syncs.filter((sync) => !wanted.includes(sync));
    return wanted;
  }

  nextNumber() {
    return ++this.#numbers;
  }

  /** The socket that is open, and not about to be replaced by an open one. */
  get open() {
    return this.sockets.findLast(({ readyState }) => readyState === 1);
  }

  /** The newest socket that is being opened. */
  get opening() {
    return this.sockets.findLast(({ readyState }) => readyState === 0);
  }

  newStorage() {
    return new Storage();
  }
}
