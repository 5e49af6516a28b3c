/**
 * What the system does, over one EventSource for all pages of a browser: each holds a connection, and over HTTP/1.1 a
 * browser opens six to a server, so that with one for each page the seventh page would not load.
 *
 * Of the pages that are shown, the one that has a lock opens the EventSource and posts on a channel what it receives.
 * When it is closed or put aside, the next one gets the lock, and asks for what came after the last entry that it has had.
 * Where the browser does not let pages share (site data is blocked, the context is not secure), each has its own.
 */

/**
 * How the system is as a whole. It is sent at each new connection. `hasChaos`: whether it was started so that it can break. `fault`:
 * the single fault that is on.
 * @typedef {{ chaos: boolean, hasChaos: boolean, fault: string | null, tables: string }} System
 */
/** @typedef {{ id: string, data: string }} Entry One thing that happened, as JSON. */
/** `lost`: so many entries came too fast for this browser. @typedef {{ system?: System, entry?: Entry, lost?: number }} News */

const NAME = "chatterbox-demo-feed";
const ADDRESS = "/demo/activity";
/** A browser asks again by itself when a connection breaks, but not after an answer that is no stream. */
const PAUSE = 2_000;

export class Feed {
  /** @type {(news: News) => void} */ #receive;
  /** The last entry that this page has had. @type {string | undefined} */ #last;
  /** @type {System | undefined} */ #system;
  /** @type {BroadcastChannel | null} */ #channel = null;
  /** Ends this page's place in the queue, and its turn. @type {AbortController | null} */ #place = null;
  /** Set while it is this page's turn. @type {EventSource | null} */ #source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /** @param {(news: News) => void} receive */
  constructor(receive) {
    this.#receive = receive;
    try {
      this.#channel = new BroadcastChannel(NAME);
      this.#channel.onmessage = ({ data }) => this.#receiveFromPage(data);
      this.#channel.postMessage({ ask: true });
    } catch {
      this.#channel = null;
    }
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#leave() : this.#enter()));
    // A page that is put aside must not hold what others need.
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", () => this.#enter());
    this.#enter();
  }

  /** Waits for this page's turn. */
  async #enter() {
    if (this.#place || document.hidden) return;
    const place = (this.#place = new AbortController());
    const { signal } = place;
    const turn = () =>
      /** @type {Promise<void>} */ (
        new Promise((over) => {
          if (signal.aborted) return over();
          signal.addEventListener("abort", () => over());
          this.#open();
        })
      );
    try {
      if (!this.#channel) throw new Error("nobody would hear");
      await navigator.locks.request(NAME, { signal }, turn);
    } catch {
      if (!signal.aborted && !this.#source) this.#open();
    }
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.#place?.abort();
    this.#place = null;
  }

  #open() {
    // Where it is to begin: after the last entry, or with what has happened since the page was loaded.
    const from = this.#last ? `after=${encodeURIComponent(this.#last)}` : `age=${Math.ceil(performance.now())}`;
    const source = (this.#source = new EventSource(`${ADDRESS}?${from}`));
    source.addEventListener("message", ({ lastEventId, data }) => this.#share({ entry: { id: lastEventId, data } }));
    source.addEventListener("system", ({ data }) => this.#share({ system: JSON.parse(data) }));
    source.addEventListener("lost", ({ data }) => this.#share({ lost: Number(data) }));
    source.addEventListener("error", () => {
      if (source !== this.#source || source.readyState !== EventSource.CLOSED) return;
      this.#timer = setTimeout(() => this.#open(), PAUSE);
    });
  }

  /** @param {News} news */
  #share(news) {
    this.#channel?.postMessage(news);
    this.#take(news);
  }

  /** @param {News & { ask?: boolean, last?: string }} message From another page. `ask` asks for the system and the last entry. */
  #receiveFromPage({ ask, last, ...news }) {
    if (ask) {
      // A page that came later has to know how the system is, and where to go on if it is the next one.
      if (this.#source && this.#system) this.#channel?.postMessage({ system: this.#system, last: this.#last });
      return;
    }
    this.#last ??= last;
    this.#take(news);
  }

  /** @param {News} news */
  #take({ system, entry, lost }) {
    if (lost) this.#receive({ lost });
    if (system) {
      this.#system = system;
      this.#receive({ system });
    }
    if (entry && this.#isNew(entry.id)) {
      this.#last = entry.id;
      this.#receive({ entry });
    }
  }

  /**
   * After a change of turns the same may come twice. IDs are `run.number`.
   * @param {string} id
   */
  #isNew(id) {
    const [run, number] = id.split(".");
    const [lastRun, lastNumber] = this.#last?.split(".") ?? [];
    return run !== lastRun || Number(number) > Number(lastNumber);
  }
}
