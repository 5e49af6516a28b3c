import { OBSERVABILITIES, type Observability } from "../lib/observability";
import { HEARTBEAT_BOUNDS } from "./client";
import { sources, table } from "./estimate";
import { floodTable } from "./flood";
import { heartbeatTable } from "./heartbeats";

/** `make cost USERS=10000 UPDATES=4 HOURS=2 BODY=200 TOPICS=1 HEARTBEAT=4 OBSERVABILITY=free`. */
const words = process.argv.slice(2);
const [users, updates, hours, body, topics, heartbeat] = words.map(Number) as [number, number, number, number, number, number];
const observability = words[6] as Observability;
const areNumbers = words.length === 7 && words.slice(0, 6).every((word) => /^\d+(\.\d+)?$/.test(word));
// More than there are people, and one for every second: what is beyond is a slip.
const isSite = users <= 1e10 && updates <= 86_400;
// As a login's log may be: crates/core, Topic::MAX_PER_LOGIN and Body::MAX_BYTES.
const isLog = Number.isInteger(topics) && topics >= 1 && topics <= 16 && body <= 8_192;
const [shortest, longest] = HEARTBEAT_BOUNDS;
const isChoice = heartbeat >= shortest && heartbeat <= longest && OBSERVABILITIES.includes(observability);
if (areNumbers && isSite && hours <= 24 && isLog && isChoice) {
  const site = { users, updates, hours, body, topics };
  const choice = { heartbeat, observability };
  const parts = [table(site, choice), heartbeatTable(site, choice), floodTable(site), sources()];
  process.stdout.write(`${parts.join("\n\n")}\n`);
} else {
  process.stderr.write(
    "USERS, UPDATES, HOURS, BODY, TOPICS and HEARTBEAT must be numbers: at most 10,000,000,000 users with 86,400 updates a day, a day has 24 hours, a body at most 8192 bytes, a login 1 to " +
      `16 topics, and a heartbeat comes after ${shortest} to ${longest} minutes; OBSERVABILITY must be one of ${OBSERVABILITIES.join(", ")}: ` +
      "make cost USERS=10000 UPDATES=4 HOURS=2 BODY=200 TOPICS=1 HEARTBEAT=4 OBSERVABILITY=free\n",
  );
  process.exitCode = 1;
}
