import { Stack } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Chatterbox, type ChatterboxProps } from "../lib/chatterbox";
import { complete, defaults, SettingsError, type Settings } from "../lib/settings";
import { app, FUNCTIONS } from "./stack";
import { WAYS_IN } from "./variants";

const ZONE = { id: "Z0123456789ABCDEFGHIJ", name: "example.com" };
const CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b";
const IN_VIRGINIA = CERTIFICATE.replace("eu-central-1", "us-east-1");
const FRANKFURT = { region: "eu-central-1", account: "123456789012" };

/** Problems of some settings. */
function problems(given: Partial<Settings>): string[] {
  try {
    complete(given);
    return [];
  } catch (error) {
    assert(error instanceof SettingsError);
    return error.problems;
  }
}

test("nothing has to be set", () => {
  assert.deepEqual(complete({}), { ...defaults, stage: "live" });
});

test("the stage is named after the path on the site's host", () => {
  assert.equal(complete({ site: { path: "/socks" } }).stage, "socks");
  assert.equal(complete({ site: { path: "/socks" }, stage: "socks" }).stage, "socks");
});

const GOOD: Record<string, Partial<Settings>> = {
  "a host whose certificate its zone proves": { host: { name: "socks.example.com", zone: ZONE } },
  "a host with a certificate, and its records made elsewhere": {
    host: { name: "socks.example.com", certificateArn: CERTIFICATE },
    env: FRANKFURT,
  },
  "the zone's own name": { host: { name: "example.com", zone: ZONE } },
  "origins with ports and addresses": {
    allowedOrigins: ["https://www.example.com", "http://localhost:8080", "http://[::1]:8080"],
  },
  "cookies of listed origins": {
    cookies: { login: "user", chatter: "socks" },
    allowedOrigins: ["https://www.example.com"],
  },
  "a throttle for one route": { throttle: { $connect: { rate: 10, burst: 5 } } },
  "as many invocations at once as a queue takes": { notifyConcurrency: 1_000 },
  "names that clients already use": { parameters: { login: "geek", chatter: "id", topic: "topic" } },
  "an example of a site": {
    site: {
      path: "/socks",
      example: { siteOrigin: "origin.example.com", host: "www.example.com", certificateArn: IN_VIRGINIA },
    },
  },
  "a secret between CloudFront and the API": { originSecret: { version: 1 }, site: { path: "/socks" } },
  "ways in of each kind": { waysIn: WAYS_IN },
  "tables that a stack left": {
    existingTables: {
      chatters: { name: "Old-Chatters", streamArn: "arn:aws:dynamodb:eu-central-1:123456789012:table/Old-Chatters/stream/2026-11-01T00:00:00.000" },
      updates: "Old-Updates",
    },
  },
  "one of them": { existingTables: { updates: "Old-Updates" } },
  "maxima of tables": { tableMaxima: { reads: 1_000, writes: 500 } },
  "a budget": { budget: { dollars: 12.5, email: "on-call@example.com" } },
  "a VPC": { vpc: { id: "vpc-0a1b2c3d", routeTableIds: ["rtb-0a1b2c3d"] } },
  "an account whose alarms are elsewhere": { observability: "none" },
  "a topic for alarms": { alarmTopicArn: "arn:aws:sns:eu-central-1:123456789012:on-call" },
};

for (const [what, settings] of Object.entries(GOOD)) {
  test(`${what} can be deployed`, () => assert.deepEqual(problems(settings), []));
}

const streamOf = (region: string) => `arn:aws:dynamodb:${region}:123456789012:table/Old/stream/2026-11-01T00:00:00.000`;

