import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FUNCTION_NAMES, type FunctionName } from "../lib/functions";

/** What the Rust side says, read from its source: the stack has to fit it. */

const read = (path: string) => readFileSync(join(__dirname, "../..", path), "utf8");

/** The variables that settings.rs reads: those that every function needs, and those that it may have. */
export function variables(): { required: string[]; optional: string[] } {
  const source = read("crates/core/src/runtime/settings.rs").split("#[cfg(test)]")[0]!;
  const named = (pattern: RegExp) => [...new Set([...source.matchAll(pattern)].map((match) => match[1]!))].sort();
  const required = named(/required\("([A-Z_]+)"\)/g);
  // What begins with AWS is not ours: Lambda sets it itself (the level, by the function's logging configuration), or it
  // leads to another AWS than the real one. The address of `@connections` is the exception, and notify's alone.
  const isOurs = (name: string) => !required.includes(name) && !name.startsWith("AWS_");
  return { required, optional: named(/"([A-Z]+(?:_[A-Z]+)+)"/g).filter(isOurs) };
}

/** The variable for the address of `@connections`. */
export function callbackVariable(): string {
  return read("crates/core/src/runtime/settings.rs").match(/CALLBACK_URL: &str = "([A-Z_]+)"/)![1]!;
}

/** The tables of schema.rs: keys, and the index, as it makes them for the local system. */
export function tables(): Record<string, { partition: string; sort?: string; index?: [string, string] }> {
  const source = read("crates/core/src/tables/schema.rs");
  const index = read("crates/core/src/tables/connections.rs").match(/BY_CONNECTION_ID: &str = "(\w+)"/)![1]!;
  const partition = source.match(/partition_key: "(\w+)"/)![1]!;
  const rows = source.matchAll(
    /table\(\s*names\.(\w+)\.as_str\(\),\s*(None|Some\("(\w+)"\)),\s*(None|Some\(\(BY_CONNECTION_ID, "(\w+)"\)\)),?\s*\)/g,
  );
  return Object.fromEntries(
    [...rows].map(([, name, , sort, , key]) => [
      name!,
      { partition, ...(sort && { sort }), ...(key && { index: [index, key] as [string, string] }) },
    ]),
  );
}

/** The attribute by which items expire. */
export function expiry(): string {
  return read("crates/core/src/tables/schema.rs").match(/attribute_name\("(expires_at)"\)/)![1]!;
}

/** The time-outs that the local system gives to the functions, in seconds. */
export function localTimeouts(): Record<string, number> {
  const functions = read("crates/chatter/src/local/functions.rs");
  const words: Record<string, number> = { ten_seconds: 10 };
  const pairs = [...functions.matchAll(/\("(connect|disconnect|default|notify)", (\w+)\)/g)];
  const notify = Number(read("crates/chatter/src/local.rs").match(/notify_timeout: Duration::from_secs\((\d+)\)/)![1]);
  return Object.fromEntries(pairs.map(([, name, word]) => [name!, words[word!] ?? notify]));
}

/** The names of metrics that a function prints: all that begins with a capital and is a word, but for dimensions. */
export function metrics(name: FunctionName): Set<string> {
  const words = [...read(`crates/${name}/src/main.rs`).matchAll(/"([A-Z][A-Za-z]+)"/g)].map((match) => match[1]!);
  return new Set(words.filter((word) => word !== "Reason"));
}

/** The dimension that every metric has, and its value: the name that a function gives to its metrics. */
export function metricsDimension(name: FunctionName): [string, string] {
  const dimension = /insert\("(\w+)"\.to_owned\(\), json!\(self\.function\)\)/.exec(read("crates/core/src/runtime/metrics.rs"))!;
  return [dimension[1]!, read(`crates/${name}/src/main.rs`).match(/Metrics::new\("(\w+)"/)![1]!];
}

/** Why a handshake is refused, in the metrics' words. */
export function refusalReasons(): string[] {
  const source = read("crates/core/src/handshake/refusal.rs");
  const reasons = source.slice(source.indexOf("fn reason"));
  return [...reasons.matchAll(/=> "([a-z-]+)"/g)].map((match) => match[1]!);
}

/** How many custom metrics CloudWatch bills: each name of each function, and the refusals once more for each reason. */
export function customMetrics(): number {
  return FUNCTION_NAMES.reduce((sum, name) => sum + metrics(name).size, 0) + refusalReasons().length;
}
