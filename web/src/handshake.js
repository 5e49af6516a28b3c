/** What a handshake carries: the topics and the user's credentials. @module */

import { parameterNames } from "./options.js";
import { base64url, encode } from "./wire.js";

/** @import { CheckedOptions } from "./options.js" */
/** @import { Topics } from "./topics.js" */

/**
 * The URL and the subprotocols of a socket. The chatter ID travels as a subprotocol, so that it is in no URL and therefore in
 * no proxy's log, unless the option `query` is set.
 * @param {CheckedOptions} options
 * @param {string | undefined} chatterId
 * @param {Topics} topics
 * @returns {[string, string[]]}
 */
export function handshake({ url, login, query, parameters }, chatterId, topics) {
  const names = parameterNames(parameters);
  const address = new URL(url);
  // A WebSocket's URL must not have a fragment.
  address.hash = "";
  const parameter = (/** @type {string} */ name, /** @type {string} */ value) => address.searchParams.set(name, value);
  if (topics) parameter(names.topic, topics.join(","));
  const protocols = query ? [] : ["chatterbox.v1"];
  if (chatterId && query) {
    parameter(names.login, login);
    parameter(names.chatter, chatterId);
  } else if (chatterId) {
    protocols.push(`chatterbox.auth.${base64url(encode(`${login}\0${chatterId}`))}`);
  }
  return [address.href, protocols];
}
