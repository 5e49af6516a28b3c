/**
 * What a browser says of its pages, at a test's command, and the locks that Node has only from version 24 on. The tests
 * in tests/browser run the same client in a real one.
 */

/** Web Locks, as far as an exclusive lock goes. */
export class Locks {
  #holders = new Map();
  #queue = [];
  /** Every name that was asked for. */
  names = new Set();

  request(name, { signal, steal }, hold) {
    this.names.add(name);
    return new Promise((resolve, reject) => {
      const request = { name, hold, resolve, reject };
      if (steal) {
        this.#holders.get(name)?.reject(new DOMException("stolen", "AbortError"));
        return this.#grant(request);
      }
      this.#queue.push(request);
      signal.addEventListener("abort", () => {
        this.#queue = this.#queue.filter((queued) => queued !== request);
        reject(signal.reason);
      });
      return this.#serve(name);
    });
  }

  #serve(name) {
    const place = this.#queue.findIndex((request) => request.name === name);
    if (place >= 0 && !this.#holders.has(name)) this.#grant(this.#queue.splice(place, 1)[0]);
  }

  #grant(request) {
    const { name, hold, resolve } = request;
    this.#holders.set(name, request);
    queueMicrotask(async () => {
      resolve(await hold());
      if (this.#holders.get(name) === request) this.#holders.delete(name);
      this.#serve(name);
    });
  }
}

/** A browser around the pages of this process, until the test ends. All of them are shown, or hidden, at once. */
export function browser(t) {
  const page = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const navigator = { onLine: true, locks: new Locks() };
  const channels = [];
  const Native = globalThis.BroadcastChannel;
  const globals = {
    document,
    navigator,
    addEventListener: page.addEventListener.bind(page),
    BroadcastChannel: class extends Native {
      constructor(name) {
        super(name);
        channels.push(this);
      }
    },
  };
  const before = Object.keys(globals).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  t.after(() => {
    for (const [name, property] of before) {
      if (property) Object.defineProperty(globalThis, name, property);
      else delete globalThis[name];
    }
  });
  const see = (visibilityState) => {
    document.visibilityState = visibilityState;
    document.dispatchEvent(new Event("visibilitychange"));
  };
  return {
    locks: navigator.locks,
    /** Every channel that a page has opened. */
    channels,
    /** Takes the network away, or gives it back. */
    online(onLine) {
      navigator.onLine = onLine;
      page.dispatchEvent(new Event(onLine ? "online" : "offline"));
    },
    show: () => see("visible"),
    hide: () => see("hidden"),
    page: (type) => page.dispatchEvent(new Event(type)),
    document: (type) => document.dispatchEvent(new Event(type)),
    /** Freezes a page without an event: nothing that others post reaches it, and it posts nothing. */
    freeze(channel) {
      channel.onmessage = null;
      channel.postMessage = () => {};
    },
  };
}
