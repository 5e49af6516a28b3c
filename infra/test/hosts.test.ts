import { Duration, Stack } from "aws-cdk-lib";
import { Distribution } from "aws-cdk-lib/aws-cloudfront";
import { HttpOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Code } from "aws-cdk-lib/aws-lambda";
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Chatterbox } from "../lib/chatterbox";
import { app, FUNCTIONS, Readable, stack } from "./stack";

const CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b";
const ZONE = { id: "Z0123456789ABCDEFGHIJ", name: "example.com" };

test("a hostname of its own has a certificate, a mapping without a path, and records for IPv4 and IPv6", () => {
  const own = new Readable(stack({ host: { name: "socks.example.com", zone: ZONE } }));
  const domain = own.only("AWS::ApiGatewayV2::DomainName");
  assert.equal(domain.DomainName, "socks.example.com");
  assert.deepEqual(domain.DomainNameConfigurations, [
    {
      CertificateArn: "${OwnHost/Certificate}",
      EndpointType: "REGIONAL",
      IpAddressType: "dualstack",
      SecurityPolicy: "TLS_1_2",
    },
  ]);
  const mapping = own.only("AWS::ApiGatewayV2::ApiMapping");
  assert.deepEqual([mapping.ApiId, mapping.Stage, mapping.ApiMappingKey], ["${Api/WebSocket}", "live", undefined]);
  const records = own
    .ofType("AWS::Route53::RecordSet")
    .map(([, record]) => [record.Type, record.Name, record.HostedZoneId]);
  assert.deepEqual(
    records,
    ["A", "AAAA"].map((type) => [type, "socks.example.com.", ZONE.id]),
  );
  assert.equal(own.only("AWS::CertificateManager::Certificate").ValidationMethod, "DNS");
  assert.equal(own.outputs.OwnHostUrl!.Value, "wss://socks.example.com");
});

test("if the zone is elsewhere, an output says where the hostname has to point", () => {
  const own = new Readable(stack({ host: { name: "socks.example.com", certificateArn: CERTIFICATE } }));
  assert.equal(own.ofType("AWS::Route53::RecordSet").length, 0);
  assert.equal(own.outputs.OwnHostTarget!.Value, "${OwnHost/Domain.RegionalDomainName}");
});

test("posts go to API Gateway's own hostname, whatever browsers connect to", () => {
  const own = new Readable(stack({ host: { name: "socks.example.com", zone: ZONE }, site: { path: "/socks" } }));
  const { Variables } = own.resources["Functions/notify"]!.Properties.Environment;
  assert.match(
    Variables.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI,
    /^https:\/\/\$\{Api\/WebSocket\}\.execute-api\..*\/socks$/,
  );
});

/** CloudFront's own names for "caching disabled" and "all viewer except host header". */
const [CACHING_DISABLED, ALL_BUT_HOST] = [
  "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
  "b689b0a8-53d0-40ab-baf2-68738e2966ac",
];

/** Asserts that a distribution forwards `/socks` as API Gateway needs it. */
function assertForwards(readable: Readable) {
  const { DistributionConfig: config } = readable.only("AWS::CloudFront::Distribution");
  assert.equal(config.CacheBehaviors.length, 1);
  const [behavior] = config.CacheBehaviors;
  assert.deepEqual(
    [behavior.PathPattern, behavior.Compress, behavior.ViewerProtocolPolicy],
    ["/socks", false, "https-only"],
  );
  assert.deepEqual([behavior.CachePolicyId, behavior.OriginRequestPolicyId], [CACHING_DISABLED, ALL_BUT_HOST]);
  const origin = config.Origins.find((one: { Id: string }) => one.Id === behavior.TargetOriginId);
  // CloudFront forwards /socks, which is the stage's name. A path of the origin would be put before it.
  assert.equal(origin.OriginPath, undefined);
  assert.match(origin.DomainName, /WebSocket\}\.execute-api\.\$\{AWS::Region\}\.\$\{AWS::URLSuffix\}$/);
  assert.equal(origin.CustomOriginConfig.OriginProtocolPolicy, "https-only");
}

test("an example distribution serves the site, and the sockets at the path that is the stage's name", () => {
  const example = { siteOrigin: "origin.example.com", host: "www.example.com", certificateArn: CERTIFICATE };
  const site = new Readable(stack({ site: { path: "/socks", example } }));
  assertForwards(site);
  assert.equal(site.only("AWS::ApiGatewayV2::Stage").StageName, "socks");
  assert.deepEqual(site.only("AWS::CloudFront::Distribution").DistributionConfig.Aliases, ["www.example.com"]);
  assert.equal(site.outputs.SiteUrl!.Value, "wss://www.example.com/socks");
});

/** A stack of another app that contains a Chatterbox. */
function othersStack(originSecret?: { version: number }) {
  const other = new Stack(app(), "Other");
  const chatterbox = new Chatterbox(other, "Chatterbox", {
    code: (name) => Code.fromAsset(join(FUNCTIONS, name)),
    stageName: "socks",
    originSecret,
  });
  return { other, chatterbox };
}

