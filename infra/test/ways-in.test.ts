import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { complete } from "../lib/settings";
import { Readable, stack } from "./stack";
import { WAYS_IN } from "./variants";

const readable = new Readable(stack({ waysIn: WAYS_IN }));
const UPDATES = "${Queues/Updates.Arn}";
const DEAD_LETTERS = "${Queues/DeadLetters.Arn}";

/** Who may send to a queue, from where: the service, and the ARN that it has to come from. */
function senders(queue: string): [string, string][] {
  const policies = readable.ofType("AWS::SQS::QueuePolicy").filter(([, { Queues }]) => Queues.join() === `\${Queues/${queue}}`);
  const statements = policies.flatMap(([, { PolicyDocument }]) => PolicyDocument.Statement as any[]);
  return statements
    .filter(({ Effect }) => Effect === "Allow")
    .map(({ Action, Principal, Resource, Condition }) => {
      assert([Action].flat().includes("sqs:SendMessage"));
      assert.equal(Resource, `\${Queues/${queue}.Arn}`);
      return [Principal.Service, Condition.ArnEquals["aws:SourceArn"]];
    });
}

test("the queue of notify subscribes to each topic, and what does not get there is a dead letter", () => {
  const subscriptions = readable.ofType("AWS::SNS::Subscription").map(([, properties]) => properties);
  assert.deepEqual(
    subscriptions,
    WAYS_IN.topics.map((TopicArn) => ({
      Endpoint: UPDATES,
      Protocol: "sqs",
      RedrivePolicy: { deadLetterTargetArn: DEAD_LETTERS },
      Region: "eu-central-1",
      TopicArn,
    })),
  );
});

test("each rule sends to the queue of notify, by the pattern and on the bus that the settings say", () => {
  const rules = readable.ofType("AWS::Events::Rule").map(([, properties]) => properties);
  assert.deepEqual(
    rules.map(({ EventBusName, EventPattern, Targets }) => [EventBusName, EventPattern, Targets]),
    Object.values(WAYS_IN.rules).map(({ bus, pattern }: any) => [
      bus,
      pattern,
      [{ Arn: UPDATES, DeadLetterConfig: { Arn: DEAD_LETTERS }, Id: "Target0" }],
    ]),
  );
});

test("exactly these topics and rules may send to the two queues", () => {
  const rules = readable.ofType("AWS::Events::Rule").map(([name]) => ["events.amazonaws.com", `\${${name}.Arn}`]);
  const topics = WAYS_IN.topics.map((arn) => ["sns.amazonaws.com", arn]);
  for (const queue of ["Updates", "DeadLetters"]) assert.deepEqual(senders(queue).sort(), [...rules, ...topics].sort(), queue);
});

test("each pipe reads its source and sends to the queue, by a role that allows no more", () => {
  const pipes = Object.fromEntries(readable.ofType("AWS::Pipes::Pipe"));
  const sources = Object.entries(WAYS_IN.pipes);
  assert.equal(Object.keys(pipes).length, sources.length);
  for (const [name, { source, template }] of sources as [string, { source: string; template?: string }][]) {
    const pipe = pipes[`WaysIn/Pipe-${name}/Pipe`]!;
    assert.deepEqual([pipe.Source, pipe.Target, pipe.TargetParameters?.InputTemplate], [source, UPDATES, template]);
    assert.equal(pipe.RoleArn, `\${WaysIn/Pipe-${name}/Role.Arn}`);
    const { PolicyDocument } = readable.resources[`WaysIn/Pipe-${name}/Role/DefaultPolicy`]!.Properties;
    const rights = PolicyDocument.Statement.map(({ Action, Resource }: any) => [[Action].flat().sort(), Resource]);
    const reads = source.includes(":sqs:")
      ? ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      : ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"];
    assert.deepEqual(rights, [[reads.sort(), source], [["sqs:SendMessage"], UPDATES]]);
  }
  const { SourceParameters } = pipes["WaysIn/Pipe-plays/Pipe"]!;
  assert.deepEqual(SourceParameters.FilterCriteria.Filters, [{ Pattern: JSON.stringify(WAYS_IN.pipes.plays.pattern) }]);
});

test("taking one way out changes no other", () => {
  const [, ...topics] = WAYS_IN.topics;
  const { games: _, ...rules } = WAYS_IN.rules;
  const fewer = new Readable(stack({ waysIn: { topics, rules, pipes: { queue: WAYS_IN.pipes.queue } } }));
  const left = (of: Readable) => Object.entries(of.resources).filter(([name]) => name.includes("WaysIn"));
  for (const [name, resource] of left(fewer)) assert.deepEqual(resource, readable.resources[name], name);
  assert(left(fewer).length < left(readable).length);
});

test("the document's setting can be deployed", () => {
  const document = readFileSync(join(__dirname, "../..", "docs/ways-in.md"), "utf8");
  const [, written] = /```ts\n(waysIn: .*?)```/s.exec(document)!;
  const { waysIn } = complete(new Function(`return {${written}}`)());
  assert.deepEqual(Object.keys(waysIn!), ["topics", "rules", "pipes"]);
});
