import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  type TableDescription,
} from "@aws-sdk/client-dynamodb";
import { careful, well, wrong, type Answer } from "./answer";
import { asked, QUICK } from "./aws";
import type { Question } from "./question";

/** The tables that `existingTables` names: a stack that takes them up neither makes nor changes them, and cannot mend them. */
export async function tables({ settings: { existingTables, protectTables }, isOwn }: Question): Promise<Answer[]> {
  const { chatters, updates } = existingTables ?? {};
  const asks: Promise<Answer[]>[] = [];
  const ask = (name: string, keys: string[], streamArn?: string) =>
    asks.push(asked(`the table ${name}`, async () => judged({ name, keys, streamArn, protectTables }, isOwn)));
  if (chatters) ask(chatters.name, ["login", "chatter_hash"], chatters.streamArn);
  if (updates) ask(updates, ["login"]);
  return (await Promise.all(asks)).flat();
}

/** What a table has to be. */
interface Wanted {
  readonly name: string;
  /** Its keys, all of them strings. */
  readonly keys: string[];
  readonly streamArn?: string;
  readonly protectTables: boolean;
}

async function judged(wanted: Wanted, isOwn: Question["isOwn"]): Promise<Answer[]> {
  const { name } = wanted;
  if (isOwn(name)) {
    return [wrong(`The stack has made the table ${name} itself, and would lose sight of it or delete it: take it out of existingTables.`)];
  }
  const client = new DynamoDBClient(QUICK);
  const table = await described(client, name);
  if (!table) return [wrong(`There is no table ${name} in this region: existingTables names one; aws dynamodb list-tables lists those that there are.`)];
  const problem = unfit(table, wanted);
  if (problem) return [wrong(problem)];
  const found = [...(await left(client, name)), ...protection(table, wanted)];
  return found.length > 0 ? found : [well(`The table ${name} is there, and as it should be.`)];
}

async function described(client: DynamoDBClient, TableName: string): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName }))).Table;
  } catch (error) {
    if ((error as Error).name !== "ResourceNotFoundException") throw error;
    return undefined;
  }
}

/** Why the functions could not work with the table, or nothing. */
function unfit(table: TableDescription, { name, keys, streamArn }: Wanted): string | undefined {
  const { KeySchema = [], AttributeDefinitions = [], StreamSpecification: stream, LatestStreamArn, TableStatus } = table;
  const isText = (key: string) => AttributeDefinitions.some((one) => one.AttributeName === key && one.AttributeType === "S");
  const has = KeySchema.map(({ AttributeName }) => AttributeName!);
  if (TableStatus !== "ACTIVE") return `The table ${name} is ${TableStatus}: wait until it is ACTIVE.`;
  if (has.join() !== keys.join() || !keys.every(isText)) {
    return `The table ${name} has the keys ${has.join(", ")}, and should have ${keys.join(", ")}, as strings: it is another table than existingTables says.`;
  }
  if (streamArn === undefined) return undefined;
  if (!stream?.StreamEnabled) {
    return (
      `The table ${name} has no stream, as a restored one has none: ` +
      `aws dynamodb update-table --table-name ${name} --stream-specification StreamEnabled=true,StreamViewType=KEYS_ONLY, and give its ARN.`
    );
  }
  return LatestStreamArn === streamArn ? undefined : `The stream of ${name} is ${LatestStreamArn}: existingTables.chatters.streamArn is an older one's, or misspelt.`;
}

/** What a restored table lacks, since it is no part of a backup, and what a person may have turned off. */
async function left(client: DynamoDBClient, TableName: string): Promise<Answer[]> {
  const [expiry, backups] = await Promise.all([
    client.send(new DescribeTimeToLiveCommand({ TableName })),
    client.send(new DescribeContinuousBackupsCommand({ TableName })),
  ]);
  const { TimeToLiveStatus, AttributeName } = expiry.TimeToLiveDescription ?? {};
  const isExpiring = /^ENABL/.test(TimeToLiveStatus ?? "") && AttributeName === "expires_at";
  const recovery = backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
  return [
    ...(isExpiring
      ? []
      : [
          careful(
            `Items of ${TableName} do not expire, and it grows for ever: aws dynamodb update-time-to-live --table-name ${TableName} ` +
              "--time-to-live-specification Enabled=true,AttributeName=expires_at",
          ),
        ]),
    ...(recovery === "ENABLED"
      ? []
      : [
          careful(
            `No second of ${TableName} could be restored: aws dynamodb update-continuous-backups --table-name ${TableName} ` +
              "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
          ),
        ]),
  ];
}

function protection({ DeletionProtectionEnabled }: TableDescription, { name, protectTables }: Wanted): Answer[] {
  if (!protectTables || DeletionProtectionEnabled) return [];
  return [careful(`protectTables does not count for ${name}, which the stack has not made: aws dynamodb update-table --table-name ${name} --deletion-protection-enabled`)];
}