test("another app adds the sockets to its own distribution", () => {
  const { other, chatterbox } = othersStack();
  const site = new Distribution(other, "Site", { defaultBehavior: { origin: new HttpOrigin("origin.example.com") } });
  chatterbox.addToDistribution(site);
  assertForwards(new Readable(other));
});

/** The header that a stack's distribution adds for the API, and what `$connect` of the stack takes. */
function secrets(readable: Readable) {
  const { Origins } = readable.only("AWS::CloudFront::Distribution").DistributionConfig;
  const headers = Origins.flatMap((origin: { OriginCustomHeaders?: object[] }) => origin.OriginCustomHeaders ?? []);
  return { headers, taken: readable.resources["Functions/connect"]!.Properties.Environment.Variables.ORIGIN_SECRET };
}

const example = { siteOrigin: "origin.example.com" };
const withSecret = (originSecret: { version: number; demanded?: boolean }) =>
  new Readable(stack({ site: { path: "/socks", example }, originSecret }));
const secret = (version: number) => `{{resolve:secretsmanager:\${OriginSecret/Version${version}}:SecretString:::}}`;

test("without an origin secret CloudFront adds nothing, and $connect demands nothing", () => {
  const plain = new Readable(stack({ site: { path: "/socks", example } }));
  assert.deepEqual(secrets(plain), { headers: [], taken: undefined });
  assert.deepEqual(plain.ofType("AWS::SecretsManager::Secret"), []);
});

test("CloudFront adds the newest origin secret, and $connect takes that and the one before it", () => {
  const header = (version: number) => [{ HeaderName: "x-chatterbox-origin", HeaderValue: secret(version) }];
  assert.deepEqual(secrets(withSecret({ version: 1 })), { headers: header(1), taken: secret(1) });
  assert.deepEqual(secrets(withSecret({ version: 3 })), { headers: header(3), taken: `${secret(3)},${secret(2)}` });
  assert.deepEqual(secrets(withSecret({ version: 1, demanded: false })), { headers: header(1), taken: undefined });
});

test("origin secrets are made by AWS, as the functions take them, and the template holds none", () => {
  for (const [, { GenerateSecretString, SecretString }] of withSecret({ version: 2 }).ofType("AWS::SecretsManager::Secret")) {
    assert.deepEqual([GenerateSecretString, SecretString], [{ ExcludePunctuation: true, PasswordLength: 40 }, undefined]);
  }
});

test("deploying an origin secret again changes nothing", () => {
  const templates = [0, 1].map(() => JSON.stringify(withSecret({ version: 2 }).resources));
  assert.equal(templates[0], templates[1]);
});

test("$connect knows a new origin secret before CloudFront sends it, in another app's distribution too", () => {
  const { other, chatterbox } = othersStack({ version: 1 });
  const site = new Distribution(other, "Site", { defaultBehavior: { origin: new HttpOrigin("origin.example.com") } });
  chatterbox.addToDistribution(site);
  for (const readable of [withSecret({ version: 1 }), new Readable(other)]) {
    assert.equal(secrets(readable).headers.length, 1);
    assert(readable.resources.Site!.DependsOn?.includes("Functions/connect"), String(readable.resources.Site!.DependsOn));
  }
});

test("another app grants its backend and its pipeline exactly the rights that they need", () => {
  const { other, chatterbox } = othersStack();
  const role = (id: string) =>
    new Role(other, id, {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      maxSessionDuration: Duration.hours(1),
    });
  chatterbox.grantIssueChatterIds(role("Issues"));
  chatterbox.grantRevokeChatterIds(role("Revokes"));
  chatterbox.grantNotify(role("Invokes"));
  chatterbox.grantSendToQueue(role("Sends"));
  chatterbox.grantPutIntoOutbox(role("Puts"));
  const readable = new Readable(other);
  const rights = (id: string) =>
    readable.resources[`${id}/DefaultPolicy`]!.Properties.PolicyDocument.Statement.map(
      (statement: { Action: unknown; Resource: unknown }) => [statement.Action, statement.Resource],
    );
  const sockets = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api/WebSocket}/socks";
  assert.deepEqual(rights("Issues"), [["dynamodb:PutItem", "${Tables/Chatters.Arn}"]]);
  assert.deepEqual(rights("Revokes"), [
    [
      ["dynamodb:DeleteItem", "dynamodb:Query"],
      ["${Tables/Chatters.Arn}", "${Tables/Connections.Arn}"],
    ],
    ["execute-api:ManageConnections", [`${sockets}/DELETE/@connections/*`, `${sockets}/POST/@connections/*`]],
  ]);
  assert.deepEqual(rights("Invokes"), [["lambda:InvokeFunction", "${Functions/notify.Arn}"]]);
  assert.deepEqual(rights("Sends"), [["sqs:SendMessage", "${Queues/Updates.Arn}"]]);
  assert.deepEqual(rights("Puts"), [["dynamodb:PutItem", "${Tables/Outbox.Arn}"]]);
});
