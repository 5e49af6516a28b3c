/** A clock that a test sets. Sockets work meanwhile. */

import FakeTimers from "@sinonjs/fake-timers";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/**
 * Stops both clocks, makes every random wait the longest it can be, or as `random` says, and returns what lets time pass.
 * The page is loaded now, whatever its clock says.
 */
export function stopClock(t, random = () => 1, now = Date.now()) {
  const toFake = ["setTimeout", "clearTimeout", "Date", "performance"];
  const clock = FakeTimers.install({ now, toFake, shouldClearNativeTimers: true });
  t.after(() => clock.uninstall());
  t.mock.method(Math, "random", random);
  const tick = (milliseconds) => clock.tick(milliseconds);
  /** Lets time pass as a laptop does that sleeps: its clock has gone on, its timers and `performance.now()` have not. */
  tick.asleep = (milliseconds) => clock.setSystemTime(Date.now() + milliseconds);
  /** Sets the clock back. No time passes. */
  tick.back = (milliseconds) => clock.setSystemTime(Date.now() - milliseconds);
  /** How many timers run. */
  tick.timers = () => clock.countTimers();
  return tick;
}
