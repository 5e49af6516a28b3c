/** What the parts of `chatter.js` say to one another and to the server. None of it is published. */

import type { Options, StateChange, Synced, Update } from "./chatter.js";

export interface Cursor {
  epoch: string;
  version: number;
}

/**
 * An update as the server tells it. `recorded` is when the server recorded it, by the server's clock, and is absent where
 * a server of version 0.1 has recorded or tells it; `at` is by the pipeline's clock.
 */
export type Entry = Omit<Update, "initial"> & { recorded?: string };

export type Push = Entry & Cursor & { prev: number };

/** `now` is the server's clock. Servers of version 0.1 do not say it. */
export interface Reply {
  n: number;
  now?: string;
  cursor: Cursor | null;
  missed: number | null;
  reset: boolean;
  more: boolean;
  updates: Entry[];
}

/** A sync under way, over all its pages. */
export type Round = Synced & { initial: boolean };

/** How a line is: `socket` tells one open socket from the next, and `topics` are what it listens to, if not all. */
export type Status = StateChange & { socket?: number; topics?: readonly string[] | undefined };

/** How a line is, or what the server said on a socket. */
export interface Word {
  status?: Status;
  message?: any;
  socket?: number | undefined;
}

export type Hear = (word: Word) => void;

/** What is sent to the server. */
export interface Say {
  action: string;
  [more: string]: unknown;
}

/** What one tab says to the others: what its line says, if it holds the socket; or what it asks of the one that does. */
export type TabWord = Word & { say?: Say; ask?: boolean; retry?: boolean; topics?: readonly string[] | undefined };

/** Options that were found to be right. */
export type Checked = Options & { WebSocket: new (url: string, protocols: string[]) => any };

/** What an option has to be, in words, and whether a value is. */
export type Rule = [string, (value: any) => unknown];
