import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { FUNCTION_NAMES } from "../lib/functions";
import { PlainStack, plainTemplate } from "../lib/plain-stack";
import { SettingsError, type Settings } from "../lib/settings";
import { Resolved, synthesized, type Json } from "./resolved";
import { app, FOLDER, FUNCTIONS, stack } from "./stack";
import { VARIANTS } from "./variants";

function plain(settings: Partial<Settings> = {}): Json {
  return synthesized(new PlainStack(app(), { architecture: "arm64", ...settings }));
}

let template: Json;
before(() => (template = plain()));

/** What is compared: all but where a program comes from, the order of a policy's ARNs, and when the right to log is given. */
function comparable(resolved: Resolved): unknown {
  const resources = Object.entries(resolved.resources()).map(([id, { Metadata: _, DependsOn, ...resource }]) => {
    const properties = { ...resource.Properties };
    if (properties.Code) properties.Code = "a program";
    // CloudFormation takes an empty list of actions for none.
    if (properties.AlarmActions?.length === 0) delete properties.AlarmActions;
    for (const { Resource } of properties.PolicyDocument?.Statement ?? []) if (Array.isArray(Resource)) sort(Resource);
    const after = DependsOn.filter((other: string) => !other.startsWith("ApiGatewayLogs"));
    return [id, { ...resource, Properties: properties, DependsOn: after }];
  });
  return { resources: Object.fromEntries(resources), outputs: resolved.outputs() };
}

