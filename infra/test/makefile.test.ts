import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FOLDER } from "./stack";

/** Runs make at the root, with a cargo that only says how it was called. */
function make(...words: string[]) {
  const bin = mkdtempSync(join(FOLDER, "bin-"));
  for (const program of ["cargo", "cargo-lambda"]) writeFileSync(join(bin, program), '#!/bin/sh\necho "called: $*"\n', { mode: 0o755 });
  const venv = join(bin, "venv/bin");
  mkdirSync(venv, { recursive: true });
  writeFileSync(join(venv, "cargo-lambda"), "", { mode: 0o755 });
  const { ARCH: _, MAKEFLAGS: __, SETTINGS: ___, ...env } = process.env;
  const options = { cwd: join(__dirname, "../.."), encoding: "utf8", env: { ...env, PATH: `${bin}:${env.PATH}` } } as const;
  return spawnSync("make", ["--no-print-directory", `TOOLS=${bin}`, ...words], options);
}

for (const processor of ["aarch64", "amd64", "", "arm64 x86_64"]) {
  test(`make builds nothing for the ARCH "${processor}"`, () => {
    const { status, stdout, stderr } = make("build", `ARCH=${processor}`);
    assert.notEqual(status, 0);
    assert.match(stderr, /^ARCH must be arm64 or x86_64\.$/m);
    assert.doesNotMatch(stdout, /called/);
  });
}

for (const name of ["", "nowhere", "connect disconnect", "disconnect default", "%", "Notify"]) {
  test(`make deploy-code replaces no program for the FN "${name}"`, () => {
    const { status, stdout, stderr } = make("deploy-code", `FN=${name}`);
    assert.notEqual(status, 0);
    assert.match(stderr, /^FN must be one of: connect disconnect default notify revoke$/m);
    assert.doesNotMatch(stdout, /called/);
  });
}

test("the path of a settings file may have blanks and quotation marks", () => {
  for (const name of ["with a blank.json", "it's.json", 'a"b.json']) {
    const file = join(FOLDER, name);
    writeFileSync(file, JSON.stringify({ stackName: "two words" }));
    const { status, stderr } = make("account", "--old-file=infra/node_modules", `SETTINGS=${file}`);
    assert.notEqual(status, 0);
    assert.match(stderr, /stackName must begin with a letter/, name);
  }
});
