import { App } from "aws-cdk-lib";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ChatterboxStack } from "../lib/chatterbox-stack";
import { FOLDER, FUNCTIONS, programs, stack } from "./stack";

/** The first bytes of a program that was linked for a processor. */
function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write("\x7fELF", "latin1");
  header.writeUInt16LE(machine, 18);
  return header;
}

const [X86_64, ARM64] = [elf(0x3e), elf(0xb7)];

test("functions that were not built are missed before anything is uploaded", () => {
  assert.throws(
    () => stack({ functions: "no-such-folder" }),
    /no-such-folder\/connect\/bootstrap: build the functions first/,
  );
});

test("functions that were built for another processor are refused", () => {
  const built = programs("for x86_64", X86_64);
  assert.throws(
    () => stack({ functions: built }),
    /built for x86_64, and the settings say arm64: make build ARCH=arm64, or/,
  );
  stack({ functions: built, architecture: "x86_64" });
  stack({ functions: programs("for arm64", ARM64) });
});

test("to destroy a stack nothing has to be built", () => {
  const app = new App({ context: { "aws:cdk:bundling-stacks": [] }, outdir: mkdtempSync(join(FOLDER, "out-")) });
  new ChatterboxStack(app, { functions: "no-such-folder" });
});

/** Runs one of the programs in bin/, with nothing of this machine's AWS settings. */
function run(program: string, environment: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, HOME: FOLDER, AWS_EC2_METADATA_DISABLED: "true", ...environment };
  const options = { cwd: join(__dirname, ".."), encoding: "utf8", env, timeout: 60_000 } as const;
  return spawnSync("node", ["--import", "tsx", program], options);
}

test("the app says what is wrong with the settings, in a line each", () => {
  const settings = join(FOLDER, "wrong.json");
  writeFileSync(
    settings,
    JSON.stringify({ functions: FUNCTIONS, stage: "live", site: { path: "/socks" }, allowedOrigins: ["*"] }),
  );
  const { status, stderr } = run("bin/app.ts", { CDK_CONTEXT_JSON: JSON.stringify({ settings }) });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^The settings cannot be deployed\.\n  - stage must be "socks".*\n  - allowedOrigins: "\*".*\n$/,
  );
});

test("a missing region and missing credentials are named before a deployment starts", () => {
  const { status, stderr } = run("bin/account.ts");
  assert.equal(status, 1);
  assert.match(stderr, /no region: export AWS_REGION/);
  assert.match(stderr, /no credentials: aws configure/);
});
