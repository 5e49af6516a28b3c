import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FUNCTION_NAMES, type FunctionName } from "../lib/functions";
import type { Observability } from "../lib/observability";

/** What the Rust side says, by crates/core/contract.json, which a test of core holds to be what core says: the stack has to fit it. */
const contract: {
  callbackVariable: string;
  expiryAttribute: string;
  functions: Record<
    FunctionName,
    { required: string[]; optional: string[]; metrics: string[]; timeLimitSeconds: number }
  >;
  metricsDimension: string;
  refusalReasons: string[];
  summaries: Record<string, Record<string, number | "flood">>;
  tables: Record<
    string,
    { partitionKey: string; sortKey: string | null; index: [string, string] | null; stream: string | null }
  >;
} = JSON.parse(readFileSync(join(__dirname, "../../crates/core/contract.json"), "utf8"));

/** The variables that a function reads: those that it needs, and those that it may have. */
export function variables(name: FunctionName): { required: string[]; optional: string[] } {
  const { required, optional } = contract.functions[name];
  // What begins with AWS is not ours: Lambda sets it itself (the level, by the function's logging configuration), or it
  // leads to another AWS than the real one. The address of `@connections` is the exception.
  return { required, optional: optional.filter((variable) => !variable.startsWith("AWS_")) };
}

/** The variable for the address of `@connections`. */
export const callbackVariable = contract.callbackVariable;

/** The tables' keys, the index and the streams, as core makes them for the local system. */
export const tables = contract.tables;

/** The attribute by which items expire. */
export const expiry = contract.expiryAttribute;

/** The time limit that a function has on the laptop, in seconds. */
export function timeLimit(name: FunctionName): number {
  return contract.functions[name].timeLimitSeconds;
}

/** The names of the metrics that a function prints. */
export function metrics(name: FunctionName): Set<string> {
  return new Set(contract.functions[name].metrics);
}

/** The dimension that every metric has. Its value is the function's name. */
export const metricsDimension = contract.metricsDimension;

/** The reasons for which a handshake is refused, in the metrics' words. */
export const refusalReasons = contract.refusalReasons;

/** The sums that the functions print in place of their metrics with "free": what one of each metric adds to each. */
export const summaries = contract.summaries;

/** What so many of each metric add up to, where so many handshakes are a flood. */
export function summary(name: string, counts: Record<string, number>, flood = 37_500): number {
  const parts = Object.entries(summaries[name]!).map(([metric, weight]) => (counts[metric] ?? 0) * (weight === "flood" ? 1 / flood : weight));
  return parts.reduce((sum, part) => sum + part, 0);
}

/** How many custom metrics CloudWatch bills: with "full" each name of each function, and the refusals once more for each reason. */
export function customMetrics(observability: Observability): number {
  const all = FUNCTION_NAMES.reduce((sum, name) => sum + metrics(name).size, 0) + refusalReasons.length;
  return { free: Object.keys(summaries).length, full: all, none: 0 }[observability];
}
