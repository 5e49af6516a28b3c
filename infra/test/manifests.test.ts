import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { FUNCTION_NAMES } from "../lib/functions";
import { Readable, stack } from "./stack";

interface Manifests {
  packages: { name: string; metadata: { lambda?: { deploy: unknown } } | null }[];
  metadata: { lambda: { build: { packages: string[] } } };
}

/** What the manifests say to cargo-lambda, as cargo reads them. */
function manifests(): Manifests {
  const words = ["metadata", "--no-deps", "--offline", "--locked", "--format-version", "1"];
  const { status, stdout, stderr } = spawnSync("cargo", words, { cwd: join(__dirname, "../.."), encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test("cargo lambda deploy makes functions with the memory and the time limit that the stack gives them", () => {
  const { resources } = new Readable(stack());
  const inStack = FUNCTION_NAMES.map((name) => {
    const { MemorySize, Timeout } = resources[`Functions/${name}`]!.Properties;
    return [name, { memory: MemorySize, timeout: Timeout }];
  });
  const inManifests = manifests().packages.flatMap(({ name, metadata }) =>
    metadata?.lambda ? [[name, metadata.lambda.deploy] as const] : [],
  );
  assert.deepEqual(Object.fromEntries(inManifests), Object.fromEntries(inStack));
});

test("a plain cargo lambda build builds the functions and nothing else", () => {
  assert.deepEqual(manifests().metadata.lambda.build.packages, FUNCTION_NAMES);
});
