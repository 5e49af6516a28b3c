import { table } from "./estimate";

/** `make cost USERS=10000 UPDATES=4 HOURS=2`. */
const [users = 10_000, updates = 4, hours = 2] = process.argv.slice(2).map(Number);
if ([users, updates, hours].every((number) => Number.isFinite(number) && number >= 0) && hours <= 24) {
  process.stdout.write(`${table({ users, updates, hours })}\n`);
} else {
  process.stderr.write(
    "USERS, UPDATES and HOURS must be numbers, and a day has 24 hours: make cost USERS=10000 UPDATES=4 HOURS=2\n",
  );
  process.exitCode = 1;
}
