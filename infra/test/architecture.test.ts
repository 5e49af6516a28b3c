import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ofThisMachine } from "../lib/architecture";
import { complete } from "../lib/settings";
import { FOLDER } from "./stack";

test("functions are built and deployed for the processor of the machine that builds, unless the settings say otherwise", () => {
  assert.deepEqual(["arm64", "x64", "riscv64"].map(ofThisMachine), ["arm64", "x86_64", "x86_64"]);
  assert.equal(complete({}).architecture, ofThisMachine());
  assert.equal(complete({ architecture: "arm64" }).architecture, "arm64");
  assert.equal(complete({ architecture: "x86_64" }).architecture, "x86_64");
});

/** What `make build` would run on a machine whose `uname` says this. */
function makeBuild(machine: string, ...words: string[]): string {
  const bin = mkdtempSync(join(FOLDER, "uname-"));
  writeFileSync(join(bin, "uname"), `#!/bin/sh\necho ${machine}\n`, { mode: 0o755 });
  const { ARCH: _, MAKEFLAGS: __, ...env } = process.env;
  const PATH = `${bin}:${env.PATH}`;
  const options = { cwd: join(__dirname, "../.."), encoding: "utf8", env: { ...env, PATH } } as const;
  const { status, stdout, stderr } = spawnSync("make", ["--dry-run", "build", ...words], options);
  assert.equal(status, 0, stderr);
  return stdout;
}

for (const [machine, flag] of [["x86_64", "--x86-64"], ["aarch64", "--arm64"], ["arm64", "--arm64"]] as const) {
  test(`make builds with ${flag} where uname says ${machine}`, () => assert.match(makeBuild(machine), new RegExp(` ${flag} `)));
}

test("make builds for the ARCH that it is given", () => {
  assert.match(makeBuild("x86_64", "ARCH=arm64"), / --arm64 /);
  assert.match(makeBuild("aarch64", "ARCH=x86_64"), / --x86-64 /);
});
