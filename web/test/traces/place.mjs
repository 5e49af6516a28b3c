/** A tab of a trace: the client that is loaded there, and what the steps so far say about it. */

import { ANSWER_TIMEOUT, GAP_WAIT, LONGEST_WAIT, SYNC_EVERY } from "../../src/timing.js";

export class Place {
  /** The page that is loaded, if the tab is open. */
  tab = null;
  #cursor = null;
  /** All its syncs, also those of a page that was there before. */
  syncs = [];
  /** Whether the newest one may still be answered. */
  isAsking = false;
  /** Whether a sync of this page was ever answered in full. */
  hasSynced = false;
  /** When the newest reply came, by the tab's clock. */
  #answeredAt = 0;
  /** How many syncs in a row were not answered. */
  #unanswered = 0;
  /** The pushes since the newest sync that the cursor has not reached. */
  #pushes = [];
  /** What the event `synced` will say. */
  #round = null;

  constructor(topics, sessionStorage) {
    this.topics = topics;
    this.sessionStorage = sessionStorage;
  }

  /** What the model says of its cursor. */
  get cursor() {
    return this.#cursor;
  }

  set cursor(cursor) {
    this.#cursor = cursor;
    this.#pushes = this.#pushes.filter(({ epoch, version }) => epoch !== cursor?.epoch || version > cursor.version);
  }

  load(tab) {
    Object.assign(this, { tab, cursor: null, isAsking: false, hasSynced: false });
    this.#unanswered = 0;
    this.#pushes = [];
    this.#round = null;
  }

  asked({ n, cursor }) {
    this.syncs.push({ n, cursor });
    this.isAsking = true;
    this.#unanswered += 1;
    this.#pushes = [];
    this.#round ??= { missed: 0, reset: false };
  }

  pushed(push) {
    this.#pushes.push(push);
  }

  /** The newest sync was answered. If the client does not ask on, this event `synced` follows. */
  answered({ missed, reset }, asksOn) {
    const round = this.#round;
    this.#answeredAt = this.tab.now;
    this.isAsking = false;
    this.#unanswered = 0;
    round.missed = round.missed === null || missed === null ? null : round.missed + missed;
    round.reset ||= reset;
    if (asksOn) return [];
    this.#round = null;
    this.hasSynced = true;
    return [round];
  }

  /** When it is to ask, though nothing is missing. */
  get asksAt() {
    return this.#answeredAt + SYNC_EVERY;
  }

  /** How long it may wait until it asks by itself. */
  get patience() {
    if (this.isAsking) return Math.min(ANSWER_TIMEOUT * 2 ** (this.#unanswered - 1), LONGEST_WAIT);
    return this.#pushes.length > 0 ? GAP_WAIT : SYNC_EVERY;
  }
}
