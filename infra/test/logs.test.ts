import assert from "node:assert/strict";
import { test } from "node:test";
import type { Settings } from "../lib/settings";
import { Readable, stack } from "./stack";

const plain = new Readable(stack());

test("the access log holds no query string, no header and no message", () => {
  const { Format, DestinationArn } = plain.only("AWS::ApiGatewayV2::Stage").AccessLogSettings;
  const held = [...Format.matchAll(/\$context\.([\w.]+)/g)].map((match: string[]) => match[1]);
  const harmless = [
    "requestId",
    "requestTimeEpoch",
    "eventType",
    "routeKey",
    "status",
    "connectionId",
    "connectedAt",
    "identity.sourceIp",
    "integrationStatus",
    "integrationLatency",
    "error.message",
    "integrationErrorMessage",
  ];
  assert.deepEqual(held, harmless);
  assert.deepEqual(Object.keys(JSON.parse(Format)).length, harmless.length);
  assert.equal(DestinationArn, "${Api/AccessLog.Arn}");
});

/** A line as API Gateway writes it: a variable's value, or `-` for one that has none. */
function logged(format: string, values: Record<string, string>): string {
  return format.replace(/\$context\.([\w.]+)/g, (_, name: string) => values[name] ?? "-");
}

test("a line of the access log is JSON, of a request that went well and of one that did not", () => {
  const { Format } = plain.only("AWS::ApiGatewayV2::Stage").AccessLogSettings;
  const went = { requestId: "r", status: "200", routeKey: "$default" };
  assert.equal(JSON.parse(logged(Format, went)).error, "-");
  // What API Gateway would say, and the same between quotation marks, as a JSON text.
  const [said, quoted] = ["Internal server error", '"Internal server error"'];
  const failed = { ...went, status: "500", "error.message": said, "error.messageString": quoted, integrationErrorMessage: said };
  const { error, integrationError } = JSON.parse(logged(Format, failed));
  assert.deepEqual([error, integrationError], [said, said]);
});

test("with logInvocations Lambda tells of each invocation, else of those that fail", () => {
  const levels = (settings: Partial<Settings>) =>
    new Readable(stack(settings)).ofType("AWS::Lambda::Function").map(([, { LoggingConfig }]) => LoggingConfig.SystemLogLevel);
  assert.deepEqual([...new Set(levels({ logInvocations: true }))], ["INFO"]);
  assert.deepEqual([...new Set(levels({}))], ["WARN"]);
});

test("with accessLog false there is no access log, and no role that may write it", () => {
  const silent = new Readable(stack({ accessLog: false }));
  assert.equal(silent.only("AWS::ApiGatewayV2::Stage").AccessLogSettings, undefined);
  assert.equal(silent.resources["Api/AccessLog"], undefined);
  const { DefaultRouteSettings, RouteSettings } = silent.only("AWS::ApiGatewayV2::Stage");
  const levels = [DefaultRouteSettings, ...Object.values<any>(RouteSettings)].map(({ LoggingLevel }) => LoggingLevel);
  assert.deepEqual([...new Set(levels)], ["OFF"]);
  assert.equal(silent.ofType("AWS::ApiGateway::Account").length, 0);
});

test("API Gateway's right to log is created before the stage, unless the account has it already", () => {
  const stage = plain.resources["Api/Stage"]!;
  assert(stage.DependsOn?.includes("ApiGatewayLogs/Account"), String(stage.DependsOn));
  const given = new Readable(stack({ apiGatewayLogRole: false }));
  assert.equal(given.ofType("AWS::ApiGateway::Account").length, 0);
});
