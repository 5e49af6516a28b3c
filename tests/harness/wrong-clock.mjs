/**
 * Gives this page, or this process of Node, a clock that is `ahead` milliseconds ahead: `Date`, and the time at which the
 * page was loaded. Elapsed time (`performance.now`, timers) stays right, as on a machine whose clock is wrong.
 *
 * `globalThis.setClock` sets the clock while the page is open; the time at which the page was loaded stays.
 *
 * The function uses nothing from outside, since it also runs as an init script in Chromium, before the page's own scripts.
 * @param {number} ahead
 */
export function useWrongClock(ahead) {
  const { Date } = globalThis;
  const now = () => Date.now() + ahead;
  const loaded = now() - performance.now();
  globalThis.setClock = (milliseconds) => (ahead = milliseconds);
  globalThis.Date = new Proxy(Date, {
    construct: (target, parameters, newTarget) => Reflect.construct(target, parameters.length ? parameters : [now()], newTarget),
    apply: () => String(new Date(now())),
    get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
  });
  Object.defineProperty(performance, "timeOrigin", { get: () => loaded, configurable: true });
}
