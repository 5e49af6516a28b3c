/**
 * How many times faster a client's time runs during the chaos, so that a minute shows as much as two. With a much higher
 * pace the clients on a slow machine would give up every handshake before it is answered.
 */
export const PACE = 2;

/**
 * Makes `globalThis.pace` the speed of a client's time: of its waits, its time-outs and its periodic sync. In calm it has to
 * be 1, or a slow machine would look like a dead link.
 */
export function makeElastic() {
  const { setTimeout } = globalThis;
  globalThis.pace = 1;
  globalThis.setTimeout = (action, delay, ...rest) => setTimeout(action, delay / globalThis.pace, ...rest);
}
