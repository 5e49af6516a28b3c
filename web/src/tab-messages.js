/** The messages between the tabs that share a socket. @module */

import { NOT_OPENED } from "./socket-keeper.js";

/** @import { Report } from "./socket-keeper.js" */
/** @import { Topics } from "./topics.js" */
/** @import { Outgoing } from "./wire.js" */

/**
 * - `status` and `message`: what the tab with the socket reports to the others;
 * - `send`: a message that the tab with the socket is to send to the server;
 * - `query`: asks the tab with the socket for its status, and tells it the topics that this tab listens to. It is to check
 *   the socket if `revive`, and every tab is to try again at once if `retry`.
 * @typedef {Report
 *   | { type: "send", message: Outgoing }
 *   | { type: "query", revive: boolean, retry: boolean, topics: Topics }} TabMessage
 */

/** What other tabs are sent in place of an error's text that may hold a secret, by the error's code. @type {Record<string, string>} */
const SHARED_TEXTS = {
  connect: NOT_OPENED,
  credentials: "credentials() failed in the tab that holds the socket.",
};

/**
 * A report as other tabs may see it: every page of this origin can listen in.
 * @param {Report} report
 * @returns {Report}
 */
export function withoutSecrets(report) {
  const text = report.type === "message" && SHARED_TEXTS[report.message.code];
  return text ? { ...report, message: { ...report.message, message: text } } : report;
}

/**
 * Whether data from the channel is a message of a tab. Any page of this origin may post there.
 * @param {any} data
 * @returns {data is TabMessage}
 */
export function isTabMessage(data) {
  const { type, status, message, topics } = Object(data);
  switch (type) {
    case "status":
      return Object(status) === status && isTopicList(status.topics);
    case "query":
      return isTopicList(topics);
    case "send":
    case "message":
      return Object(message) === message;
  }
  return false;
}

/** @param {unknown} topics */
function isTopicList(topics) {
  return topics === undefined || Array.isArray(topics);
}
