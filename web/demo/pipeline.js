/** The pipeline, played by this page: it invokes notify, as any job with an AWS client would. */

import { isChaos } from "./activity.js";
import { element, field, inWords, post } from "./page.js";

/** The path of the function, as Lambda's API has it. */
export const NOTIFY = "/2015-03-31/functions/notify/invocations";
const PATIENCE = 70_000;
const TEN = 10;

/** @typedef {{ login?: string, logins?: string[], topic?: string, topics?: string[], body: unknown }} Notification */
/** What notify reports. @typedef {{ logins: Record<string, number | string> } & Record<string, number>} Report */

/**
 * What the form says.
 * @param {string} me The login of this page, for which it is if no others are named.
 * @returns {Notification}
 * @throws {Error} a sentence for the user
 */
export function notification(me) {
  const others = list(field("others").value);
  const topics = list(field("topic").value);
  const to = others.length ? { logins: others } : { login: me };
  const about = topics.length > 1 ? { topics } : { topic: field("topic").value };
  return { ...to, ...about, body: body() };
}

function body() {
  const json = field("json").value.trim();
  if (!json) return { message: field("message").value };
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(`Any JSON: ${inWords(error)}`);
  }
}

/** @param {string} text With commas. */
function list(text) {
  return text.split(",").map((part) => part.trim()).filter(Boolean);
}

/**
 * Invokes notify, and says what came of it.
 * @param {string} me
 * @param {number} times
 */
export async function notify(me, times = 1) {
  const report = element("report");
  report.className = "report";
  report.textContent = "";
  const start = performance.now();
  try {
    const event = notification(me);
    /** @type {Report[]} */
    const reports = [];
    for (let n = 0; n < times; n += 1) reports.push(await invoke(event));
    report.textContent = `${outcome(reports)}, in ${Math.round(performance.now() - start)} ms`;
  } catch (error) {
    report.classList.add("failed");
    const advice = isChaos ? " Chaos is on: a pipeline would try again, and so can you." : "";
    report.textContent = `notify failed: ${inWords(error)}.${advice}`.replace("..", ".");
  }
}

/** @param {string} me */
export function notifyTenTimes(me) {
  return notify(me, TEN);
}

/**
 * @param {Notification} event
 * @returns {Promise<Report>}
 */
async function invoke(event) {
  const { response, answer } = await post(NOTIFY, event, PATIENCE);
  const failed = !response.ok || response.headers.has("X-Amz-Function-Error");
  if (failed) throw new Error(answer?.errorMessage ?? answer?.message ?? answer?.Message ?? response.statusText);
  return answer;
}

/**
 * For each login the version or a word, and how many posts there were of each kind.
 * @param {Report[]} reports
 */
function outcome(reports) {
  const outcomes = reports.flatMap(({ logins }) => Object.values(logins));
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { logins, ...posts } of reports) {
    for (const [kind, count] of Object.entries(posts)) if (count > 0) counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  const posts = counts.size ? [...counts].map(([kind, count]) => `${count} ${kind}`) : ["nobody is listening"];
  return [...inFew(outcomes), ...posts].join(", ");
}

/** @param {(number | string)[]} outcomes */
function inFew(outcomes) {
  if (outcomes.length <= 3) return outcomes.map((one) => (typeof one === "number" ? `version ${one}` : one));
  const versions = outcomes.filter((one) => typeof one === "number");
  return [`${outcomes.length} outcomes`, ...(versions.length ? [`versions ${Math.min(...versions)} to ${Math.max(...versions)}`] : [])];
}
