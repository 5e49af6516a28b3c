import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { line, type Answer, type Mark } from "../account/answer";
import { askAccount } from "../account/ask";
import { asked } from "../account/aws";
import { identity } from "../account/identity";
import { planned } from "../account/planned";
import { FUNCTION_NAMES } from "../lib/functions";
import { complete, type Settings } from "../lib/settings";
import { FakeAws, refusal, xmlRefusal, type Replies, type Reply } from "./fake-aws";
import { FOLDER } from "./stack";

const aws = new FakeAws();
before(async () => {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  Object.assign(process.env, await aws.start());
});
after(() => aws.stop());

const PLACE = { account: "123456789012", region: "eu-central-1" };
const CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b";
const ZONE = { id: "Z0123456789ABCDEFGHIJ", name: "example.com" };
const HOST: Partial<Settings> = { host: { name: "socks.example.com", certificateArn: CERTIFICATE, zone: ZONE } };

const identityOf = (account: string) =>
  `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::${account}:user/me</Arn><UserId>A</UserId>` +
  `<Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;

const stackIn = (status: string): Reply => [
  200,
  `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>Chatterbox</StackName><StackStatus>${status}` +
    "</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
];

const resourcesOf = (...names: string[]): Reply => [
  200,
  `<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>${names
    .map((name) => `<member><PhysicalResourceId>${name}</PhysicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>`)
    .join("")}</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`,
];

const zoneCalled = (name: string, isPrivate = false): Reply => [
  200,
  `<GetHostedZoneResponse><HostedZone><Id>/hostedzone/${ZONE.id}</Id><Name>${name}.</Name><Config><PrivateZone>${isPrivate}` +
    "</PrivateZone></Config></HostedZone></GetHostedZoneResponse>",
];

const recordsOf = (...records: [string, string][]): Reply => [
  200,
  `<ListResourceRecordSetsResponse><ResourceRecordSets>${records
    .map(([name, type]) => `<ResourceRecordSet><Name>${name}.</Name><Type>${type}</Type></ResourceRecordSet>`)
    .join("")}</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>1</MaxItems></ListResourceRecordSetsResponse>`,
];

const certificateThatIs = (Status: string, ...SubjectAlternativeNames: string[]): Reply => [
  200,
  { Certificate: { Status, DomainName: SubjectAlternativeNames[0], SubjectAlternativeNames } },
];

const limitsOf = (ConcurrentExecutions: number, UnreservedConcurrentExecutions = ConcurrentExecutions): Reply => [
  200,
  { AccountLimit: { ConcurrentExecutions, UnreservedConcurrentExecutions }, AccountUsage: {} },
];

const takes = (rateLimit: number, burstLimit: number, cloudwatchRoleArn?: string): Reply => [
  200,
  { throttleSettings: { rateLimit, burstLimit }, cloudwatchRoleArn },
];

const FOREIGN = "arn:aws:iam::123456789012:role/of-somebody";
const MISSING = refusal("ResourceNotFoundException");

const STREAM = "arn:aws:dynamodb:eu-central-1:123456789012:table/Old-Chatters/stream/2026-11-01T00:00:00.000";
const UPDATES: Partial<Settings> = { existingTables: { updates: "Old-Updates" } };
const CHATTERS: Partial<Settings> = { existingTables: { chatters: { name: "Old-Chatters", streamArn: STREAM } } };

function tableWith(keys: string[], more: object = {}, type = "S"): Reply {
  return [
    200,
    {
      Table: {
        TableStatus: "ACTIVE",
        KeySchema: keys.map((AttributeName, index) => ({ AttributeName, KeyType: index === 0 ? "HASH" : "RANGE" })),
        AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: type })),
        ...more,
      },
    },
  ];
}

const chattersWith = (more: object) => tableWith(["login", "chatter_hash"], more);
const streaming = (LatestStreamArn: string) => ({ StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" }, LatestStreamArn });

function recoveryThatIs(PointInTimeRecoveryStatus: string): Reply {
  return [200, { ContinuousBackupsDescription: { ContinuousBackupsStatus: "ENABLED", PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus } } }];
}

/** An account in which a first deployment succeeds. */
const FRESH: Replies = {
  DescribeStacks: xmlRefusal("ValidationError", "Stack with id Chatterbox does not exist"),
  GetParameter: [200, { Parameter: { Value: "27" } }],
  GetAccount: takes(10_000, 5_000),
  GetAccountSettings: limitsOf(1_000),
  GetFunctionConfiguration: MISSING,
  DescribeLogGroups: [200, { logGroups: [{ logGroupName: "/aws/lambda/Chatterbox-connect-of-another" }] }],
  GetDomainName: refusal("NotFoundException"),
  GetHostedZone: zoneCalled("example.com"),
  ListResourceRecordSets: recordsOf(["socks.example.com", "TXT"]),
  DescribeCertificate: certificateThatIs("ISSUED", "example.com", "*.example.com"),
  DescribeTable: tableWith(["login"]),
  DescribeTimeToLive: [200, { TimeToLiveDescription: { TimeToLiveStatus: "ENABLED", AttributeName: "expires_at" } }],
  DescribeContinuousBackups: recoveryThatIs("ENABLED"),
};

async function answers(settings: Partial<Settings>, replies: Replies): Promise<Answer[]> {
  aws.replies = { ...FRESH, ...replies };
  return askAccount(complete(settings), planned(settings), PLACE);
}

test("a fresh account is told that nothing stands in the way", async () => {
  const found = await answers(HOST, {});
  assert.deepEqual(found.filter(({ mark }) => mark !== "well"), []);
  assert.deepEqual(found.map(({ sentence }) => sentence), [
    "There is no stack Chatterbox yet.",
    "eu-central-1 is bootstrapped for CDK (version 27).",
    "No name that the stack needs is taken by something else.",
    "API Gateway has no role to write logs with; the stack makes one.",
    "API Gateway takes 10,000 requests a second and 5,000 at once from all APIs of the account, and the routes' throttles allow " +
      "2,000 and 1,000; the rest is for posts to sockets.",
    "Lambda runs 1,000 invocations of all functions at once in this account, and 13 may be taken (5 by the queue, 4 by each of 2 tables' streams).",
    "The certificate of socks.example.com is issued, and is for that name.",
    "The zone example.com is there, and public.",
  ]);
});

test("the role for logs that an earlier stack of this name has left is no obstacle", async () => {
  const left = "arn:aws:iam::123456789012:role/Chatterbox-ApiGatewayLogsRole0123ABCD-456XYZ";
  const found = await answers({}, { GetAccount: takes(10_000, 5_000, left) });
  assert.deepEqual(found.filter(({ mark }) => mark !== "well"), []);
});

test("the document shows what an account is told that has all it needs", async () => {
  const document = readFileSync(join(__dirname, "../../docs/deploy.md"), "utf8");
  aws.replies = { GetCallerIdentity: [200, identityOf(PLACE.account)] };
  const told = [...(await identity(complete({}))).answers, ...(await answers({}, {}))];
  assert(document.includes(`${told.map(line).join("\n")}\n\`\`\`\n`), told.map(line).join("\n"));
});

