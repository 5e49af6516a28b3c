/** What the page has seen of the login's updates. It knows nothing of sockets, clocks or events. @module */

import { covers } from "./topics.js";

/** @import { Cursor, Entry, Push, Reply } from "./wire.js" */
/** @import { Topics } from "./topics.js" */

/**
 * The page's copy of the log of updates: its cursor, and the pushes above the cursor. It lives as long as the page's data:
 * across sockets, but not across reloads.
 */
export class Replica {
  /** Of every update up to this version, each topic was shown, or something newer of it. @type {Cursor | null} */
  cursor = null;
  /** @type {Topics} */ #topics;
  /** The newest version shown, by topic. @type {Map<string, number>} */
  #shown = new Map();
  /**
   * The pushes received since the last sync was sent that the cursor has not reached, and whether the cursor may pass them.
   * @type {{ push: Push, known: boolean }[]}
   */
  #pending = [];

  /** @param {Topics} topics What the page listens to. */
  constructor(topics) {
    this.#topics = topics;
  }

  /** A sync is about to be sent. Its reply covers every push received before. */
  syncStarts() {
    this.#pending = [];
  }

  /** Whether there are pushes above updates that this page has not received. */
  get hasGap() {
    return this.#pending.length > 0;
  }

  /**
   * Whether this push is still above updates that this page has not received.
   * @param {Push} push
   */
  isAboveGap(push) {
    return this.#pending.some((pending) => pending.push === push);
  }

  /**
   * Whether a push belongs to the log that the cursor is about.
   * @param {Push} push
   */
  isKnown({ epoch }) {
    return this.cursor?.epoch === epoch;
  }

  /**
   * Takes a push, and returns its update if it is new to the page. A push of an unknown epoch is never shown, and the cursor
   * never passes it: only a sync's reply can tell which log is current, and this may be a late push of an old one.
   * @param {Push} push
   * @returns {Entry[]} one, or none
   */
  push(push) {
    const known = this.isKnown(push);
    this.#pending.push({ push, known });
    if (!this.cursor || !known) return [];
    this.#advance(this.cursor);
    return this.#show(push);
  }

  /**
   * Takes the reply to a sync, and returns the updates in it that are new to the page, oldest first.
   * @param {Reply} reply
   * @returns {Entry[]}
   */
  answer({ cursor, reset, updates }) {
    if (!cursor) return [];
    if (reset) {
      this.cursor = null;
      this.#shown.clear();
    }
    this.#advance(cursor);
    return updates.flatMap((update) => this.#show(update));
  }

  /**
   * Reduces an update to those of its topics of which nothing newer was shown, and marks them as shown.
   * @param {Entry} update
   * @returns {Entry[]} one, or none if no topic is left
   */
  #show(update) {
    const { topic, version } = update;
    const topics = (update.topics ?? [topic]).filter(
      (name) => covers(this.#topics, [name]) && version > (this.#shown.get(name) ?? 0),
    );
    for (const name of topics) this.#shown.set(name, version);
    return topics.length ? [{ ...update, topic: /** @type {string} */ (topics[0]), topics }] : [];
  }

  /**
   * Moves the cursor on, never back, and further over each pending push that follows it without a gap.
   * @param {Cursor} cursor
   */
  #advance({ epoch, version }) {
    version = Math.max(version, this.cursor?.version ?? 0);
    this.cursor = { epoch, version };
    this.#pending = this.#pending.filter(({ push }) => push.epoch !== epoch || push.version > version);
    const next = this.#pending.find(({ push, known }) => known && push.epoch === epoch && push.prev <= version);
    if (next) this.#advance(next.push);
  }
}
