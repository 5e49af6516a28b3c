import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Template } from "aws-cdk-lib/assertions";
import { stack } from "./stack";

/** The template with which the tests of the local gateway run this stack, without what the gateway does not read. */
const FILE = join(__dirname, "../../crates/gateway/tests/templates/chatterbox.template.json");

/** The API and the functions, without the hashes of programs. */
function forTheGateway(): string {
  const { Parameters, Resources } = Template.fromStack(stack()).toJSON();
  const isRead = (type: string) => type.startsWith("AWS::ApiGatewayV2::") || type === "AWS::Lambda::Function";
  const read = Object.entries<any>(Resources).filter(([, { Type }]) => isRead(Type));
  for (const [, { Properties }] of read) delete Properties.Code;
  return `${JSON.stringify({ Parameters, Resources: Object.fromEntries(read) }, null, 2)}\n`;
}

test("the local gateway's tests have this stack's template (UPDATE_SNAPSHOT=1 renews it)", () => {
  const template = forTheGateway();
  if (process.env.UPDATE_SNAPSHOT) writeFileSync(FILE, template);
  assert.equal(readFileSync(FILE, "utf8"), template);
});
