/** What can be read from an error that the site or the browser has thrown. @module */

import { LoggedOut } from "./logged-out.js";

/**
 * Whether an error is a `LoggedOut`, or a site's own error of that name. What was thrown may be an object whose fields
 * throw when they are read.
 * @param {any} error
 */
export function isLoggedOut(error) {
  try {
    return error instanceof LoggedOut || error?.name === "LoggedOut";
  } catch {
    return false;
  }
}

/**
 * The text of an error. Not every object can become a string.
 * @param {any} error
 */
export function messageOf(error) {
  try {
    return String(error?.message ?? error);
  } catch {
    return "what was thrown has no text";
  }
}
