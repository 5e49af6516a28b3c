import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hindrance, mark } from "../account/replaced";
import { complete } from "../lib/settings";
import { FakeAws, xmlRefusal, type Reply } from "./fake-aws";

const aws = new FakeAws();
before(async () => {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  Object.assign(process.env, await aws.start());
});
after(() => aws.stop());

const ARN = "arn:aws:lambda:eu-central-1:123456789012:function:Chatterbox-notify";
const SETTINGS = complete({ architecture: "arm64" });

/** A function as the stack makes it, but for what is given. */
const functionThatIs = (given: object): Reply => [
  200,
  {
    Configuration: {
      FunctionName: "Chatterbox-notify", FunctionArn: ARN, PackageType: "Zip", Runtime: "provided.al2023", Architectures: ["arm64"],
      State: "Active", LastUpdateStatus: "Successful", ...given,
    },
    Tags: {},
  },
];

/** What stands in the way of replacing the program of such a function, which these credentials may not look up in its stack. */
async function found(given: object): Promise<string | undefined> {
  aws.replies = {
    "GET /2015-03-31/functions/Chatterbox-notify": functionThatIs(given),
    DescribeStacks: xmlRefusal("AccessDenied"),
  };
  return hindrance(SETTINGS, "notify");
}

test("a function as the stack makes it can have its program replaced", async () => assert.equal(await found({}), undefined));

const HINDRANCES: [what: string, given: object, words: RegExp][] = [
  ["another processor", { Architectures: ["x86_64"] }, /runs on x86_64, and this would build for arm64: make deploy-code FN=notify ARCH=x86_64/],
  ["a container's image", { PackageType: "Image", Runtime: undefined }, /Chatterbox-notify is a container's image/],
  ["another runtime", { Runtime: "nodejs22.x" }, /Chatterbox-notify has the runtime nodejs22\.x, and the program is one for provided\.al2023: make deploy/],
];

for (const [what, given, words] of HINDRANCES) {
  test(`a function with ${what} keeps its program`, async () => assert.match((await found(given))!, words));
}

test("a function that is being changed is waited for, before it is marked", async () => {
  const get = "GET /2015-03-31/functions/Chatterbox-notify";
  aws.replies = { [get]: functionThatIs({ LastUpdateStatus: "InProgress" }), [`POST /2017-03-31/tags/${encodeURIComponent(ARN)}`]: [204, ""] };
  aws.asked.length = 0;
  const marked = mark(SETTINGS, "notify");
  while (aws.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  assert(aws.asked.every((operation) => operation.startsWith("GET ")), `${aws.asked}`);
  aws.replies = { ...aws.replies, [get]: functionThatIs({}) };
  await marked;
  assert.match(aws.asked.at(-1)!, /^POST .*tags/);
});
