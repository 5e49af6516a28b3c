/** The option `debug`. @module */

/** Takes a line that says what happened, and its details. @typedef {(line: string, details?: object) => void} Log */

/**
 * Where debug lines go: to the console if `debug` is true, or to the page's own function. It is called after the work at
 * hand, so that it may call `close()`, and an error that it throws disturbs nothing.
 * @param {boolean | Log | undefined} debug
 * @returns {Log | undefined}
 */
export function logOf(debug) {
  if (!debug) return undefined;
  /** @type {Log} */
  const write = debug === true ? (line, details) => console.debug(`chatterbox: ${line}`, details) : debug;
  return (line, details) => queueMicrotask(() => write(line, details));
}
