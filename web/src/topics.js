/** Lists of topics. An absent list means all topics. @module */

/** @typedef {readonly string[] | undefined} Topics */

/** The most topics that a socket may name. A login has no more, and the server refuses a socket that names more. */
export const MAX_TOPICS = 16;

/**
 * Whether a socket that listens to `topics` receives every update of the topics `wanted`.
 * @param {Topics} topics
 * @param {Topics} wanted
 */
export function covers(topics, wanted) {
  return !topics || !!wanted?.every((topic) => topics.includes(topic));
}
