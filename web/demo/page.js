/** Small things that every part of the page needs. */

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

/** @param {string} id */
export function field(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/** @param {string} id */
export function form(id) {
  return /** @type {HTMLFormElement} */ (element(id));
}

/** @param {Record<string, boolean>} visible By id. */
export function show(visible) {
  for (const [id, is] of Object.entries(visible)) element(id).hidden = !is;
}

/**
 * Everything is put in as text, whoever wrote it.
 * @param {string} tag
 * @param {string} className
 * @param {...(string | Node)} content
 */
export function make(tag, className, ...content) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...content);
  return made;
}

/**
 * Lets go of the oldest entries of a list whose newest is first.
 * @param {string} id
 * @param {number} most
 */
export function keep(id, most) {
  while (element(id).childElementCount > most) element(id).lastElementChild?.remove();
}

/** @param {number} time Milliseconds since 1970. */
export function clock(time) {
  return new Date(time).toLocaleTimeString(undefined, { timeStyle: "medium", hourCycle: "h23" });
}

/** @param {unknown} error */
export function inWords(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Sends JSON, and returns the response with the JSON in it.
 * @param {string} path
 * @param {object} body
 * @param {number} [patience] In milliseconds.
 * @returns {Promise<{ response: Response, answer: any }>}
 * @throws {Error} a sentence for the user, if there is no answer or it is not JSON
 */
export async function post(path, body, patience = 30_000) {
  const silence = new Error(`${location.host} does not answer: is "chatter local" running?`);
  const headers = { "Content-Type": "application/json" };
  const request = { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(patience) };
  const response = await fetch(path, request).catch(() => Promise.reject(silence));
  const text = await response.text().catch(() => Promise.reject(silence));
  try {
    return { response, answer: text ? JSON.parse(text) : null };
  } catch {
    throw new Error(`${location.host} answered ${response.status} with what is not JSON: is it "chatter local"?`);
  }
}
