import assert from "node:assert/strict";
import { test } from "node:test";
import { FUNCTION_NAMES } from "../lib/functions";
import { ROUTES } from "../lib/routes";
import { DEFAULT_THROTTLES } from "../lib/throttles";
import { callbackVariable, expiry, tables, timeLimit, variables } from "./rust";
import { Readable, stack } from "./stack";

const plain = new Readable(stack());
const named = new Readable(
  stack({
    stackName: "Mine",
    allowedOrigins: ["https://www.example.com", "https://example.com"],
    cookies: { login: "user", chatter: "socks" },
    parameters: { login: "geek", chatter: "id", topic: "about" },
    maxConnectionsPerLogin: 5,
    checkChatterOnSync: true,
    notifyConcurrency: 7,
    site: { path: "/live" },
    originSecret: { version: 2 },
    tableMaxima: { reads: 1_000, writes: 500 },
    budget: { dollars: 50, email: "on-call@example.com" },
    throttle: { $connect: { rate: 40, burst: 20 } },
    keepTables: false,
    apiGatewayLogRole: false,
    vpc: { id: "vpc-0a1b2c3d", routeTableIds: ["rtb-0a1b2c3d"] },
    alarmTopicArn: "arn:aws:sns:eu-central-1:123456789012:on-call",
  }),
);

const fn = (of: Readable, name: string) => of.resources[`Functions/${name}`]!.Properties;

/** The rights of a function's role, each as `action on resource`. */
function allowed(of: Readable, name: string): string[] {
  const roles = of.resources[`Functions/${name}/Role`]!.Properties;
  assert.deepEqual([roles.ManagedPolicyArns, roles.Policies], [undefined, undefined]);
  const policies = of
    .ofType("AWS::IAM::Policy")
    .filter(([, policy]) => policy.Roles.includes(`\${Functions/${name}/Role}`));
  const statements = policies.flatMap(([, policy]) => policy.PolicyDocument.Statement);
  assert(
    statements.every((statement) => statement.Effect === "Allow" && !statement.NotAction && !statement.NotResource),
  );
  return statements
    .flatMap(({ Action, Resource }) =>
      [Action].flat().flatMap((action) => [Resource].flat().map((on) => `${action} on ${on}`)),
    )
    .sort();
}

const SOCKETS = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api/WebSocket}/live";

