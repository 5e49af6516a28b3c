/**
 * Gives this page, or this process of Node, a clock that is wrong by so many milliseconds: `Date`, and the time at which
 * the page was loaded. Elapsed time (`performance.now`, timers) is right, as on a machine whose clock is wrong.
 *
 * `globalThis.setClock` sets the clock while the page is open; when the page was loaded stays what it was.
 *
 * It stands by itself, since it also runs as an init script in Chromium. It has to run before the page's own scripts.
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
