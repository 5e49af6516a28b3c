import { sources, table } from "./estimate";

/** `make cost USERS=10000 UPDATES=4 HOURS=2`. */
const words = process.argv.slice(2);
const [users, updates, hours] = words.map(Number) as [number, number, number];
const areNumbers = words.length === 3 && words.every((word) => /^\d+(\.\d+)?$/.test(word));
if (areNumbers && hours <= 24) {
  process.stdout.write(`${table({ users, updates, hours })}\n\n${sources()}\n`);
} else {
  process.stderr.write(
    "USERS, UPDATES and HOURS must be numbers, and a day has 24 hours: make cost USERS=10000 UPDATES=4 HOURS=2\n",
  );
  process.exitCode = 1;
}
