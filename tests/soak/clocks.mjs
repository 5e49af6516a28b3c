/** The clients' clocks, most of which are wrong. */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** How far ahead each clock is, in milliseconds. */
const AHEAD = { right: 0, "a day slow": -DAY, "3 minutes slow": -3 * MINUTE, "3 minutes fast": 3 * MINUTE, "a day fast": DAY };

/** These clocks, and one that jumps between their times. */
export const CLOCKS = [
  ...Object.entries(AHEAD).map(([name, ahead]) => ({ name, ahead, jumps: false })),
  { name: "jumping", ahead: 0, jumps: true },
];

/** A random one of these times, for the jumping clock. */
export function anywhere() {
  const all = Object.values(AHEAD);
  return all[Math.floor(Math.random() * all.length)];
}
