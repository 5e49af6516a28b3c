import { App, Stack, Validations } from "aws-cdk-lib";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { AwsSolutionsChecks } from "cdk-nag";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ChatterboxStack } from "../lib/chatterbox-stack";
import { PlainStack } from "../lib/plain-stack";
import { app, FUNCTIONS } from "./stack";
import { VARIANTS } from "./variants";

/** Synthesizes an app, checked by cdk-nag's rules "AWS Solutions" and CDK's own for templates. Throws at a finding. */
function synth(add: (app: App) => Stack): string {
  const checked = app({ isValidated: true });
  Validations.of(checked).addPlugins(new AwsSolutionsChecks(checked));
  add(checked);
  return checked.synth().directory;
}

const synthesized = new Map<string, string>();

for (const [name, settings] of Object.entries(VARIANTS)) {
  test(`cdk-nag accepts the stack: ${name}`, () => {
    const folder = synth((checked) => new ChatterboxStack(checked, { functions: FUNCTIONS, ...settings }));
    synthesized.set(name, join(folder, "Chatterbox.template.json"));
  });
}

test("cdk-nag accepts the plain template", () => {
  const folder = synth((checked) => new PlainStack(checked, { functions: FUNCTIONS }));
  synthesized.set("plain template", join(folder, "Chatterbox.template.json"));
});

test("cdk-nag finds a fault in a bucket without encryption in transit", () => {
  const add = (checked: App) => {
    const stack = new Stack(checked, "Careless");
    new Bucket(stack, "Bucket");
    return stack;
  };
  assert.throws(() => synth(add), /Validation failed/);
});

/** A template as the command `cdk synth` prints it: without the rule by which CDK checks the bootstrap stack's version. */
function printed(path: string): string {
  const { Rules: _, ...template } = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(`${path}.printed.json`, JSON.stringify(template));
  return `${path}.printed.json`;
}

test("cfn-lint accepts the templates, as they are deployed and as they are printed", () => {
  const cfnLint = process.env.CFN_LINT ?? join(__dirname, "../../.tools/venv-infra/bin/cfn-lint");
  assert(existsSync(cfnLint), `${cfnLint} is missing: make test-infra installs it`);
  assert.equal(synthesized.size, Object.keys(VARIANTS).length + 1);
  const deployed = [...synthesized.values()];
  const lint = spawnSync(cfnLint, ["--", ...deployed, ...deployed.map(printed)], { encoding: "utf8" });
  assert.equal(lint.status, 0, lint.stdout + lint.stderr);
});

test("exactly these rules of cdk-nag are suppressed, each with a reason", () => {
  const constructs = Object.values(VARIANTS).flatMap((settings) =>
    new ChatterboxStack(app(), { functions: FUNCTIONS, ...settings }).node.findAll(),
  );
  const acknowledged = constructs
    .flatMap((construct) => construct.node.metadata)
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries(data as Record<string, string>));
  const rules = acknowledged.map(([id]) => id.replace(/^.*AwsSolutions-/, "").replace(/\[.*$/, ""));
  assert.deepEqual([...new Set(rules)].sort(), ["APIG1", "APIG4", "CFR1", "CFR2", "CFR3", "CFR4", "DDB3", "IAM4", "IAM5", "SMG4"]);
  for (const [id, reason] of acknowledged) assert.match(reason, /^.{20,}\.$/, id);
});
