import type { App } from "aws-cdk-lib";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FUNCTION_NAMES } from "../lib/functions";
import { FOLDER, programs, stack } from "./stack";

/** What the stack with these programs is written as: its template, and the list of what is uploaded with it. */
function written(functions: string): string[] {
  const { directory } = (stack({ functions }).node.root as App).synth();
  return ["Chatterbox.template.json", "Chatterbox.assets.json"].map((name) => readFileSync(join(directory, name), "utf8"));
}

test("of a program's folder, nothing but the program is uploaded", () => {
  const functions = programs("with other files", Buffer.from("#!/bin/sh\n"));
  const before = written(functions);
  for (const name of FUNCTION_NAMES) {
    writeFileSync(join(functions, name, "bootstrap.zip"), `made at ${process.hrtime.bigint()}`);
    writeFileSync(join(functions, name, ".DS_Store"), "");
  }
  assert.deepEqual(written(functions), before);
  const { directory } = (stack({ functions }).node.root as App).synth();
  const assets = readdirSync(directory).filter((name) => /^asset\.[0-9a-f]{64}$/.test(name));
  assert.deepEqual(assets.map((name) => readdirSync(join(directory, name))), FUNCTION_NAMES.map(() => ["bootstrap"]));
});

test("a changed program is another template", () => {
  const functions = programs("changed", Buffer.from("#!/bin/sh\n"));
  const before = written(functions);
  writeFileSync(join(functions, "notify", "bootstrap"), "#!/bin/sh\n# changed");
  assert.notDeepEqual(written(functions), before);
});

test("the app writes the same template each time, byte for byte", () => {
  const settings = join(FOLDER, "same.json");
  writeFileSync(settings, JSON.stringify({ functions: programs("same", Buffer.from("#!/bin/sh\n")) }));
  const [first, second] = [1, 2].map(() => {
    const CDK_OUTDIR = mkdtempSync(join(FOLDER, "app-"));
    const env = { ...process.env, CDK_OUTDIR, CDK_CONTEXT_JSON: JSON.stringify({ settings }) };
    const command = ["--no-warnings", "--import", "tsx", "bin/app.ts"];
    const { status, stderr } = spawnSync("node", command, { cwd: join(__dirname, ".."), encoding: "utf8", env });
    assert.equal(status, 0, stderr);
    return readFileSync(join(CDK_OUTDIR, "Chatterbox.template.json"));
  });
  assert(first!.equals(second!));
});