/** Wrong settings, and the message that each must produce. */
const BAD: [string, Partial<Settings>, RegExp][] = [
  ["a certificate without a host", { host: { name: "", certificateArn: CERTIFICATE } }, /host\.name is missing/],
  [
    "a host without a certificate",
    { host: { name: "socks.example.com" } },
    /needs a certificateArn, or the Route 53 zone/,
  ],
  ["a URL for a host", { host: { name: "wss://socks.example.com", zone: ZONE } }, /host\.name must be a hostname/],
  ["a host outside its zone", { host: { name: "socks.example.org", zone: ZONE } }, /must lie in host\.zone\.name/],
  [
    "a zone's name in the place of its ID",
    { host: { name: "socks.example.com", zone: { id: "example.com", name: "example.com" } } },
    /host\.zone\.id/,
  ],
  [
    "no certificate's ARN",
    { host: { name: "socks.example.com", certificateArn: "certificate" } },
    /ARN of a certificate in ACM/,
  ],
  [
    "a certificate of another region",
    { host: { name: "socks.example.com", certificateArn: IN_VIRGINIA }, env: FRANKFURT },
    /own region, eu-central-1; this one is of us-east-1/,
  ],
  [
    "an origin without a scheme",
    { allowedOrigins: ["www.example.com"] },
    /"www\.example\.com" is not what a browser sends/,
  ],
  ["an origin with a path", { allowedOrigins: ["https://www.example.com/"] }, /not what a browser sends/],
  ["an origin in capitals", { allowedOrigins: ["https://WWW.example.com"] }, /in lower case/],
  ["a pattern for an origin", { allowedOrigins: ["*"] }, /not what a browser sends/],
  ["a pattern in an origin", { allowedOrigins: ["https://*.example.com"] }, /not what a browser sends/],
  ["an origin with the scheme's own port", { allowedOrigins: ["https://a.example:443"] }, /leaves out the port 443/],
  ["an origin with an impossible port", { allowedOrigins: ["https://a.example:99999"] }, /not what a browser sends/],
  ["cookies for all origins", { cookies: { login: "user", chatter: "socks" } }, /cookies need allowedOrigins/],
  [
    "one cookie for both",
    { cookies: { login: "a", chatter: "a" }, allowedOrigins: ["https://a.example"] },
    /two different names/,
  ],
  [
    "a cookie of blanks",
    { cookies: { login: "  ", chatter: "socks" }, allowedOrigins: ["https://a.example"] },
    /cookies\.login must be the name of a cookie/,
  ],
  [
    "a cookie that no browser keeps",
    { cookies: { login: "user", chatter: "a;b" }, allowedOrigins: ["https://a.example"] },
    /cookies\.chatter must be the name of a cookie/,
  ],
  ["a parameter of blanks", { parameters: { login: " ", chatter: "id", topic: "topic" } }, /parameters\.login must be a name without blanks/],
  ["one parameter for both", { parameters: { login: "id", chatter: "id", topic: "topic" } }, /three different names/],
  [
    "a stage that does not fit the path",
    { stage: "live", site: { path: "/socks" } },
    /stage must be "socks", or be left out/,
  ],
  ["a path of two parts", { site: { path: "/api/socks" } }, /site\.path must be a slash and one name/],
  ["a path without a slash", { site: { path: "socks" } }, /site\.path must be a slash and one name/],
  ["the stage $default", { stage: "$default" }, /no \$default stage/],
  [
    "an example with a host and no certificate",
    { site: { path: "/s", example: { siteOrigin: "o.example.com", host: "www.example.com" } } },
    /host and certificateArn together/,
  ],
  [
    "CloudFront's certificate elsewhere",
    {
      site: {
        path: "/s",
        example: { siteOrigin: "o.example.com", host: "www.example.com", certificateArn: CERTIFICATE },
      },
    },
    /must be of us-east-1/,
  ],
  [
    "an example without an origin",
    { site: { path: "/s", example: { siteOrigin: "https://o.example.com" } } },
    /siteOrigin must be the hostname/,
  ],
  ["a throttle of 0", { throttle: { $connect: { rate: 0, burst: 100 } } }, /throttle\.\$connect\.rate must be .* with 429/],
  [
    "a throttle without a burst",
    { throttle: { ping: { rate: 5 } } } as unknown as Partial<Settings>,
    /throttle\.ping\.burst must be a whole number above 0/,
  ],
  [
    "a throttle of a route that there is not",
    { throttle: { pong: { rate: 5, burst: 5 } } } as unknown as Partial<Settings>,
    /throttle\.pong is no route: \$connect, \$default, ping, \$disconnect/,
  ],
  ["a secret without CloudFront", { originSecret: { version: 1 } }, /originSecret needs site/],
  [
    "a secret and a hostname beside CloudFront",
    { originSecret: { version: 1 }, site: { path: "/s" }, host: { name: "socks.example.com", zone: ZONE } },
    /originSecret and host cannot both be set/,
  ],
  [
    "a secret in the settings",
    { originSecret: { version: 1, value: "k4Tq0WcVb71mZs9LxR2dYh83" } as never, site: { path: "/s" } },
    /originSecret\.value is no part of it/,
  ],
  ["no version of a secret", { originSecret: { version: 0 }, site: { path: "/s" } }, /originSecret\.version must be/],
  [
    "a secret that is demanded by a word",
    { originSecret: { version: 1, demanded: "no" } as never, site: { path: "/s" } },
    /originSecret\.demanded must be true or false/,
  ],
  ["a table that is none of those that are kept", { existingTables: { outbox: "Old" } as never }, /existingTables\.outbox is no table/],
  ["a table without a name", { existingTables: { updates: "" } }, /existingTables\.updates must be the name/],
  ["chatter IDs by a name alone", { existingTables: { chatters: "Old" as never } }, /existingTables\.chatters\.name must be/],
  [
    "a stream of another table",
    { existingTables: { chatters: { name: "Old", streamArn: "arn:aws:dynamodb:eu-central-1:123456789012:table/Other/stream/1" } } },
    /existingTables\.chatters\.streamArn must be the ARN of that table's stream/,
  ],
  ["a table that writes nothing", { tableMaxima: { reads: 5, writes: 0 } }, /tableMaxima\.writes must be a whole number/],
  [
    "a maximum of something else",
    { tableMaxima: { reads: 5, writes: 5, scans: 5 } as never },
    /tableMaxima\.scans is no limit/,
  ],
  ["a budget of nothing", { budget: { dollars: 0, email: "a@example.com" } }, /budget\.dollars must be a number of dollars from 0\.01/],
  ["a budget that tells nobody", { budget: { dollars: 5 } as never }, /budget\.email must be an e-mail address/],
  ["one invocation at once", { notifyConcurrency: 1 }, /notifyConcurrency must be a whole number from 2 to 1000/],
  ["more invocations at once than a queue takes", { notifyConcurrency: 1_001 }, /from 2 to 1000/],
  ["a fraction of an invocation", { notifyConcurrency: 2.5 }, /from 2 to 1000/],
  [
    "numbers for parameters",
    { parameters: { login: "a", chatter: 2, topic: "c" } as unknown as Settings["parameters"] },
    /parameters\.chatter must be of the kind string; it is number/,
  ],
  [
    "numbers for cookies",
    {
      cookies: { login: 1, chatter: "b" } as unknown as NonNullable<Settings["cookies"]>,
      allowedOrigins: ["https://a.example"],
    },
    /cookies\.login must be of the kind string/,
  ],
  // As an environment variable it would be 1e+21, and the functions would not start.
  [
    "a number of sockets that is written with an exponent",
    { maxConnectionsPerLogin: 1e21 },
    /maxConnectionsPerLogin must be a whole number above 0/,
  ],
  ["no sockets at all", { maxConnectionsPerLogin: 0 }, /maxConnectionsPerLogin must be a whole number above 0/],
  ["metrics for little money", { observability: "cheap" as "free" }, /observability must be one of free, full, none/],
  [
    "a topic for alarms that there are not",
    { observability: "none", alarmTopicArn: "arn:aws:sns:eu-central-1:123456789012:on-call" },
    /alarmTopicArn has nothing to be told/,
  ],
  ["an odd retention", { logRetentionDays: 31 }, /logRetentionDays must be one of 1, 3, 5/],
  [
    "an architecture of another name",
    { architecture: "aarch64" as "arm64" },
    /architecture must be "arm64" or "x86_64"/,
  ],
  ["a stack's name with a space", { stackName: "My Chatterbox" }, /stackName must begin with a letter/],
  ["an account of five digits", { env: { region: "eu-central-1", account: "12345" } }, /account of 12 digits/],
  ["an e-mail address in the place of a topic", { alarmTopicArn: "me@example.com" }, /ARN of an SNS topic/],
  ["a VPC without route tables", { vpc: { id: "vpc-0a1b2c3d", routeTableIds: [] } }, /routeTableIds/],
  [
    "one origin in the place of a list",
    { allowedOrigins: "https://www.example.com" as unknown as string[] },
    /allowedOrigins must be of the kind list; it is string/,
  ],
  [
    "no throttle",
    { throttle: null as unknown as Settings["throttle"] },
    /throttle must be of the kind object; it is null/,
  ],
  [
    "a route table in the place of a list",
    { vpc: { id: "vpc-0a1b2c3d", routeTableIds: "rtb-0a1b2c3d" as unknown as string[] } },
    /vpc\.routeTableIds must be of the kind list/,
  ],
  [
    "a number for a host",
    { host: { name: 5 as unknown as string, zone: ZONE } },
    /host\.name must be of the kind string/,
  ],
  ["an empty VPC", { vpc: {} as NonNullable<Settings["vpc"]> }, /vpc needs an id/],
  ["an empty site", { site: {} as NonNullable<Settings["site"]> }, /site\.path must be/],
  ["a queue for a topic", { waysIn: { topics: [WAYS_IN.pipes.queue.source] } }, /waysIn\.topics must be ARNs of SNS topics/],
  ["a FIFO topic", { waysIn: { topics: [`${WAYS_IN.topics[0]}.fifo`] } }, /A FIFO topic sends to FIFO queues only/],
  ["a topic twice", { waysIn: { topics: [WAYS_IN.topics[0]!, WAYS_IN.topics[0]!] } }, /names a topic twice/],
  ["one topic in the place of a list", { waysIn: { topics: WAYS_IN.topics[0] as never } }, /topics as a list of ARNs/],
  ["a way in that there is none of", { waysIn: { streams: [] } as never }, /waysIn\.streams is no way in/],
  ["a rule for all events", { waysIn: { rules: { all: { pattern: {} } } } }, /waysIn\.rules\.all\.pattern must be an object with at least one name/],
  ["a rule whose bus has a space", { waysIn: { rules: { games: { ...WAYS_IN.rules.games, bus: "a b" } } } }, /bus must be the name/],
  ["a rule's name with a slash", { waysIn: { rules: { "a/b": WAYS_IN.rules.games } } }, /a\/b must be letters and digits/],
  ["a pipe from a topic", { waysIn: { pipes: { stats: { source: WAYS_IN.topics[0]! } } } }, /must be the ARN of an SQS queue/],
  ["a pipe from a FIFO queue", { waysIn: { pipes: { stats: { source: `${WAYS_IN.pipes.queue.source}.fifo` } } } }, /which is not FIFO/],
  ["a pipe's misspelt template", { waysIn: { pipes: { stats: { ...WAYS_IN.pipes.queue, templat: "{}" } as never } } }, /templat is not known/],
  ["a misspelt name in a host", { host: { name: "socks.example.com", zone: ZONE, certificateARN: CERTIFICATE } as never }, /host\.certificateARN is not known/],
  ["a misspelt example", { site: { path: "/s", exampel: {} } as never }, /site\.exampel is not known: path, example are/],
  ["a misspelt part of a throttle", { throttle: { ping: { rate: 5, burst: 5, bust: 5 } as never } }, /throttle\.ping\.bust is not known/],
  ["a word for a zone", { host: { name: "socks.example.com", certificateArn: CERTIFICATE, zone: "" as never } }, /host\.zone must be of the kind object/],
  ["an account as a number", { env: { region: "eu-central-1", account: 123456789012 as never } }, /env\.account must be of the kind string/],
  ["a setting that every object has", JSON.parse('{"constructor": 1}'), /constructor is not a setting/],
  ["a zone without a name", { host: { name: "socks.undefined", zone: { id: ZONE.id } as never } }, /host\.zone\.name must be a name/],
  ["a zone with a dot at its end", { host: { name: "socks.example.com", zone: { ...ZONE, name: "example.com." } } }, /host\.zone\.name must be .*; it is "example\.com\."/],
  ["a host with a dot at its end", { host: { name: "socks.example.com.", zone: ZONE } }, /host\.name must be a hostname/],
  ["a host too long for a certificate", { host: { name: `${"a".repeat(60)}.example.com`, zone: ZONE } }, /host\.name has 72 letters/],
  [
    "one host for two",
    {
      host: { name: "www.example.com", zone: ZONE },
      site: { path: "/s", example: { siteOrigin: "o.example.com", host: "www.example.com", certificateArn: IN_VIRGINIA } },
    },
    /host\.name and site\.example\.host must differ/,
  ],
  [
    "a site that CloudFront fetches from itself",
    { site: { path: "/s", example: { siteOrigin: "www.example.com", host: "www.example.com", certificateArn: IN_VIRGINIA } } },
    /siteOrigin must be another name/,
  ],
  ["one table for two", { existingTables: { chatters: { name: "Old", streamArn: streamOf("eu-central-1") }, updates: "Old" } }, /must be two tables/],
  ["a stream with a word behind it", { existingTables: { chatters: { name: "Old", streamArn: `${streamOf("eu-central-1")} or so` } } }, /streamArn must be/],
  ["a stream of another region", { env: FRANKFURT, existingTables: { chatters: { name: "Old", streamArn: streamOf("us-east-1") } } }, /existingTables\.chatters\.streamArn must be of the stack's region, eu-central-1; this one is of us-east-1/],
  ["a topic of another account", { env: FRANKFURT, waysIn: { topics: ["arn:aws:sns:eu-central-1:999999999999:stats"] } }, /waysIn\.topics must be of the stack's account, 123456789012/],
  ["a pipe from another region", { env: FRANKFURT, waysIn: { pipes: { stats: { source: "arn:aws:sqs:us-east-1:123456789012:stats" } } } }, /waysIn\.pipes\.stats\.source must be of the stack's region/],
  ["alarms told in another region", { env: FRANKFURT, alarmTopicArn: "arn:aws:sns:us-east-1:123456789012:on-call" }, /alarmTopicArn must be of the stack's region/],
  ["tables that are deleted and protected", { protectTables: true, keepTables: false }, /protectTables and keepTables: false/],
  ["a pattern that names a text", { waysIn: { rules: { a: { pattern: { source: "stats" } } } } }, /rules\.a\.pattern\.source must be a list of what it may be, such as \["stats"\]/],
  ["a pattern that lists nothing", { waysIn: { rules: { a: { pattern: { detail: { game: [] } } } } } }, /pattern\.detail\.game must list what it may be/],
  ["a pattern with two operators", { waysIn: { rules: { a: { pattern: { source: [{ prefix: "a", suffix: "b" }] } } } } }, /one operator/],
  ["an empty pattern of a pipe", { waysIn: { pipes: { a: { source: WAYS_IN.pipes.queue.source, pattern: {} } } } }, /pipes\.a\.pattern must be an object/],
  ["more origins than a function's variables hold", { allowedOrigins: Array.from({ length: 200 }, (_, n) => `https://shop-${n}.example`) }, /bytes together, of at most 2500/],
  ["a budget that is written with an exponent", { budget: { dollars: 1e-7, email: "a@example.com" } }, /budget\.dollars/],
  ["a VPC's ID of two digits", { vpc: { id: "vpc-0a", routeTableIds: ["rtb-0a1b2c3d"] } }, /vpc needs an id like/],
  ["a route table twice", { vpc: { id: "vpc-0a1b2c3d", routeTableIds: ["rtb-0a1b2c3d", "rtb-0a1b2c3d"] } }, /names a route table twice/],
  [
    "a misspelt setting",
    { allowedOrigin: ["https://www.example.com"] } as Partial<Settings>,
    /allowedOrigin is not a setting/,
  ],
];

for (const [what, settings, sentence] of BAD) {
  test(`${what} is refused, with one sentence`, () => {
    const found = problems(settings);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0]!, sentence);
  });
}

/** Properties that the functions would refuse at their start, for apps that use the construct without settings.ts. */
const REFUSED_BY_THE_CONSTRUCT: Record<string, [Partial<ChatterboxProps>, RegExp]> = {
  "an origin with a path": [{ allowedOrigins: ["https://www.example.com/"] }, /nothing after host and port/],
  "cookies for all origins": [{ cookies: { login: "user", chatter: "socks" } }, /cookies need allowedOrigins/],
  "one parameter for two": [{ parameters: { login: "id", chatter: "id", topic: "topic" } }, /three different names/],
  "a cookie with a blank": [
    { cookies: { login: "user", chatter: "so cks" }, allowedOrigins: ["https://a.example"] },
    /cookies\.chatter must be the name of a cookie/,
  ],
  "a namespace of blanks": [{ metricsNamespace: "  " }, /metricsNamespace must be/],
  "a namespace with a blank at its end": [{ metricsNamespace: "Chatterbox " }, /metricsNamespace must be/],
  "a namespace that CloudWatch does not take": [{ metricsNamespace: ":Chätterbox" }, /metricsNamespace must be/],
  "no sockets at all": [{ maxConnectionsPerLogin: 0 }, /maxConnectionsPerLogin must be/],
  "tables that read nothing": [{ tableMaxima: { reads: 0, writes: 5 } }, /tableMaxima\.reads must be/],
  "tables that are deleted and protected": [{ keepTables: false, protectTables: true }, /protectTables and keepTables: false/],
  "a topic that is none": [{ waysIn: { topics: ["stats"] } }, /waysIn\.topics must be ARNs/],
  "half a throttle": [{ throttle: { ping: { rate: 5, burst: 0.5 } } }, /throttle\.ping\.burst must be/],
};

for (const [what, [props, sentence]] of Object.entries(REFUSED_BY_THE_CONSTRUCT)) {
  test(`the construct refuses in another app: ${what}`, () => {
    const code = (name: string) => Code.fromAsset(join(FUNCTIONS, name));
    assert.throws(() => new Chatterbox(new Stack(app()), "Mine", { code, ...props }), sentence);
  });
}

test("of two Chatterboxes in a stack each has names of its own", () => {
  const code = (name: string) => Code.fromAsset(join(FUNCTIONS, name));
  const site = new Stack(app(), "Site");
  new Chatterbox(site, "One", { code, namePrefix: "One" });
  assert.throws(() => new Chatterbox(site, "Two", { code }), /metricsNamespace must be another than that of Site\/One, "Site"/);
  const taken = { code, namePrefix: "One", metricsNamespace: "Three" };
  assert.throws(() => new Chatterbox(site, "Three", taken), /namePrefix must be another than that of Site\/One, "One"/);
  const other = new Stack(app(), "Other");
  for (const name of ["One", "Two"]) new Chatterbox(other, name, { code, metricsNamespace: name });
});

test("a setting that is undefined is one that is left out", () => {
  const names = Object.keys(defaults) as (keyof Settings)[];
  assert.deepEqual(complete(Object.fromEntries(names.map((name) => [name, undefined]))), complete({}));
});

test("a pattern may have all that EventBridge knows", () => {
  const pattern = { source: ["a", { prefix: "b" }], detail: { n: [{ numeric: [">", 5] }, null, 3, true], $or: [{ a: [1] }, { b: [{ exists: false }] }] } };
  assert.deepEqual(problems({ waysIn: { rules: { a: { pattern } } } }), []);
});

test("all problems of the settings are named at once", () => {
  assert.equal(problems({ stage: "a/b", allowedOrigins: ["*"], throttle: { $connect: { rate: 0, burst: 0 }, ping: null as never } }).length, 6);
});
