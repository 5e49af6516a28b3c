import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Readable, stack } from "./stack";

const SNAPSHOT = join(__dirname, "template.snapshot.txt");

/**
 * The template as a list that a reviewer can read: a line for each resource, and one for each property. Every change of
 * the deployed resources shows in it. UPDATE_SNAPSHOT=1 rewrites it.
 */
test("the template is that of the reviewed snapshot", () => {
  const now = render(new Readable(stack()));
  if (process.env.UPDATE_SNAPSHOT) writeFileSync(SNAPSHOT, now);
  assert.equal(now, readFileSync(SNAPSHOT, "utf8"), "UPDATE_SNAPSHOT=1 writes it anew: read the difference");
});

function render(readable: Readable): string {
  const resources = Object.entries(readable.resources).sort(([a], [b]) => (a < b ? -1 : 1));
  const sections = resources.map(([name, { Type, Properties, DependsOn: _, ...rest }]) =>
    [`${name}: ${Type}`, ...lines({ ...Properties, ...rest }).map((line) => `  ${line}`), ""].join("\n"),
  );
  const outputs = Object.entries(readable.outputs).map(([name, { Value }]) => `  ${name}: ${Value}`);
  return `${sections.join("\n")}\nOutputs\n${outputs.sort().join("\n")}\n`;
}

/** A value's leaves, each after its path. */
function lines(value: unknown, path = ""): string[] {
  const parsed = typeof value === "string" && /^[{[]/.test(value) ? parse(value) : value;
  if (typeof parsed !== "object" || parsed === null) return [`${path}: ${String(parsed)}`];
  if (Array.isArray(parsed) && parsed.every((one) => typeof one !== "object")) return [`${path}: ${parsed.join(", ")}`];
  return Object.entries(parsed).flatMap(([key, one]) => lines(one, path ? `${path}.${key}` : key));
}

/** Parses text that is JSON, such as a dashboard, so that its content is shown. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
