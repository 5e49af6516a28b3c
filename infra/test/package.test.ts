import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { FUNCTION_NAMES } from "../lib/functions";
import { zips } from "../lib/zips";
import { Resolved, synthesized } from "./resolved";
import { FOLDER, stack } from "./stack";

const INFRA = join(__dirname, "..");

function run(command: string, words: string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(command, words, { cwd, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${words.join(" ")}\n${stdout}${stderr}`);
}

/** An app that has the package as npm installs it, CDK of its own, and the document's lines. */
const APP = mkdtempSync(join(FOLDER, "foreign-"));

before(() => {
  run("npm", ["pack", "--silent", "--pack-destination", APP], join(INFRA, "lib"));
  const [tarball] = readdirSync(APP);
  writeFileSync(join(APP, "package.json"), JSON.stringify({ name: "site", private: true }));
  // Without peers, and so without a registry: the app's CDK is the one that is installed here.
  run("npm", ["install", "--silent", "--offline", "--legacy-peer-deps", `./${tarball}`], APP);
  for (const name of ["aws-cdk-lib", "constructs", "@types"]) {
    symlinkSync(join(INFRA, "node_modules", name), join(APP, "node_modules", name));
  }
  zipped(join(APP, "chatterbox-functions"), "x86_64");
  const document = readFileSync(join(INFRA, "..", "docs/other-ways.md"), "utf8");
  writeFileSync(join(APP, "site.ts"), /```ts\n(import .*?)```/s.exec(document)![1]!);
  const strictly = ["--strict", "--module", "nodenext", "--types", "node", "--skipLibCheck"];
  run(join(INFRA, "node_modules/.bin/tsc"), [...strictly, "site.ts"], APP);
});

/** Zips by the names of `make package`. Nothing reads what is in them. */
function zipped(folder: string, architecture: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of FUNCTION_NAMES) writeFileSync(join(folder, `${name}-${architecture}-0123456789ab.zip`), `PK of ${name}`);
}

test("the document's app, with the package alone, makes what the stack makes", () => {
  const outdir = join(APP, "cdk.out");
  const options = { cwd: APP, encoding: "utf8", env: { ...process.env, CDK_OUTDIR: outdir } } as const;
  const { status, stderr } = spawnSync("node", ["site.js"], options);
  assert.equal(status, 0, stderr);
  const foreign = new Resolved(JSON.parse(readFileSync(join(outdir, "Site.template.json"), "utf8"))).resources();
  const ours = new Resolved(synthesized(stack({ allowedOrigins: ["https://www.example.com"] }))).resources();

  const added = Object.entries(foreign).flatMap(([id, { Type }]) => (id in ours || Type === "AWS::CDK::Metadata" ? [] : [Type]));
  assert.deepEqual(added.sort(), ["AWS::IAM::Policy", "AWS::IAM::Role"], "the backend and its rights");
  for (const [id, { Type, Properties }] of Object.entries(ours)) {
    assert.equal(foreign[id]?.Type, Type, id);
    if (/::(Table|Queue|QueuePolicy|Route|RouteResponse|Integration|IntegrationResponse|EventSourceMapping)$/.test(Type)) {
      assert.deepEqual(foreign[id].Properties, Properties, id);
    }
  }
  const functions = Object.values(foreign).filter(({ Type }) => Type === "AWS::Lambda::Function");
  assert.deepEqual(functions.map(({ Properties }) => Properties.Architectures), FUNCTION_NAMES.map(() => ["x86_64"]));
  const assets = readdirSync(outdir).filter((file) => file.endsWith(".zip"));
  const contents = assets.map((file) => readFileSync(join(outdir, file), "utf8"));
  assert.deepEqual(contents.sort(), FUNCTION_NAMES.map((name) => `PK of ${name}`).sort());
});

test("the package has its types and licences, and none of our tests", () => {
  const folder = join(APP, "node_modules/chatterbox-cdk");
  for (const file of ["dist/index.d.ts", "LICENSE-MIT", "LICENSE-APACHE"]) assert(existsSync(join(folder, file)), file);
  assert.deepEqual(readdirSync(folder).sort(), ["LICENSE-APACHE", "LICENSE-MIT", "dist", "package.json"]);
});

test("the package takes the CDK that the infra is tested with, and newer ones", () => {
  const read = (path: string) => JSON.parse(readFileSync(join(INFRA, path), "utf8"));
  const [ours, packaged] = [read("package.json"), read("lib/package.json")];
  assert.equal(packaged.version, ours.version);
  for (const [name, range] of Object.entries(packaged.peerDependencies)) assert.equal(range, `^${ours.dependencies[name]}`, name);
});

test("a folder without one zip for each function, or for two processors, is refused with what is wrong", () => {
  const folder = join(FOLDER, "some-zips");
  zipped(folder, "arm64");
  writeFileSync(join(folder, "notify-arm64-ffffffffffff.zip"), "");
  assert.throws(() => zips(folder), /some-zips has to hold one zip of notify, from make package or a release; it holds 2\.$/);
  const mixed = join(FOLDER, "mixed-zips");
  zipped(mixed, "arm64");
  renameSync(join(mixed, "connect-arm64-0123456789ab.zip"), join(mixed, "connect-x86_64-0123456789ab.zip"));
  assert.throws(() => zips(mixed), /mixed-zips has to hold zips for one processor, not for several\.$/);
  assert.throws(() => zips(mkdtempSync(join(FOLDER, "empty-"))), /one zip of connect, .* it holds 0\./);
});
