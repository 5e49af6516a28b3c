import { EventBus, Rule, type EventPattern } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnPipe } from "aws-cdk-lib/aws-pipes";
import { Topic, type ITopic } from "aws-cdk-lib/aws-sns";
import { SqsSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";
import { patternProblems } from "./event-pattern";
import type { Queues } from "./queues";

/**
 * Ways in for events that an account has already: SNS topics, EventBridge rules and EventBridge pipes. All of them put the
 * events into notify's queue. So they keep its pace, come again after a failure, and end in the dead-letter queue; and what
 * one cannot put there, it leaves in the dead-letter queue too, where that is possible. notify opens their envelopes.
 */

/** Ways in, as settings. */
export interface WaysIn {
  /** ARNs of SNS topics, of the stack's account and region, that the queue subscribes to. */
  readonly topics?: string[];
  /** EventBridge rules to make, each under a name that stays the same from one deployment to the next. */
  readonly rules?: Record<string, EventRule>;
  /** EventBridge pipes to make, each under a name that stays the same. */
  readonly pipes?: Record<string, EventPipe>;
}

/** Which events of a bus are for notify. */
export interface EventRule {
  /** The pattern as EventBridge has it, such as `{ source: ["stats"], "detail-type": ["StatsUpdated"] }`. */
  readonly pattern: Record<string, unknown>;
  /** The bus's name. @default "default" */
  readonly bus?: string;
}

/** What a pipe reads, and what it makes of it. */
export interface EventPipe {
  /** The ARN of an SQS queue, or of a DynamoDB table's stream, of the stack's account and region. */
  readonly source: string;
  /** Which records are for notify, as a pattern of EventBridge Pipes. @default - all */
  readonly pattern?: Record<string, unknown>;
  /** The event that becomes of a record: an input template of EventBridge Pipes. @default - the record as it is */
  readonly template?: string;
}

/** Has the queue subscribe to a topic. The queue's policy allows this topic, and no other, to send to it. */
export function addTopic(topic: ITopic, { updates, deadLetters }: Queues): void {
  // Not raw: the envelope has the message's id and time, for events that have none of their own.
  topic.addSubscription(new SqsSubscription(updates, { deadLetterQueue: deadLetters }));
}

/** Has a rule send its events to the queue. The queue's policy allows this rule, and no other, to send to it. */
export function addRule(rule: Rule, { updates, deadLetters }: Queues): void {
  rule.addTarget(new SqsQueue(updates, { deadLetterQueue: deadLetters }));
}

/** A pipe into the queue, with a role that may read the source and send to the queue, and nothing else. */
export class PipeIntoQueue extends Construct {
  constructor(scope: Construct, id: string, { source, pattern, template }: EventPipe, { updates }: Queues) {
    super(scope, id);
    const role = new Role(this, "Role", { assumedBy: new ServicePrincipal("pipes.amazonaws.com") });
    const allow = (actions: readonly string[], resource: string) =>
      role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [resource] }));
    const { rights, parameters } = SOURCES[serviceOf(source)!]!;
    allow(rights, source);
    allow(["sqs:SendMessage"], updates.queueArn);
    const pipe = new CfnPipe(this, "Pipe", {
      description: "Chatterbox: records that become events for notify",
      roleArn: role.roleArn,
      source,
      sourceParameters: { ...parameters, filterCriteria: pattern && { filters: [{ pattern: JSON.stringify(pattern) }] } },
      target: updates.queueArn,
      targetParameters: template === undefined ? undefined : { inputTemplate: template },
    });
    // A pipe that may not read its source yet cannot be made.
    pipe.node.addDependency(role);
  }
}

/**
 * The services that a pipe may read. A batch that cannot be put into the queue, such as when the role lost its right, comes
 * again until it can: in a queue for as long as that keeps it, in a stream for a day.
 */
const SOURCES: Record<string, { rights: readonly string[]; parameters: CfnPipe.PipeSourceParametersProperty }> = {
  sqs: {
    rights: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    parameters: { sqsQueueParameters: { batchSize: 10 } },
  },
  dynamodb: {
    rights: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
    // What changed before there was a pipe is no news.
    parameters: { dynamoDbStreamParameters: { batchSize: 10, startingPosition: "LATEST" } },
  },
};

