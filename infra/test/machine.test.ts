import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Mark } from "../account/answer";
import { cargoLambda, machine, node } from "../account/machine";
import { ofThisMachine } from "../lib/architecture";
import { FOLDER } from "./stack";

const RUSTC = 'case "$1" in --version) echo "rustc 1.95.0 (abc 2026-04-14)";; *) echo /no/such/folder;; esac';

/** The answers of a machine that has these commands, given as shell scripts, and no others. */
async function on(commands: Record<string, string>): Promise<string[]> {
  const bin = mkdtempSync(join(FOLDER, "bin-"));
  for (const [name, script] of Object.entries(commands)) writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const path = process.env.PATH;
  process.env.PATH = bin;
  try {
    return (await machine("arm64")).map(({ mark, sentence }) => `${mark}: ${sentence}`);
  } finally {
    process.env.PATH = path;
  }
}

const TOOLS: [what: string, commands: Record<string, string>, words: RegExp][] = [
  ["no Rust", {}, /^wrong: There is no Rust here: install it from https:\/\/rustup\.rs\.$/],
  ["Rust without cargo", { rustc: RUSTC }, /^wrong: There is no Rust here/],
  ["an old Rust", { rustc: "echo rustc 1.63.0", cargo: "echo cargo" }, /^wrong: Rust is 1\.63\.0, and 1\.95 is needed: rustup update/],
  ["a distribution's Rust without the target", { rustc: RUSTC, cargo: "echo cargo" }, /^wrong: Rust cannot build for arm64: .* rustup target add aarch64/],
  ["rustup without the target", { rustc: RUSTC, cargo: "echo cargo", rustup: "echo rustup" }, /^careful: .* cargo-lambda will ask rustup for aarch64-unknown-linux-gnu\.$/],
  ["Rust with the target", { rustc: RUSTC.replace("/no/such/folder", FOLDER), cargo: "echo cargo" }, /^well: Rust can build for arm64/],
];

for (const [what, commands, words] of TOOLS) {
  test(`of a machine with ${what} it is said`, async () => {
    const found = await on(commands);
    assert.equal(found.filter((line) => words.test(line)).length, 1, found.join("\n"));
  });
}

test("this machine can build for itself, or is told why not", async () => {
  for (const { sentence } of await machine(ofThisMachine())) assert.match(sentence, /\.$/);
});

test("cargo-lambda is there, or Python can install it, or the build would fail", async () => {
  assert.equal((await cargoLambda("true")).mark, "well");
  const path = process.env.PATH;
  process.env.PATH = FOLDER;
  assert.equal((await cargoLambda("no-such-program").finally(() => (process.env.PATH = path))).mark, "wrong");
});

for (const [version, mark] of [["18.20.8", "wrong"], ["20.18.3", "wrong"], ["20.19.0", "careful"], ["22.1.0", "well"], ["24.0.0", "well"]] as [string, Mark][]) {
  test(`Node ${version} is ${mark}`, () => assert.equal(node(version).mark, mark));
}
