import { RemovalPolicy, Stack } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table, type ITable } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import { acknowledge } from "./acknowledge";
import type { TableMaxima } from "./limits";

export interface TablesProps {
  /** Whether `chatters` and `updates` are kept when their stack is destroyed. The items of the others expire within hours. */
  readonly keep: boolean;
  /** Whether nobody can delete `chatters` and `updates` before that is undone. */
  readonly protect: boolean;
  /** Tables that a destroyed stack left, to take up again in place of new ones. @default - new ones */
  readonly existing?: ExistingTables;
  /** The most that each table does in a second. @default - what the account may */
  readonly maxima?: TableMaxima;
}

/** Tables that are there already: of chatter IDs, with its stream of keys, and of updates. */
export interface ExistingTables {
  readonly chatters?: { readonly name: string; readonly streamArn: string };
  readonly updates?: string;
}

/** One sentence for each existing table that cannot be one. */
export function existingTablesProblems(existing: object | undefined): string[] {
  if (!existing) return [];
  const { chatters, updates, ...others } = existing as Record<string, any>;
  return [
    ...Object.keys(others).map((name) => `existingTables.${name} is no table that is kept: chatters and updates are.`),
    ...(updates === undefined || isTableName(updates) ? [] : ["existingTables.updates must be the name of a table."]),
    ...(chatters === undefined ? [] : chattersProblems(chatters)),
    ...(updates === undefined || updates !== chatters?.name
      ? []
      : ["existingTables.chatters and existingTables.updates must be two tables: their keys differ."]),
  ];
}

/** A sentence where the tables are to be deleted with their stack, and protected from that: it would fail when all else is gone. */
export function protectionProblems(keep = true, protect = false): string[] {
  return protect && !keep
    ? ["protectTables and keepTables: false cannot both be set: what is to be deleted with the stack cannot be protected from that."]
    : [];
}

function chattersProblems(chatters: any): string[] {
  const { name, streamArn, ...others } = chatters ?? {};
  if (!isTableName(name)) return ["existingTables.chatters.name must be the name of a table."];
  const stream = new RegExp(`^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\\d{12}:table/${name.replaceAll(".", "\\.")}/stream/[\\w:.-]+$`);
  return [
    ...Object.keys(others).map((one) => `existingTables.chatters.${one} is not known: name and streamArn are.`),
    ...(typeof streamArn === "string" && stream.test(streamArn)
      ? []
      : ["existingTables.chatters.streamArn must be the ARN of that table's stream, which describe-table calls LatestStreamArn."]),
  ];
}

function isTableName(name: unknown): name is string {
  return typeof name === "string" && /^[A-Za-z0-9_.-]{3,255}$/.test(name);
}

/** A table's keys: all of them strings, as crates/core/src/tables/schema.rs has them. */
interface Keys {
  readonly partition: string;
  readonly sort?: string;
}

/**
 * The tables: on demand, since sockets come and go with the site's visitors; items expire by `expires_at`. Of `chatters` and
 * `updates` any second of the last 35 days can be restored (after which `updates` needs new epochs, see docs/operating.md); what is
 * in the others is over within hours.
 */
export class Tables extends Construct {
  /** Chatter IDs that were issued, as hashes. Its stream tells revoke which were removed. */
  readonly chatters: ITable;
  /** Sockets that are open. */
  readonly connections: Table;
  /** The newest update of each topic. */
  readonly updates: ITable;
  /** Events on their way to notify, put there by a pipeline that reaches nothing but DynamoDB. */
  readonly outbox: Table;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: TablesProps,
  ) {
    super(scope, id);
    // The keys are all that revoke needs to know of an item that was removed.
    const ofChatters = { partition: "login", sort: "chatter_hash" };
    const { chatters, updates } = props.existing ?? {};
    this.chatters = chatters
      ? Table.fromTableAttributes(this, "Chatters", { tableArn: this.arn(chatters.name), tableStreamArn: chatters.streamArn })
      : this.table("Chatters", ofChatters, true, StreamViewType.KEYS_ONLY);
    this.connections = this.table("Connections", { partition: "login", sort: "connection_id" }, false);
    this.connections.addGlobalSecondaryIndex({
      indexName: CONNECTIONS_INDEX,
      partitionKey: key("connection_id"),
      projectionType: ProjectionType.KEYS_ONLY,
      // An index counts its own units.
      ...this.maxima(),
    });
    this.updates = updates
      ? Table.fromTableArn(this, "Updates", this.arn(updates))
      : this.table("Updates", { partition: "login" }, true);
    // The stream also holds the item before a change, so that notify can tell whether the event in it has changed.
    this.outbox = this.table("Outbox", { partition: "id" }, false, StreamViewType.NEW_AND_OLD_IMAGES);
  }

  private arn(name: string): string {
    return Stack.of(this).formatArn({ service: "dynamodb", resource: "table", resourceName: name });
  }

  private maxima() {
    const { reads, writes } = this.props.maxima ?? {};
    return { maxReadRequestUnits: reads, maxWriteRequestUnits: writes };
  }

  private table(id: string, keys: Keys, lasting: boolean, stream?: StreamViewType): Table {
    const keep = lasting && this.props.keep;
    const table = new Table(this, id, {
      partitionKey: key(keys.partition),
      sortKey: keys.sort ? key(keys.sort) : undefined,
      billingMode: BillingMode.PAY_PER_REQUEST,
      ...this.maxima(),
      timeToLiveAttribute: "expires_at",
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: lasting },
      // Not RETAIN, which would also keep the tables of a first deployment that failed.
      removalPolicy: keep ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
      deletionProtection: lasting && this.props.protect ? true : undefined,
      stream,
    });
    if (!lasting) acknowledge(table, "DDB3", "What is in it is over within hours: a restored table would hold nothing that counts.");
    return table;
  }
}

/** The index by which `$disconnect` finds a connection's login. */
export const CONNECTIONS_INDEX = "by_connection_id";

function key(name: string) {
  return { name, type: AttributeType.STRING };
}