/** All rights of the functions. A new line is a new right, and needs a reason. */
const RIGHTS: Record<string, string[]> = {
  connect: [
    "dynamodb:ConditionCheckItem on ${Tables/Chatters.Arn}",
    "dynamodb:DeleteItem on ${Tables/Connections.Arn}",
    "dynamodb:GetItem on ${Tables/Chatters.Arn}",
    "dynamodb:PutItem on ${Tables/Connections.Arn}",
    "dynamodb:Query on ${Tables/Connections.Arn}",
    "logs:CreateLogStream on ${Functions/connect/Log.Arn}",
    "logs:PutLogEvents on ${Functions/connect/Log.Arn}",
  ],
  disconnect: [
    "dynamodb:DeleteItem on ${Tables/Connections.Arn}",
    "dynamodb:Query on ${Tables/Connections.Arn}/index/by_connection_id",
    "logs:CreateLogStream on ${Functions/disconnect/Log.Arn}",
    "logs:PutLogEvents on ${Functions/disconnect/Log.Arn}",
  ],
  default: [
    "dynamodb:GetItem on ${Tables/Connections.Arn}",
    "dynamodb:GetItem on ${Tables/Updates.Arn}",
    "logs:CreateLogStream on ${Functions/default/Log.Arn}",
    "logs:PutLogEvents on ${Functions/default/Log.Arn}",
  ],
  notify: [
    "dynamodb:DeleteItem on ${Tables/Connections.Arn}",
    "dynamodb:DescribeStream on ${Tables/Outbox.Arn}/stream/*",
    "dynamodb:GetRecords on ${Tables/Outbox.Arn}/stream/*",
    "dynamodb:GetShardIterator on ${Tables/Outbox.Arn}/stream/*",
    "dynamodb:ListStreams on ${Tables/Outbox.Arn}/stream/*",
    "dynamodb:Query on ${Tables/Connections.Arn}",
    "dynamodb:UpdateItem on ${Tables/Updates.Arn}",
    `execute-api:ManageConnections on ${SOCKETS}/DELETE/@connections/*`,
    `execute-api:ManageConnections on ${SOCKETS}/POST/@connections/*`,
    "logs:CreateLogStream on ${Functions/notify/Log.Arn}",
    "logs:PutLogEvents on ${Functions/notify/Log.Arn}",
    "sqs:DeleteMessage on ${Queues/Updates.Arn}",
    "sqs:GetQueueAttributes on ${Queues/Updates.Arn}",
    "sqs:ReceiveMessage on ${Queues/Updates.Arn}",
    "sqs:SendMessage on ${Queues/DeadLetters.Arn}",
    "sqs:SendMessage on ${Queues/Updates.Arn}",
  ],
  revoke: [
    "dynamodb:DeleteItem on ${Tables/Connections.Arn}",
    "dynamodb:DescribeStream on ${Tables/Chatters.Arn}/stream/*",
    "dynamodb:GetItem on ${Tables/Chatters.Arn}",
    "dynamodb:GetRecords on ${Tables/Chatters.Arn}/stream/*",
    "dynamodb:GetShardIterator on ${Tables/Chatters.Arn}/stream/*",
    "dynamodb:ListStreams on ${Tables/Chatters.Arn}/stream/*",
    "dynamodb:Query on ${Tables/Connections.Arn}",
    `execute-api:ManageConnections on ${SOCKETS}/DELETE/@connections/*`,
    `execute-api:ManageConnections on ${SOCKETS}/POST/@connections/*`,
    "logs:CreateLogStream on ${Functions/revoke/Log.Arn}",
    "logs:PutLogEvents on ${Functions/revoke/Log.Arn}",
    "sqs:SendMessage on ${Queues/DeadLetters.Arn}",
  ],
};

