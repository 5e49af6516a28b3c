/** Time at a test's command. Sockets go on meanwhile. */

import FakeTimers from "@sinonjs/fake-timers";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** Stops the clock, makes every random wait the longest it can be, or as `random` says, and returns what lets time pass. */
export function stopClock(t, random = () => 1) {
  const toFake = ["setTimeout", "clearTimeout", "Date"];
  const clock = FakeTimers.install({ now: Date.now(), toFake, shouldClearNativeTimers: true });
  t.after(() => clock.uninstall());
  t.mock.method(Math, "random", random);
  const tick = (milliseconds) => clock.tick(milliseconds);
  /** Lets time pass as a laptop does that sleeps: its clock has gone on, its timers have not. */
  tick.asleep = (milliseconds) => clock.setSystemTime(Date.now() + milliseconds);
  return tick;
}
