/** The updates of a `Chatter` as an async iterator. @module */

/** @import { Update, Updates } from "./types.js" */

/**
 * The updates from now on, one after the other. It is no async generator, since that would keep `return()` waiting while a
 * `next()` waits for an update.
 * @param {EventTarget & { state: string }} chatter
 * @returns {Updates}
 */
export function updatesOf(chatter) {
  const end = new AbortController();
  const { signal } = end;
  /** @type {Update[]} */
  const updates = [];
  /** @type {((result: any) => void)[]} */
  const waiting = [];
  const serve = () => {
    while (waiting[0] && (updates[0] || signal.aborted || chatter.state === "closed")) {
      waiting.shift()?.({ done: !updates[0], value: updates.shift() });
    }
  };
  const stop = () => {
    end.abort();
    updates.length = 0;
    serve();
  };
  /** @type {(event: any) => void} */
  const receive = ({ detail }) => {
    updates.push(detail);
    serve();
  };
  chatter.addEventListener("stats-updated", receive, { signal });
  chatter.addEventListener("state", serve, { signal });
  return {
    next() {
      return new Promise((resolve) => {
        waiting.push(resolve);
        serve();
      });
    },
    async return() {
      stop();
      return { done: true, value: undefined };
    },
    async throw(error) {
      stop();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
