import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FUNCTION_NAMES, type FunctionName } from "../lib/functions";

/** What the Rust side says, read from its source: the stack has to fit it. */

const read = (path: string) => readFileSync(join(__dirname, "../..", path), "utf8");

/** crates/core/contract.json, which a test of core holds to be what core says. */
const contract: {
  callbackVariable: string;
  expiryAttribute: string;
  functions: Record<FunctionName, { required: string[]; optional: string[]; metrics: string[] }>;
  metricsDimension: string;
  refusalReasons: string[];
  tables: Record<string, { partitionKey: string; sortKey: string | null; index: [string, string] | null }>;
} = JSON.parse(read("crates/core/contract.json"));

/** The variables that a function reads: those that it needs, and those that it may have. */
export function variables(name: FunctionName): { required: string[]; optional: string[] } {
  const { required, optional } = contract.functions[name];
  // What begins with AWS is not ours: Lambda sets it itself (the level, by the function's logging configuration), or it
  // leads to another AWS than the real one. The address of `@connections` is the exception, and notify's alone.
  return { required, optional: optional.filter((variable) => !variable.startsWith("AWS_")) };
}

/** The variable for the address of `@connections`. */
export const callbackVariable = contract.callbackVariable;

/** The tables' keys, and the index, as core makes them for the local system. */
export const tables = contract.tables;

/** The attribute by which items expire. */
export const expiry = contract.expiryAttribute;

/** The time-outs that the local system gives to the functions, in seconds. */
export function localTimeouts(): Record<string, number> {
  const functions = read("crates/chatter/src/local/functions.rs");
  const words: Record<string, number> = { ten_seconds: 10 };
  const pairs = [...functions.matchAll(/\("(connect|disconnect|default|notify)", (\w+)\)/g)];
  const notify = Number(read("crates/chatter/src/local.rs").match(/notify_timeout: Duration::from_secs\((\d+)\)/)![1]);
  return Object.fromEntries(pairs.map(([, name, word]) => [name!, words[word!] ?? notify]));
}

/** The names of the metrics that a function prints. */
export function metrics(name: FunctionName): Set<string> {
  return new Set(contract.functions[name].metrics);
}

/** The dimension that every metric has. Its value is the function's name. */
export const metricsDimension = contract.metricsDimension;

/** The reasons for which a handshake is refused, in the metrics' words. */
export const refusalReasons = contract.refusalReasons;

/** How many custom metrics CloudWatch bills: each name of each function, and the refusals once more for each reason. */
export function customMetrics(): number {
  return FUNCTION_NAMES.reduce((sum, name) => sum + metrics(name).size, 0) + refusalReasons.length;
}