test("what the stack itself made is no obstacle to its next deployment", async () => {
  const own = FUNCTION_NAMES.flatMap((name) => [`Chatterbox-${name}`, `/aws/lambda/Chatterbox-${name}`]);
  const found = await answers(HOST, {
    DescribeStacks: stackIn("UPDATE_COMPLETE"),
    ListStackResources: resourcesOf(...own, "socks.example.com", "Chatterbox-Logs-Role"),
    GetFunctionConfiguration: [200, { FunctionName: "Chatterbox-connect" }],
    DescribeLogGroups: [200, { logGroups: own.map((logGroupName) => ({ logGroupName })) }],
    GetDomainName: [200, { domainName: "socks.example.com" }],
    ListResourceRecordSets: recordsOf(["socks.example.com", "A"]),
    GetAccount: takes(10_000, 5_000, "arn:aws:iam::123456789012:role/Chatterbox-Logs-Role"),
  });
  assert.deepEqual(found.filter(({ mark }) => mark !== "well"), []);
});

/** What may be found, with the mark and the words of the answer. All other answers are as of a fresh account. */
const FOUND: [what: string, settings: Partial<Settings>, replies: Replies, mark: Mark, words: RegExp][] = [
  ["no bootstrap", {}, { GetParameter: refusal("ParameterNotFound") }, "wrong", /not bootstrapped.*bootstrap aws:\/\/123456789012\/eu-central-1/],
  ["an old bootstrap", {}, { GetParameter: [200, { Parameter: { Value: "5" } }] }, "wrong", /old CDK \(version 5, and 6 is needed\)/],
  ["a bootstrap nobody may ask for", {}, { GetParameter: refusal("AccessDeniedException") }, "unknown", /bootstrap stack nothing is known: these credentials may not ask/],
  ["an AWS that is out of order", {}, { GetParameter: [500, {}] }, "unknown", /bootstrap stack nothing is known: AWS gave no answer/],
  ["a failed first deployment", {}, { DescribeStacks: stackIn("ROLLBACK_COMPLETE"), ListStackResources: resourcesOf() }, "careful", /first deployment of Chatterbox failed/],
  ["a stack that is stuck", {}, { DescribeStacks: stackIn("UPDATE_ROLLBACK_FAILED"), ListStackResources: resourcesOf() }, "wrong", /continue-update-rollback --stack-name Chatterbox/],
  ["a stack half deleted", {}, { DescribeStacks: stackIn("DELETE_FAILED"), ListStackResources: resourcesOf() }, "wrong", /make destroy, once more/],
  ["a stack that is being changed", {}, { DescribeStacks: stackIn("UPDATE_IN_PROGRESS"), ListStackResources: resourcesOf() }, "wrong", /being changed right now/],
  ["a deployment that was not rolled back", {}, { DescribeStacks: stackIn("UPDATE_FAILED"), ListStackResources: resourcesOf() }, "wrong", /cdk -- rollback Chatterbox/],
  ["a stack nobody may ask for", {}, { DescribeStacks: xmlRefusal("AccessDenied") }, "unknown", /the stack Chatterbox nothing is known/],
  ["another's log role", {}, { GetAccount: takes(10_000, 5_000, FOREIGN) }, "wrong", /role\/of-somebody; the stack would replace.*apiGatewayLogRole: false, which leaves it/],
  ["no log role though one is relied on", { apiGatewayLogRole: false }, {}, "wrong", /no role by which it could write/],
  ["a region with a small quota, and throttles that do not fit", { throttle: { ping: { rate: 2_000, burst: 250 } } }, { GetAccount: takes(2_500, 1_250) }, "careful", /takes 2,500 requests.*leaves none for posts/],
  ["a new account", {}, { GetAccountSettings: limitsOf(10) }, "careful", /runs 10 .*13 may be taken .*leaves 0 for handshakes.*quotas\/L-B99A9384/],
  ["an account that is reserved away", {}, { GetAccountSettings: limitsOf(1_000, 15) }, "careful", /15 of them not reserved.*leaves 2 for/],
  ["a limit nobody may ask for", {}, { GetAccountSettings: refusal("AccessDeniedException") }, "unknown", /Lambda's concurrency/],
  ["no certificate", HOST, { DescribeCertificate: MISSING }, "wrong", /not in ACM/],
  ["a certificate without proof", HOST, { DescribeCertificate: certificateThatIs("PENDING_VALIDATION", "socks.example.com") }, "wrong", /waits for its proof/],
  ["a certificate that has expired", HOST, { DescribeCertificate: certificateThatIs("EXPIRED", "socks.example.com") }, "wrong", /is EXPIRED/],
  ["another name's certificate", HOST, { DescribeCertificate: certificateThatIs("ISSUED", "example.com", "*.www.example.com") }, "wrong", /not for socks\.example\.com, but for example\.com, \*\.www/],
  ["another region's certificate", { host: { name: "socks.example.com", certificateArn: CERTIFICATE.replace("central", "west") } }, {}, "wrong", /has to be of eu-central-1; this one is of eu-west-1/],
  ["another account's certificate", { host: { name: "socks.example.com", certificateArn: CERTIFICATE.replace("123456789012", "210987654321") } }, {}, "wrong", /of the account 210987654321/],
  ["no zone", HOST, { GetHostedZone: xmlRefusal("NoSuchHostedZone") }, "wrong", /no zone Z0123456789ABCDEFGHIJ in this account/],
  ["a zone of another name", HOST, { GetHostedZone: zoneCalled("example.org") }, "wrong", /is example\.org, and the settings call it example\.com/],
  ["a private zone", HOST, { GetHostedZone: zoneCalled("example.com", true) }, "wrong", /is private/],
  ["a log group of a stray function", {}, { DescribeLogGroups: [200, { logGroups: [{ logGroupName: "/aws/lambda/Chatterbox-notify" }] }] }, "wrong", /log group \/aws\/lambda\/Chatterbox-notify already.*aws logs delete-log-group/],
  ["a hostname that is taken", HOST, { GetDomainName: [200, { domainName: "socks.example.com" }] }, "wrong", /hostname of an API socks\.example\.com already/],
  ["a table that is not there", UPDATES, { DescribeTable: MISSING }, "wrong", /no table Old-Updates in this region/],
  ["a table of other keys", UPDATES, { DescribeTable: tableWith(["login", "connection_id"]) }, "wrong", /has the keys login, connection_id, and should have login, as strings/],
  ["a table whose key is a number", UPDATES, { DescribeTable: tableWith(["login"], {}, "N") }, "wrong", /should have login, as strings/],
  ["a table that is being restored", UPDATES, { DescribeTable: tableWith(["login"], { TableStatus: "CREATING" }) }, "wrong", /is CREATING: wait/],
  ["a table nobody may ask for", UPDATES, { DescribeTable: refusal("AccessDeniedException") }, "unknown", /Of the table Old-Updates nothing is known/],
  ["a table whose items stay", UPDATES, { DescribeTimeToLive: [200, { TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" } }] }, "careful", /Old-Updates do not expire.*update-time-to-live/],
  ["a table that has no backup", UPDATES, { DescribeContinuousBackups: recoveryThatIs("DISABLED") }, "careful", /update-continuous-backups --table-name Old-Updates/],
  ["a table that protectTables does not protect", { ...UPDATES, protectTables: true }, {}, "careful", /protectTables does not count for Old-Updates/],
  ["chatter IDs without a stream", CHATTERS, { DescribeTable: chattersWith({}) }, "wrong", /Old-Chatters has no stream.*StreamViewType=KEYS_ONLY/],
  ["chatter IDs with a newer stream", CHATTERS, { DescribeTable: chattersWith(streaming(`${STREAM}-new`)) }, "wrong", /is an older one's, or misspelt/],
  [
    "a table of the stack's own",
    UPDATES,
    { DescribeStacks: stackIn("UPDATE_COMPLETE"), ListStackResources: resourcesOf("Old-Updates") },
    "wrong",
    /has made the table Old-Updates itself/,
  ],
  ["a topic of another region", { waysIn: { topics: ["arn:aws:sns:us-east-1:123456789012:stats"] } }, {}, "wrong", /waysIn\.topics must be of the stack's region, eu-central-1/],
  ["a queue of another account", { waysIn: { pipes: { stats: { source: "arn:aws:sqs:eu-central-1:210987654321:stats" } } } }, {}, "wrong", /pipes\.stats\.source must be of the stack's account/],
  ["a record that is taken", HOST, { ListResourceRecordSets: recordsOf(["socks.example.com", "AAAA"]) }, "wrong", /record socks\.example\.com already/],
];

for (const [what, settings, replies, mark, words] of FOUND) {
  test(`the doctor finds: ${what}`, async () => {
    const found = (await answers(settings, replies)).filter((one) => one.mark !== "well");
    assert.equal(found.length, 1, JSON.stringify(found));
    assert.equal(found[0]!.mark, mark);
    assert.match(found[0]!.sentence, words);
  });
}

test("tables that a stack left, as they should be, are no obstacle", async () => {
  const found = await answers(CHATTERS, { DescribeTable: chattersWith(streaming(STREAM)) });
  assert.deepEqual(found.filter(({ mark }) => mark !== "well"), []);
  assert(found.some(({ sentence }) => sentence === "The table Old-Chatters is there, and as it should be."));
});

test("stray functions are named, each with how to delete it", async () => {
  const found = await answers({ stackName: "Mine" }, { GetFunctionConfiguration: [200, { FunctionName: "any" }] });
  const wrong = found.filter(({ mark }) => mark === "wrong").map(({ sentence }) => sentence);
  assert.equal(wrong.length, FUNCTION_NAMES.length);
  assert.match(wrong[0]!, /function Mine-connect already, .*: aws lambda delete-function --function-name Mine-connect, or /);
});

test("names that exist are no failure where nobody may ask whose they are", async () => {
  const DescribeStacks = xmlRefusal("AccessDenied");
  const found = await answers({}, { DescribeStacks, GetFunctionConfiguration: [200, { FunctionName: "any" }] });
  assert.deepEqual(found.filter(({ mark }) => mark !== "well").map(({ mark }) => mark), Array(FUNCTION_NAMES.length + 1).fill("unknown"));
});

test("a region with a small quota fits the default throttles", async () => {
  const found = await answers({}, { GetAccount: takes(2_500, 1_250) });
  assert.deepEqual(found.filter(({ mark }) => mark !== "well"), []);
});

test("credentials that may ask nothing stand in no deployment's way", async () => {
  const denied = Object.fromEntries(Object.keys(FRESH).map((name) => [name, refusal("AccessDeniedException")]));
  const xml = Object.fromEntries(["DescribeStacks", "GetHostedZone", "ListResourceRecordSets"].map((name) => [name, xmlRefusal("AccessDenied")]));
  const found = await answers(HOST, { ...denied, ...xml });
  assert.deepEqual([...new Set(found.map(({ mark }) => mark))], ["unknown"]);
});

test("a question without an answer is given up", async () => {
  const [answer] = await asked("the weather", async () => (await sleep(60_000, [], { ref: false })) as Answer[], 10);
  assert.deepEqual(answer, { mark: "unknown", sentence: "Of the weather nothing is known: AWS gave no answer (not within 0.01 s)." });
});

test("the account and the region are named", async () => {
  aws.replies = { GetCallerIdentity: [200, identityOf(PLACE.account)] };
  assert.deepEqual(await identity(complete({})), {
    answers: [{ mark: "well", sentence: "The account is 123456789012, the region eu-central-1; AWS knows you as arn:aws:iam::123456789012:user/me." }],
    place: PLACE,
  });
});

/** Credentials that lead nowhere. */
const NOWHERE: [what: string, reply: Reply, settings: Partial<Settings>, words: RegExp][] = [
  ["credentials that AWS refuses", xmlRefusal("InvalidClientTokenId", "The security token is invalid."), {}, /does not take these credentials in eu-central-1: The security token is invalid\./],
  ["credentials that have expired", xmlRefusal("ExpiredToken"), {}, /have expired: aws sso login/],
  [
    "a clock that is an hour behind",
    xmlRefusal("SignatureDoesNotMatch", "Signature expired: 20261127T170000Z is now earlier than 20261127T175500Z (20261127T180000Z - 5 min.)"),
    {},
    /^This machine's clock is wrong.*Signature expired/,
  ],
  ["another address than AWS's that does not answer", [500, ""], {}, /AWS_ENDPOINT_URL has http:\/\/127.0.0.1:\d+ asked, which does not answer .* unset AWS_ENDPOINT_URL/],
  ["another account than the settings'", [200, identityOf("210987654321")], { env: PLACE }, /for the account 123456789012, and these credentials are of 210987654321/],
];

for (const [what, reply, settings, words] of NOWHERE) {
  test(`nothing more is asked with ${what}`, async () => {
    aws.replies = { GetCallerIdentity: reply };
    const { answers, place } = await identity(complete(settings));
    assert.equal(place, undefined);
    assert.equal(answers.length, 1);
    assert.equal(answers[0]!.mark, "wrong");
    assert.match(answers[0]!.sentence, words);
  });
}

const CONFIG = join(FOLDER, "config");
writeFileSync(CONFIG, "[default]\nregion = eu-west-1\n[profile mine]\naws_access_key_id = other\naws_secret_access_key = other\n");
const KEYLESS = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };

/** What a shell may have, of which programs take different things. */
const SHELLS: [what: string, environment: Record<string, string | undefined>, words: RegExp][] = [
  ["a profile beside keys", { AWS_PROFILE: "mine", AWS_CONFIG_FILE: CONFIG }, /CDK would take AWS_ACCESS_KEY_ID, and other programs AWS_PROFILE=mine: unset/],
  ["a default region that is not the profile's", { AWS_REGION: undefined, AWS_DEFAULT_REGION: "us-east-1", AWS_CONFIG_FILE: CONFIG }, /AWS_DEFAULT_REGION=us-east-1, .* the profile's region, eu-west-1: export AWS_REGION/],
  ["a default region alone", { AWS_REGION: undefined, AWS_DEFAULT_REGION: "us-east-1" }, /There is no region: export AWS_REGION=us-east-1/],
  ["a profile that there is not", { ...KEYLESS, AWS_PROFILE: "nobody" }, /There are no credentials: aws configure --profile nobody,.*\(Could not/],
  ["an ID without a key", { AWS_SECRET_ACCESS_KEY: undefined }, /need each other/],
];

for (const [what, environment, words] of SHELLS) {
  test(`nothing more is asked in a shell with ${what}`, async () => {
    const before = { ...process.env };
    for (const [name, value] of Object.entries({ AWS_EC2_METADATA_DISABLED: "true", ...environment })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    try {
      aws.replies = { GetCallerIdentity: [200, identityOf(PLACE.account)] };
      const { answers, place } = await identity(complete({}));
      assert.equal(place, undefined);
      assert.deepEqual(answers.map(({ mark }) => mark), ["wrong"], JSON.stringify(answers));
      assert.match(answers[0]!.sentence, words);
    } finally {
      process.env = before;
    }
  });
}