/** The service of an ARN that a pipe may read. */
function serviceOf(source: unknown): string | undefined {
  const parts = /^arn:aws[a-z-]*:(?:(sqs):[a-z0-9-]+:\d{12}:[\w-]+|(dynamodb):[a-z0-9-]+:\d{12}:table\/[\w.-]+\/stream\/[\w.:-]+)$/;
  const found = typeof source === "string" ? parts.exec(source) : null;
  return found?.[1] ?? found?.[2];
}

/** Makes the ways in of the settings. */
export function addWaysIn(scope: Construct, { topics = [], rules = {}, pipes = {} }: WaysIn, queues: Queues): void {
  const ways = new Construct(scope, "WaysIn");
  // By its ARN, not by its place in the list: CloudFormation would subscribe anew when another is taken out.
  for (const arn of topics) addTopic(Topic.fromTopicArn(ways, arn, arn), queues);
  for (const [name, { pattern, bus }] of Object.entries(rules)) {
    const eventBus = bus === undefined ? undefined : EventBus.fromEventBusName(ways, `Bus-${name}`, bus);
    const description = "Chatterbox: events for notify";
    addRule(new Rule(ways, `Rule-${name}`, { description, eventBus, eventPattern: anyPattern(pattern) }), queues);
  }
  for (const [name, pipe] of Object.entries(pipes)) new PipeIntoQueue(ways, `Pipe-${name}`, pipe, queues);
}

/** CDK writes `detailType` for EventBridge's `detail-type`; the settings have EventBridge's own names. */
function anyPattern({ "detail-type": detailType, ...others }: Record<string, unknown>): EventPattern {
  return { ...others, ...(detailType !== undefined && { detailType }) } as EventPattern;
}

/** One sentence for each way in that AWS would refuse. */
export function waysInProblems(given: object | undefined): string[] {
  if (!given) return [];
  const { topics = [], rules = {}, pipes = {}, ...others } = given as Record<string, any>;
  if (!Array.isArray(topics) || !isObject(rules) || !isObject(pipes)) {
    return ["waysIn needs topics as a list of ARNs, and rules and pipes as objects, each with a name for every one."];
  }
  const named = [...Object.keys(rules), ...Object.keys(pipes)];
  return [
    ...Object.keys(others).map((name) => `waysIn.${name} is no way in: topics, rules and pipes are.`),
    ...topics
      .filter((arn) => !(typeof arn === "string" && /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/.test(arn)))
      .map(() => "waysIn.topics must be ARNs of SNS topics: arn:aws:sns:REGION:ACCOUNT:NAME. A FIFO topic sends to FIFO queues only."),
    ...(new Set(topics).size === topics.length ? [] : ["waysIn.topics names a topic twice."]),
    ...named.filter((name) => !/^[A-Za-z0-9]{1,40}$/.test(name)).map((name) => `waysIn: ${name} must be letters and digits, at most 40.`),
    ...Object.entries<any>(rules).flatMap(([name, rule]) => ruleProblems(`waysIn.rules.${name}`, rule ?? {})),
    ...Object.entries<any>(pipes).flatMap(([name, pipe]) => pipeProblems(`waysIn.pipes.${name}`, pipe ?? {})),
  ];
}

function ruleProblems(path: string, { pattern, bus, ...others }: Record<string, unknown>): string[] {
  const isBus = bus === undefined || (typeof bus === "string" && /^[A-Za-z0-9._/-]{1,256}$/.test(bus));
  return [
    ...unknown(path, others, "pattern and bus"),
    ...patternProblems(`${path}.pattern`, pattern),
    ...(isBus ? [] : [`${path}.bus must be the name of an event bus.`]),
  ];
}

function pipeProblems(path: string, { source, pattern, template, ...others }: Record<string, unknown>): string[] {
  return [
    ...unknown(path, others, "source, pattern and template"),
    ...(serviceOf(source) ? [] : [`${path}.source must be the ARN of an SQS queue, which is not FIFO, or of a DynamoDB table's stream.`]),
    ...(pattern === undefined ? [] : patternProblems(`${path}.pattern`, pattern)),
    ...(template === undefined || typeof template === "string" ? [] : [`${path}.template must be an input template, as a text.`]),
  ];
}

function unknown(path: string, others: object, known: string): string[] {
  return Object.keys(others).map((name) => `${path}.${name} is not known: ${known} are.`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
