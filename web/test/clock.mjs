/** Time at a test's command. Sockets go on meanwhile. */

import FakeTimers from "@sinonjs/fake-timers";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** Stops the timers, makes every random wait the longest it can be, and returns what lets time pass. */
export function stopClock(t) {
  const clock = FakeTimers.install({ toFake: ["setTimeout", "clearTimeout"], shouldClearNativeTimers: true });
  t.after(() => clock.uninstall());
  t.mock.method(Math, "random", () => 1);
  return (milliseconds) => clock.tick(milliseconds);
}
