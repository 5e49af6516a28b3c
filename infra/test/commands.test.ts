import { App } from "aws-cdk-lib";
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ChatterboxStack } from "../lib/chatterbox-stack";
import { FakeAws, xmlRefusal, type Reply } from "./fake-aws";
import { FOLDER, programs, stack } from "./stack";

/** The ELF header of a program that was linked for this machine type. */
function elf(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write("\x7fELF", "latin1");
  header.writeUInt16LE(machine, 18);
  return header;
}

const [X86_64, ARM64] = [elf(0x3e), elf(0xb7)];

test("functions that were not built are named before anything is uploaded", () => {
  assert.throws(
    () => stack({ functions: "no-such-folder" }),
    /no-such-folder\/connect\/bootstrap; build the functions first/,
  );
});

test("functions that were built for another processor are refused", () => {
  const built = programs("for x86_64", X86_64);
  assert.throws(
    () => stack({ functions: built, architecture: "arm64" }),
    /architecture is "arm64", and .*connect\/bootstrap was built for x86_64: make build ARCH=arm64, or/,
  );
  stack({ functions: built, architecture: "x86_64" });
  stack({ functions: programs("for arm64", ARM64), architecture: "arm64" });
});

test("a stack can be destroyed without building the functions", () => {
  const app = new App({ context: { "aws:cdk:bundling-stacks": [] }, outdir: mkdtempSync(join(FOLDER, "out-")) });
  new ChatterboxStack(app, { functions: "no-such-folder" });
});

/** Runs one of the programs in bin/, without this machine's AWS settings. */
function run(program: string, words: string[] = [], environment: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, HOME: FOLDER, AWS_EC2_METADATA_DISABLED: "true", ...environment };
  const options = { cwd: join(__dirname, ".."), encoding: "utf8", env, timeout: 60_000 } as const;
  return spawnSync("node", ["--no-warnings", "--import", "tsx", `bin/${program}`, ...words], options);
}

/** Writes a file of settings, which may be invalid, and returns its path. */
function file(name: string, text: string): string {
  writeFileSync(join(FOLDER, name), text);
  return join(FOLDER, name);
}

const WRONG = file("wrong.json", JSON.stringify({ stage: "live", site: { path: "/socks" }, allowedOrigins: ["*"] }));
const SENTENCES = /^The settings cannot be deployed\.\n  - stage must be "socks".*\n  - allowedOrigins: "\*".*\n$/;

const ASKED: [string, (settings: string) => ReturnType<typeof run>][] = [
  ["the app", (settings) => run("app.ts", [], { CDK_CONTEXT_JSON: JSON.stringify({ settings }) })],
  ["the check before a build", (settings) => run("settings.ts", [settings])],
  ["the check before a destruction", (settings) => run("account.ts", [settings])],
  ["the doctor", (settings) => run("doctor.ts", [settings])],
];

for (const [what, ask] of ASKED) {
  test(`${what} names each problem of the settings in a line`, () => {
    const { status, stdout, stderr } = ask(WRONG);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, SENTENCES);
  });
}

test("a file that holds no settings is refused, with its name", () => {
  for (const [name, text] of Object.entries({ "empty.json": "", "list.json": "[]", "word.json": "plain" })) {
    const { status, stderr } = run("settings.ts", [file(name, text)]);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`^The settings cannot be deployed\\.\\n  - .*${name} has to .*\\n$`));
  }
  assert.match(run("settings.ts", ["nowhere.json"]).stderr, /  - nowhere\.json has to be a JSON file/);
});

test("a setting that a file gives twice is refused, with its name", () => {
  for (const [text, name] of [
    ['{"stackName":"One","stackName":"Two"}', "stackName"],
    ['{"alarms":{"email":"a"},"stackName":"{","stack\\u004eame":"Two"}', "stackName"],
    ['{"alarms":[{"a":1},{"a":2,"b":"\\"","b":[]}]}', "b"],
  ]) {
    const { status, stderr } = run("settings.ts", [file("twice.json", text!)]);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`  - .*twice.json has to give ${name} once`));
  }
});

test("settings from a file replace settings.ts, and name the stack", () => {
  const { status, stdout } = run("settings.ts", [file("other.json", JSON.stringify({ stackName: "Other" }))]);
  assert.deepEqual([status, stdout], [0, "Other\n"]);
});

test("an ARCH other than the settings' architecture is refused", () => {
  const settings = file("x86_64.json", JSON.stringify({ architecture: "x86_64" }));
  assert.match(run("settings.ts", [settings, "arm64"]).stderr, /architecture is "x86_64", and ARCH is arm64/);
  assert.equal(run("settings.ts", [settings, "x86_64"]).status, 0);
  const { stderr } = run("settings.ts", [file("none.json", "{}"), "mips"]);
  assert.match(stderr, /architecture must be "arm64" or "x86_64"/);
});

const NONE = file("defaults.json", "{}");

for (const program of ["account.ts", "doctor.ts"]) {
  test(`${program} names a missing region and missing credentials, and fails`, () => {
    const { status, stdout, stderr } = run(program, [NONE]);
    assert.equal(status, 1);
    assert.match(stdout + stderr, /✖ There is no region: export AWS_REGION.*\n  ✖ There are no credentials: aws configure/);
  });

  test(`${program} names a region other than that of the settings, and fails`, () => {
    const settings = file("env.json", JSON.stringify({ env: { region: "eu-central-1", account: "123456789012" } }));
    const { status, stdout, stderr } = run(program, [settings], { AWS_REGION: "eu-west-1" });
    assert.equal(status, 1);
    assert.match(stdout + stderr, /The settings are for eu-central-1, and .* is for eu-west-1: export AWS_REGION=eu-central-1/);
  });
}

const KEYS = { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };

test("the check before a destruction says nothing where the credentials are good, and else what AWS says of them", async () => {
  const aws = new FakeAws();
  const environment = { PATH: process.env.PATH, HOME: FOLDER, ...(await aws.start()), ...KEYS };
  const ask = async (reply: Reply): Promise<[number, string]> => {
    aws.replies = { GetCallerIdentity: reply };
    const options = { cwd: join(__dirname, ".."), env: environment, timeout: 60_000 };
    const program = execFile("node", ["--no-warnings", "--import", "tsx", "bin/account.ts", NONE], options);
    let said = "";
    for (const stream of [program.stdout!, program.stderr!]) stream.on("data", (text) => (said += text));
    const [code] = await once(program, "close");
    return [code, said];
  };
  try {
    const result = "<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>";
    assert.deepEqual(await ask([200, `<GetCallerIdentityResponse>${result}</GetCallerIdentityResponse>`]), [0, ""]);
    const [code, said] = await ask(xmlRefusal("InvalidClientTokenId"));
    assert.equal(code, 1);
    assert.match(said, /AWS does not take these credentials in us-east-1: No\./);
  } finally {
    aws.stop();
  }
});
