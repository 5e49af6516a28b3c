/** The error that a site throws when nobody is logged in. @module */

/** To be thrown by `credentials()` if nobody is logged in: nothing is tried again until `retry()` is called. */
export class LoggedOut extends Error {
  name = "LoggedOut";
}
