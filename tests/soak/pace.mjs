/**
 * How much faster a client's time runs in the chaos: a minute of it shows what two would. With much more of a hurry a slow
 * machine would have them give up each handshake before it is answered.
 */
export const PACE = 2;

/**
 * From now on `globalThis.pace` says how fast a client's time runs: its waits, its time-outs and its periodic sync. When all
 * is calm it is the usual pace, or a slow machine would be taken for a dead link.
 */
export function makeElastic() {
  const { setTimeout } = globalThis;
  globalThis.pace = 1;
  globalThis.setTimeout = (action, delay, ...rest) => setTimeout(action, delay / globalThis.pace, ...rest);
}
