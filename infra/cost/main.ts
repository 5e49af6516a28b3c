import { sources, table } from "./estimate";
import { floodTable } from "./flood";

/** `make cost USERS=10000 UPDATES=4 HOURS=2 BODY=200 TOPICS=1`. */
const words = process.argv.slice(2);
const [users, updates, hours, body, topics] = words.map(Number) as [number, number, number, number, number];
const areNumbers = words.length === 5 && words.every((word) => /^\d+(\.\d+)?$/.test(word));
// As a login's log may be: crates/core, Topic::MAX_PER_LOGIN and Body::MAX_BYTES.
const isLog = Number.isInteger(topics) && topics >= 1 && topics <= 16 && body <= 8_192;
if (areNumbers && hours <= 24 && isLog) {
  const site = { users, updates, hours, body, topics };
  process.stdout.write(`${table(site)}\n\n${floodTable(site)}\n\n${sources()}\n`);
} else {
  process.stderr.write(
    "USERS, UPDATES, HOURS, BODY and TOPICS must be numbers: a day has 24 hours, a body at most 8192 bytes, and a login 1 to " +
      "16 topics: make cost USERS=10000 UPDATES=4 HOURS=2 BODY=200 TOPICS=1\n",
  );
  process.exitCode = 1;
}