for (const name of FUNCTION_NAMES) {
  test(`${name} has exactly the rights that it needs`, () => assert.deepEqual(allowed(plain, name), RIGHTS[name]));

  test(`${name} has the right for the check of a sync if that is set, and no other`, () => {
    const check = name === "default" ? ["dynamodb:GetItem on ${Tables/Chatters.Arn}"] : [];
    assert.deepEqual(allowed(named, name), [...RIGHTS[name]!, ...check].sort());
  });

  test(`${name} has all the environment variables that it requires`, () => {
    const environment = fn(plain, name).Environment.Variables;
    for (const variable of variables(name).required) {
      assert.match(environment[variable], variable === callbackVariable ? /^https:/ : /^\$\{Tables\//, variable);
    }
  });

  test(`${name} can be given every environment variable that it reads, and is given no other`, () => {
    const { required, optional } = variables(name);
    assert.deepEqual(Object.keys(fn(named, name).Environment.Variables).sort(), [...required, ...optional].sort());
  });

  test(`${name} has the same time-out as on the laptop, runs on arm64, and logs JSON to its own log group`, () => {
    const properties = fn(plain, name);
    assert.equal(properties.Timeout, timeLimit(name));
    assert.deepEqual([properties.Runtime, properties.Architectures], ["provided.al2023", ["arm64"]]);
    assert.deepEqual(properties.LoggingConfig, {
      ApplicationLogLevel: "INFO",
      LogFormat: "JSON",
      LogGroup: `\${Functions/${name}/Log}`,
      SystemLogLevel: "WARN",
    });
    assert.equal(plain.resources[`Functions/${name}/Log`]!.Properties.RetentionInDays, 30);
    assert.equal(properties.ReservedConcurrentExecutions, undefined);
    assert.equal(properties.VpcConfig, undefined);
  });
}

test("notify posts to API Gateway's own hostname, and defers to its queue", () => {
  const { Variables: environment } = fn(plain, "notify").Environment;
  const url = "https://${Api/WebSocket}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live";
  assert.equal(environment[callbackVariable], url);
  assert.equal(environment.DEFER_QUEUE_URL, "${Queues/Updates}");
});

test("the settings are in the environment of the functions that read them", () => {
  const connect = fn(named, "connect").Environment.Variables;
  assert.equal(connect.ALLOWED_ORIGINS, "https://www.example.com,https://example.com");
  assert.deepEqual(
    [connect.LOGIN_PARAMETER, connect.CHATTER_PARAMETER, connect.TOPIC_PARAMETER],
    ["geek", "id", "about"],
  );
  assert.deepEqual([connect.LOGIN_COOKIE, connect.CHATTER_COOKIE], ["user", "socks"]);
  assert.equal(connect.FLOOD_HANDSHAKES, "6000");
  assert.equal(fn(named, "notify").Environment.Variables.MAX_CONNECTIONS_PER_LOGIN, "5");
  assert.equal(fn(named, "default").Environment.Variables.CHECK_CHATTER_ON_SYNC, "true");
  for (const name of FUNCTION_NAMES) assert.equal(fn(named, name).Environment.Variables.METRICS_NAMESPACE, "Mine");
});

test("the tables have the keys and streams that core has", () => {
  assert.deepEqual(Object.keys(tables), ["chatters", "connections", "outbox", "updates"]);
  for (const [name, { partitionKey, sortKey, index, stream }] of Object.entries(tables)) {
    const table = plain.resources[`Tables/${name[0]!.toUpperCase()}${name.slice(1)}`]!.Properties;
    const keys = [
      { AttributeName: partitionKey, KeyType: "HASH" },
      ...(sortKey ? [{ AttributeName: sortKey, KeyType: "RANGE" }] : []),
    ];
    assert.deepEqual(table.KeySchema, keys);
    const indexes = index ? [
      {
        IndexName: index[0],
        KeySchema: [{ AttributeName: index[1], KeyType: "HASH" }],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ] : undefined;
    assert.deepEqual(table.GlobalSecondaryIndexes, indexes);
    assert.deepEqual(table.StreamSpecification, stream ? { StreamViewType: stream } : undefined);
  }
});

test("every table is on demand and expires its items, and those that last can be restored", () => {
  const all = plain.ofType("AWS::DynamoDB::Table");
  assert.equal(all.length, 4);
  for (const [name, table] of all) {
    assert.equal(table.BillingMode, "PAY_PER_REQUEST", name);
    assert.deepEqual(table.TimeToLiveSpecification, { AttributeName: expiry, Enabled: true }, name);
    const lasts = ["Tables/Chatters", "Tables/Updates"].includes(name);
    assert.equal(table.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled, lasts, name);
    assert(
      table.AttributeDefinitions.every((key: { AttributeType: string }) => key.AttributeType === "S"),
      name,
    );
  }
});

test("every table and index may be given a maximum, and has none unless it is", () => {
  const limits = (of: Readable) =>
    of
      .ofType("AWS::DynamoDB::Table")
      .flatMap(([, table]) => [table, ...(table.GlobalSecondaryIndexes ?? [])])
      .map((one) => one.OnDemandThroughput);
  assert.deepEqual(limits(plain), [undefined, undefined, undefined, undefined, undefined]);
  const most = { MaxReadRequestUnits: 1_000, MaxWriteRequestUnits: 500 };
  assert.deepEqual(limits(named), [most, most, most, most, most]);
});

test("a budget tells by e-mail at 80 and 100 percent, and when the month is forecast to end above; without it there is none", () => {
  assert.deepEqual(plain.ofType("AWS::Budgets::Budget"), []);
  const { Budget, NotificationsWithSubscribers } = named.only("AWS::Budgets::Budget");
  assert.deepEqual(Budget, { BudgetLimit: { Amount: 50, Unit: "USD" }, BudgetType: "COST", TimeUnit: "MONTHLY" });
  const told = NotificationsWithSubscribers.map(({ Notification, Subscribers }: any) => [
    Notification.NotificationType,
    Notification.Threshold,
    Subscribers.map(({ SubscriptionType, Address }: any) => `${SubscriptionType} ${Address}`).join(),
  ]);
  const who = "EMAIL on-call@example.com";
  assert.deepEqual(told, [["ACTUAL", 80, who], ["ACTUAL", 100, who], ["FORECASTED", 100, who]]);
});

test("the tables chatters and updates outlive the stack, unless keepTables is false", () => {
  const policies = (of: Readable) =>
    Object.fromEntries(of.ofType("AWS::DynamoDB::Table").map(([name]) => [name, of.resources[name]!.DeletionPolicy]));
  const kept = {
    // Not those of a first deployment that failed.
    "Tables/Chatters": "RetainExceptOnCreate",
    "Tables/Connections": "Delete",
    "Tables/Outbox": "Delete",
    "Tables/Updates": "RetainExceptOnCreate",
  };
  assert.deepEqual(policies(plain), kept);
  assert(Object.values(policies(named)).every((policy) => policy === "Delete"));
});

test("the tables that last can be protected against deletion", () => {
  const guarded = new Readable(stack({ protectTables: true }));
  const isProtected = (of: Readable) =>
    of.ofType("AWS::DynamoDB::Table").flatMap(([name, table]) => (table.DeletionProtectionEnabled ? [name] : []));
  assert.deepEqual([isProtected(plain), isProtected(guarded).sort()], [[], ["Tables/Chatters", "Tables/Updates"]]);
});

test("tables that are there already are taken in place of new ones", () => {
  const streamArn = "arn:aws:dynamodb:eu-central-1:123456789012:table/Old-Chatters/stream/2026-11-01T00:00:00.000";
  const again = new Readable(stack({ existingTables: { chatters: { name: "Old-Chatters", streamArn }, updates: "Old-Updates" } }));
  assert.deepEqual(again.ofType("AWS::DynamoDB::Table").map(([name]) => name).sort(), ["Tables/Connections", "Tables/Outbox"]);
  assert.equal(fn(again, "connect").Environment.Variables.CHATTERS_TABLE, "Old-Chatters");
  assert.equal(fn(again, "notify").Environment.Variables.UPDATES_TABLE, "Old-Updates");
  assert.equal(again.resources["Functions/revoke/Chatters"]!.Properties.EventSourceArn, streamArn);
  const table = (name: string) => `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${name}`;
  assert(allowed(again, "notify").includes(`dynamodb:UpdateItem on ${table("Old-Updates")}`));
  assert(allowed(again, "revoke").includes(`dynamodb:GetRecords on ${table("Old-Chatters")}/stream/*`));
});

test("the outbox invokes notify with new and changed items, and its failures go to the dead-letter queue", () => {
  assert.deepEqual(plain.resources["Functions/notify/Outbox"]!.Properties, {
    BatchSize: 10,
    BisectBatchOnFunctionError: true,
    DestinationConfig: { OnFailure: { Destination: "${Queues/DeadLetters.Arn}" } },
    EventSourceArn: "${Tables/Outbox.StreamArn}",
    FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT","MODIFY"]}' }] },
    FunctionName: "${Functions/notify}",
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    MaximumRecordAgeInSeconds: 3600,
    MaximumRetryAttempts: 5,
    StartingPosition: "TRIM_HORIZON",
  });
});

test("a chatter ID that is deleted invokes revoke, and failures go to the dead-letter queue", () => {
  assert.deepEqual(plain.resources["Functions/revoke/Chatters"]!.Properties, {
    BatchSize: 100,
    BisectBatchOnFunctionError: true,
    DestinationConfig: { OnFailure: { Destination: "${Queues/DeadLetters.Arn}" } },
    EventSourceArn: "${Tables/Chatters.StreamArn}",
    FilterCriteria: { Filters: [{ Pattern: '{"eventName":["REMOVE"]}' }] },
    FunctionName: "${Functions/revoke}",
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    MaximumRecordAgeInSeconds: 3600,
    MaximumRetryAttempts: 5,
    StartingPosition: "TRIM_HORIZON",
  });
});

test("the queue's records fail one by one, with limited concurrency, and end in the dead-letter queue", () => {
  assert.deepEqual(plain.resources["Functions/notify/Queue"]!.Properties, {
    BatchSize: 10,
    EventSourceArn: "${Queues/Updates.Arn}",
    FunctionName: "${Functions/notify}",
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    ScalingConfig: { MaximumConcurrency: 5 },
  });
  assert.deepEqual(named.resources["Functions/notify/Queue"]!.Properties.ScalingConfig, { MaximumConcurrency: 7 });
  const { RedrivePolicy, VisibilityTimeout } = plain.resources["Queues/Updates"]!.Properties;
  assert.deepEqual(RedrivePolicy, { deadLetterTargetArn: "${Queues/DeadLetters.Arn}", maxReceiveCount: 5 });
  assert.equal(VisibilityTimeout, 6 * fn(plain, "notify").Timeout);
});

test("no queue loses a message before two weeks are over, the longest that SQS keeps one", () => {
  const kept = plain.ofType("AWS::SQS::Queue").map(([name, queue]) => [name, queue.MessageRetentionPeriod]);
  assert.deepEqual(kept.sort(), [["Queues/DeadLetters", 1_209_600], ["Queues/Updates", 1_209_600]]);
});

test("an asynchronous invocation that fails ends in the dead-letter queue too", () => {
  const { DestinationConfig, MaximumRetryAttempts } = plain.only("AWS::Lambda::EventInvokeConfig");
  assert.deepEqual(DestinationConfig, { OnFailure: { Destination: "${Queues/DeadLetters.Arn}" } });
  assert.equal(MaximumRetryAttempts, 2);
});

test("the routes are those of the laptop: $default and ping are answered, and ping needs no function", () => {
  const routes = plain
    .ofType("AWS::ApiGatewayV2::Route")
    .map(([, route]) => [route.RouteKey, route.RouteResponseSelectionExpression]);
  assert.deepEqual(Object.fromEntries(routes), {
    $connect: undefined,
    $disconnect: undefined,
    $default: "$default",
    "ping-message": "$default",
  });
  const answered = plain
    .ofType("AWS::ApiGatewayV2::RouteResponse")
    .map(([, response]) => [response.RouteId, response.RouteResponseKey]);
  assert.deepEqual(answered.sort(), [
    ["${Api/Ping/Route}", "$default"],
    ["${Api/WebSocket/$default-Route}", "$default"],
  ]);
  const ping = plain.resources["Api/Ping/Integration"]!.Properties;
  assert.deepEqual(
    [ping.IntegrationType, ping.TemplateSelectionExpression, ping.RequestTemplates],
    ["MOCK", "200", { "200": '{"statusCode":200}' }],
  );
  const pong = plain.only("AWS::ApiGatewayV2::IntegrationResponse");
  assert.deepEqual([pong.IntegrationResponseKey, pong.ResponseTemplates], ["$default", { "200": '{"type":"pong"}' }]);
});

test("no message can name the routes of handshakes and of ends", () => {
  const { RouteSelectionExpression } = plain.only("AWS::ApiGatewayV2::Api");
  assert.equal(RouteSelectionExpression, "${request.body.action}-message");
  for (const [, { RouteKey }] of plain.ofType("AWS::ApiGatewayV2::Route")) {
    assert(RouteKey.startsWith("$") || RouteKey.endsWith("-message"), RouteKey);
  }
});

test("API Gateway may invoke each function for its route on this stage only", () => {
  const permissions = plain
    .ofType("AWS::Lambda::Permission")
    .map(([, permission]) => [permission.FunctionName, permission.SourceArn]);
  const expected = ["connect", "default", "disconnect"].map((name) => [
    `\${Functions/${name}.Arn}`,
    `${SOCKETS}/$${name}`,
  ]);
  assert.deepEqual(permissions.sort(), expected);
});

const UNLOGGED = { DataTraceEnabled: false, DetailedMetricsEnabled: false, LoggingLevel: "ERROR" };
const limit = (rate: number, burst: number) => ({
  ThrottlingRateLimit: rate,
  ThrottlingBurstLimit: burst,
  ...UNLOGGED,
});

test("each route has a throttle of its own, routes that are added have $default's, and none logs a handshake", () => {
  const { DefaultRouteSettings, RouteSettings } = plain.only("AWS::ApiGatewayV2::Stage");
  const routes = plain.ofType("AWS::ApiGatewayV2::Route").map(([, { RouteKey }]) => RouteKey);
  assert.deepEqual(Object.keys(RouteSettings).sort(), routes.sort());
  assert.deepEqual(RouteSettings, {
    $connect: limit(250, 250),
    $default: limit(500, 250),
    "ping-message": limit(1000, 250),
    $disconnect: limit(250, 250),
  });
  assert.deepEqual(DefaultRouteSettings, RouteSettings.$default);
});

test("a route's throttle can be set alone", () => {
  const { RouteSettings } = named.only("AWS::ApiGatewayV2::Stage");
  assert.deepEqual(RouteSettings.$connect, limit(40, 20));
  assert.deepEqual(RouteSettings["ping-message"], limit(1000, 250));
});

test("all throttles together leave a fifth of the smallest account quota for posts to sockets", () => {
  const sum = (of: "rate" | "burst") => ROUTES.reduce((all, route) => all + DEFAULT_THROTTLES[route][of], 0);
  // "Amazon API Gateway quotas": 2,500 a second and 1,250 at once in some regions, 10,000 and 5,000 in the others.
  assert(sum("rate") <= 0.8 * 2_500 && sum("burst") <= 0.8 * 1_250, `${sum("rate")} and ${sum("burst")}`);
});

test("the stage is made after every route, since API Gateway refuses settings for one that does not exist", () => {
  const { DependsOn } = plain.resources["Api/Stage"]!;
  for (const [route] of plain.ofType("AWS::ApiGatewayV2::Route")) assert(DependsOn?.includes(route), route);
});

test("queues refuse unencrypted connections, and encrypt their messages", () => {
  for (const [name, queue] of plain.ofType("AWS::SQS::Queue")) {
    assert.equal(queue.SqsManagedSseEnabled, true, name);
    const policy = plain.resources[`${name}/Policy`]!.Properties.PolicyDocument.Statement;
    assert.deepEqual(policy[0].Condition, { Bool: { "aws:SecureTransport": "false" } }, name);
  }
});

test("a VPC's pipeline reaches the outbox through a gateway endpoint", () => {
  const endpoint = named.only("AWS::EC2::VPCEndpoint");
  assert.deepEqual(
    [endpoint.VpcEndpointType, endpoint.VpcId, endpoint.RouteTableIds],
    ["Gateway", "vpc-0a1b2c3d", ["rtb-0a1b2c3d"]],
  );
  assert.equal(endpoint.ServiceName, "com.amazonaws.${AWS::Region}.dynamodb");
});

test("the outputs have these names, on which scripts and documents rely", () => {
  assert.deepEqual(Object.keys(plain.outputs).sort(), [
    "CallbackUrl",
    "ChattersTable",
    "ChattersTableArn",
    "ConnectFunction",
    "ConnectionsTable",
    "DeadLetterQueueUrl",
    "DefaultFunction",
    "DisconnectFunction",
    "NotifyFunction",
    "NotifyFunctionArn",
    "OutboxTable",
    "OutboxTableArn",
    "QueueArn",
    "QueueUrl",
    "RevokeFunction",
    "UpdatesTable",
    "WebSocketUrl",
  ]);
  assert.equal(
    plain.outputs.WebSocketUrl!.Value,
    "wss://${Api/WebSocket}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live",
  );
});

test("the outputs that end in Arn are ARNs, of what programs outside CDK are given rights on", () => {
  const arns = Object.entries(plain.outputs).filter(([name]) => name.endsWith("Arn"));
  assert.deepEqual(Object.fromEntries(arns.map(([name, { Value }]) => [name, Value])), {
    ChattersTableArn: "${Tables/Chatters.Arn}",
    NotifyFunctionArn: "${Functions/notify.Arn}",
    QueueArn: "${Queues/Updates.Arn}",
    OutboxTableArn: "${Tables/Outbox.Arn}",
  });
});