function sort(arns: unknown[]): void {
  arns.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

const ORIGINS = ["https://www.example.com", "http://localhost:8080"];
const TOPIC = "arn:aws:sns:eu-central-1:123456789012:on-call";

/** Settings, and the parameters that say the same to a template that was made without them. */
const CHOICES: [Partial<Settings>, Record<string, string>][] = [
  [{}, {}],
  [{ architecture: "x86_64" }, { Architecture: "x86_64" }],
  [{ stage: "socks" }, { Stage: "socks" }],
  [{ allowedOrigins: ORIGINS }, { AllowedOrigins: ORIGINS.join() }],
  [
    { parameters: { login: "geek", chatter: "id", topic: "of" } },
    { LoginParameter: "geek", ChatterParameter: "id", TopicParameter: "of" },
  ],
  [
    { allowedOrigins: ORIGINS, cookies: { login: "user", chatter: "socks" } },
    { AllowedOrigins: ORIGINS.join(), LoginCookie: "user", ChatterCookie: "socks" },
  ],
  [{ maxConnectionsPerLogin: 5 }, { MaxConnectionsPerLogin: "5" }],
  [{ checkChatterOnSync: true }, { CheckChatterOnSync: "true" }],
  [{ notifyConcurrency: 9 }, { NotifyConcurrency: "9" }],
  [{ logRetentionDays: 7, apiGatewayLogRole: false }, { LogRetentionDays: "7", ApiGatewayLogRole: "false" }],
  [{ alarmTopicArn: TOPIC }, { AlarmTopicArn: TOPIC }],
];

for (const [settings, parameters] of CHOICES) {
  const words = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  test(`the plain template has every resource of CDK's, as that has it: ${words.join(" ") || "no parameters"}`, () => {
    const expected = comparable(new Resolved(synthesized(stack(settings))));
    assert.deepEqual(comparable(new Resolved(template, parameters)), expected);
    // The settings as the parameters' defaults.
    assert.deepEqual(comparable(new Resolved(plain(settings))), expected);
  });
}

test("every parameter but the programs' places is compared", () => {
  const names = new Set(CHOICES.flatMap(([, parameters]) => Object.keys(parameters)));
  const others = Object.keys(template.Parameters!).filter((name) => name !== "CodeBucket" && !name.endsWith("Key"));
  assert.deepEqual([...names].sort(), others.sort());
});

test("the document names every parameter, with its default", () => {
  const document = readFileSync(join(__dirname, "../..", "docs/other-ways.md"), "utf8");
  const rows = [...document.matchAll(/^\| (`[^|]+`) \|([^|]*)\|/gm)].flatMap(([, names, defaults]) => {
    const values = defaults!.split(",").map((one) => one.trim().replaceAll("`", ""));
    return names!.split(", ").map((name, n) => [name.replaceAll("`", ""), values[n] ?? ""] as const);
  });
  const said = { ...Object.fromEntries(rows), Architecture: "arm64" };
  const has = Object.entries(template.Parameters!).map(([name, { Default = "" }]) => [name, String(Default)]);
  assert.deepEqual(said, Object.fromEntries(has));
});

for (const [name, settings] of Object.entries(VARIANTS)) {
  test(`what is no parameter is as the settings say: ${name}`, () => {
    const expected = comparable(new Resolved(synthesized(stack(settings))));
    assert.deepEqual(comparable(new Resolved(plain(settings))), expected);
  });
}

test("each function's program is where its parameters say", () => {
  const resources = Object.values(template.Resources).filter(({ Type }) => Type === "AWS::Lambda::Function");
  const places = resources.map(({ Properties }) => Properties.Code);
  const keys = ["ConnectKey", "DisconnectKey", "DefaultKey", "NotifyKey", "RevokeKey"];
  assert.deepEqual(places, keys.map((key) => ({ S3Bucket: { Ref: "CodeBucket" }, S3Key: { Ref: key } })));
  assert.equal(places.length, FUNCTION_NAMES.length);
});

test("a stage with a log is made after the right to log is given, where the stack gives it", () => {
  const stages = (given: string) =>
    Object.values(new Resolved(template, { ApiGatewayLogRole: given }).resources()).filter(
      ({ Type }) => Type === "AWS::ApiGatewayV2::Stage",
    );
  const [account] = Object.entries(template.Resources).find(([, { Type }]) => Type === "AWS::ApiGateway::Account")!;
  assert.deepEqual(stages("true").map(({ Metadata }) => Metadata.AfterLogRole), [{ Ref: account }]);
  assert.deepEqual(stages("false").map(({ Metadata }) => Metadata.AfterLogRole), [undefined]);
});

test("nothing in the template asks for a bootstrapped account, an upload or an account of its own", () => {
  const text = JSON.stringify(plain({ env: { region: "eu-central-1", account: "123456789012" } }));
  for (const word of ["BootstrapVersion", "cdk-hnb659fds", "CDKMetadata", "eu-central-1", "123456789012"]) {
    assert(!text.includes(word), word);
  }
});

/** Runs `make template`'s program. */
function written(settings: Partial<Settings>): { status: number | null; stderr: string; output: string } {
  const file = join(FOLDER, "plain.json");
  const output = join(FOLDER, "written", "chatterbox.template.json");
  writeFileSync(file, JSON.stringify(settings));
  const words = ["--no-warnings", "--import", "tsx", "bin/template.ts", output, file, "arm64"];
  const { status, stderr } = spawnSync("node", words, { cwd: join(__dirname, ".."), encoding: "utf8" });
  return { status, stderr, output };
}

test("the template is written the same each time, byte for byte, and without built programs", () => {
  const { status, stderr, output } = written({ functions: "nowhere" });
  assert.deepEqual([status, stderr], [0, ""]);
  assert.equal(readFileSync(output, "utf8"), plainTemplate({ architecture: "arm64" }));
});

test("settings that do not fit together make no template", () => {
  assert.throws(() => plain({ functions: FUNCTIONS, cookies: { login: "user", chatter: "socks" } }), SettingsError);
  const { status, stderr } = written({ stage: "$default" });
  assert.equal(status, 1);
  assert.match(stderr, /^The settings cannot be deployed\.\n  - stage must hold letters/);
});

/** What CloudFormation says of these parameters before it makes anything: of values that a pattern forbids, and of rules that are broken. */
function objections(parameters: Record<string, string>): string[] {
  const { Parameters: known = {}, Rules = {} } = template as { Parameters?: Record<string, any>; Rules?: Record<string, any> };
  const value = (of: any): any => {
    if (typeof of !== "object") return of;
    if ("Ref" in of) return parameters[of.Ref] ?? known[of.Ref].Default ?? "";
    const [[name, words]] = Object.entries<any>(of) as [[string, any[]]];
    const values = words.map(value);
    if (name === "Fn::Equals") return values[0] === values[1];
    if (name === "Fn::Not") return !values[0];
    return name === "Fn::And" ? values.every(Boolean) : values.some(Boolean);
  };
  const assertions = Object.values(Rules).flatMap((rule) => rule.Assertions);
  return [
    ...Object.entries(parameters).flatMap(([name, text]) =>
      new RegExp(known[name].AllowedPattern ?? "").test(text) ? [] : [`${name}: ${known[name].ConstraintDescription}`],
    ),
    ...assertions.filter(({ Assert }) => !value(Assert)).map(({ AssertDescription }) => AssertDescription),
  ];
}

test("parameters with which the functions would not start are refused before anything is made", () => {
  const origins = { AllowedOrigins: "https://www.example.com" };
  const named = (login: string, chatter: string) => ({ ...origins, LoginCookie: login, ChatterCookie: chatter });
  assert.deepEqual(objections({}), []);
  assert.deepEqual(objections(named("user", "socks")), []);
  assert.deepEqual(objections({ LoginParameter: "id", ChatterParameter: "id" }), [
    "LoginParameter, ChatterParameter and TopicParameter need three different names.",
  ]);
  assert.match(objections({ TopicParameter: "a b" })[0]!, /^TopicParameter: a name without blanks/);
  assert.deepEqual(objections(named("user", "user")), ["LoginCookie and ChatterCookie need two different names."]);
  assert.deepEqual(objections(named("user", "")), ["LoginCookie and ChatterCookie need each other."]);
  assert.match(objections(named("user", "so;cks"))[0]!, /^ChatterCookie: the name of a cookie/);
  assert.match(objections({ LoginCookie: "user", ChatterCookie: "socks" })[0]!, /^Cookies need AllowedOrigins/);
  assert.match(objections({ AllowedOrigins: "https://www.example.com/" })[0]!, /^AllowedOrigins: /);
});
