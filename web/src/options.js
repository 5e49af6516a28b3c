/** The options of `connect`: what each has to be, and the checks. @module */

import { QUIET_HEARTBEAT, SHORTEST_HEARTBEAT } from "./timing.js";
import { encode } from "./wire.js";

/** @import { Options } from "./types.js" */
/** @import { Log } from "./debug.js" */
/** @typedef {Options & { WebSocket: new (url: string, protocols: string[]) => any, log?: Log | undefined }} CheckedOptions */
/** What an option has to be, in words, and whether a value is that. @typedef {[string, (value: any) => unknown]} Rule */

/**
 * What each option has to be. The server's `Login` and `Topic` have the same bounds.
 * @type {Record<string, Rule>}
 */
const RULES = {
  url: ["a URL", isUrl],
  login: ["1 to 128 bytes of text without control characters", (value) => isText(value, 128)],
  chatterId: ["text without control characters", isText],
  credentials: ["a function", isFunction],
  "credentials()": ["{ chatterId }, text without control characters", (value) => isText(value?.chatterId)],
  topics: ["a list, each 1 to 64 bytes of text without control characters and commas", isTopics],
  since: ["a valid Date, or milliseconds (not seconds) since 1970", isTime],
  heartbeat: ["60000 to 510000 milliseconds", isHeartbeat],
  share: ["true or false", isBoolean],
  query: ["true or false", isBoolean],
  debug: ["true, false or a function", (value) => isBoolean(value) || isFunction(value)],
  parameters: ["{ login, chatter, topic }: different texts without control characters", areParameterNames],
  WebSocket: ["a class: there is none here", isFunction],
};

/**
 * The options that were given, without those that are null or undefined.
 * @param {Options} options
 * @returns {CheckedOptions}
 * @throws {TypeError} if an option is wrong, missing or unknown
 */
export function checkOptions(options) {
  // The options that are required have a wrong value here, which those that were given replace.
  const all = { url: 0, login: 0, WebSocket: globalThis.WebSocket ?? 0, ...given(options) };
  for (const [name, value] of Object.entries(all)) checkOption(name, value);
  return all;
}

/**
 * The fields that are neither null nor undefined.
 * @param {object | undefined} fields
 * @returns {any}
 */
function given(fields) {
  return Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value != null));
}

/**
 * The value, if it is what this option has to be. The error never quotes the value, which may be a secret.
 * @param {string} name
 * @param {any} value
 * @throws {TypeError}
 */
export function checkOption(name, value) {
  const [rule, holds] = Object.hasOwn(RULES, name) ? /** @type {Rule} */ (RULES[name]) : ["left out: there is no such option"];
  if (!holds?.(value)) throw new TypeError(`${name}: must be ${rule}`);
  return value;
}

/** @param {any} value */
function isUrl(value) {
  try {
    return new URL(value);
  } catch {
    return false;
  }
}

/**
 * @param {any} value
 * @param {number} [maxBytes]
 */
function isText(value, maxBytes = Infinity) {
  return typeof value === "string" && /^\P{Cc}+$/u.test(value) && encode(value).length <= maxBytes;
}

/** @param {any} value */
function isTime(value) {
  const time = value.getTime ? value.getTime() : value;
  return Number.isFinite(time) && (time <= 0 || time >= Date.UTC(2001));
}

/** @param {any} value */
function isHeartbeat(value) {
  return Number.isFinite(value) && value >= SHORTEST_HEARTBEAT && value <= QUIET_HEARTBEAT;
}

/** @param {any} value */
function isTopics(value) {
  return Array.isArray(value) && value.every((topic) => isText(topic, 64) && !topic.includes(","));
}

/**
 * The names of the URL's parameters, where the site has not set others.
 * @param {Options["parameters"]} names
 */
export function parameterNames(names) {
  return { login: "login", chatter: "chatter", topic: "topic", ...given(names) };
}

/** @param {any} value */
function areParameterNames(value) {
  const names = Object.values(parameterNames(value));
  return typeof value === "object" && names.length === 3 && new Set(names).size === 3 && names.every((name) => isText(name));
}

/** @param {any} value */
function isBoolean(value) {
  return typeof value === "boolean";
}

/** @param {any} value */
function isFunction(value) {
  return typeof value === "function";
}
