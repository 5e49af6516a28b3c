/** What a strict TypeScript project may do with the package, and what its compiler has to refuse. */

import { connect, LoggedOut } from "chatterbox-client";
import type { Chatter, Events, Failure, Options, Reason, State, StateChange, Synced, Update, Updates } from "chatterbox-client";

interface Score {
  points: number;
}

// What is not known yet may be undefined.
declare const chatterId: string | undefined;
declare const topics: readonly string[] | undefined;
declare const since: Date | number | undefined;
declare const share: boolean | undefined;
declare class Socket {
  constructor(url: string | URL, protocols?: string | string[]);
}
const options: Options = {
  url: "wss://socks.example.com",
  login: "friendless",
  chatterId,
  credentials: undefined,
  topics,
  since,
  share,
  query: share,
  debug: (line: string, details?: object) => console.log(line.length, details),
  parameters: { login: chatterId, topic: "about" },
  WebSocket: Socket,
};

const chatter: Chatter<Score> = connect<Score>(options);
const untyped: Update = { topic: "", topics: [], version: 1, id: "", at: "", body: 7, initial: false };
const points: number = untyped.body.points;

const hear = ({ detail }: CustomEvent<Update<Score>>) => detail.body.points + points;
chatter.addEventListener("stats-updated", hear, { once: true });
chatter.removeEventListener("stats-updated", hear, true);
chatter.addEventListener("synced", { handleEvent: ({ detail }: CustomEvent<Synced>) => void detail.missed });
chatter.addEventListener("error", ({ detail }) => {
  const failure: Failure = detail;
  return failure.code + failure.message;
});
chatter.addEventListener("state", ({ detail }) => {
  const { state, reason, retryIn }: StateChange = detail;
  const known: State = state;
  const why: Reason | undefined = reason;
  // @ts-expect-error There is no such reason.
  if (reason === "lots") return;
  // The state tells which reasons there are, and whether there is a time of the next attempt.
  if (detail.state === "closed") {
    const end: "revoked" | "closed by the page" = detail.reason;
    return end;
  }
  if (detail.state === "refused" && detail.reason === "unreachable") return detail.retryIn.toFixed();
  // @ts-expect-error An open socket has no reason.
  if (detail.state === "open") return detail.reason.length;
  return `${known} ${why} ${(retryIn ?? 0) + 1}`;
});
const types: (keyof Events)[] = ["stats-updated", "state", "synced", "error"];

// @ts-expect-error A typo in an event's name.
chatter.addEventListener("stats-update", hear);
// @ts-expect-error The same when it is to be removed.
chatter.removeEventListener("stat", hear);
// @ts-expect-error A listener for another event.
chatter.addEventListener("state", hear);
// @ts-expect-error A listener for another body.
chatter.addEventListener("stats-updated", ({ detail }: CustomEvent<Update<string>>) => detail.body);
// @ts-expect-error There is nothing for others to dispatch.
chatter.dispatchEvent(new Event("state"));
// @ts-expect-error A state is not set from outside.
chatter.state = "open";
// @ts-expect-error A typo in an option's name.
connect({ url: "", login: "", chatterID: "" });
// @ts-expect-error A login is text.
connect({ url: "", login: 42 });
// @ts-expect-error There has to be a login.
connect({ url: "" });
// @ts-expect-error A time is a Date or a number.
connect({ url: "", login: "", since: "2026-01-01" });
// @ts-expect-error Credentials have a chatterId.
connect({ url: "", login: "", credentials: async () => ({ id: "" }) });
// @ts-expect-error What is meant for the inside only.
import type { Cursor } from "chatterbox-client";

connect({
  url: "",
  login: "",
  credentials: async () => {
    throw new LoggedOut("nobody");
  },
});

export async function read(): Promise<Cursor | number> {
  const updates: Updates<Score> = chatter[Symbol.asyncIterator]();
  const { done, value } = await updates.next();
  if (!done) return value.body.points;
  await updates.return();
  for await (const { body, initial } of chatter) if (initial) return body.points;
  chatter.retry();
  chatter.close();
  return types.length;
}
