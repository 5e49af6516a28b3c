import { RemovalPolicy } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import type { TableMaxima } from "./limits";

export interface TablesProps {
  /** Whether `chatters` and `updates` are kept when their stack is destroyed. The items of the others expire within hours. */
  readonly keep: boolean;
  /** The most that each table does in a second. @default - what the account may */
  readonly maxima?: TableMaxima;
}

/** A table's keys: all of them strings, as crates/core/src/tables/schema.rs has them. */
interface Keys {
  readonly partition: string;
  readonly sort?: string;
}

/**
 * The tables: on demand, since sockets come and go with the site's visitors; items expire by `expires_at`; any second
 * of the last 35 days can be restored (after which `updates` needs new epochs, see docs/operating.md).
 */
export class Tables extends Construct {
  /** Chatter IDs that were issued, as hashes. Its stream tells revoke which were removed. */
  readonly chatters: Table;
  /** Sockets that are open. */
  readonly connections: Table;
  /** The newest update of each topic. */
  readonly updates: Table;
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
    this.chatters = this.table("Chatters", ofChatters, props.keep, StreamViewType.KEYS_ONLY);
    this.connections = this.table("Connections", { partition: "login", sort: "connection_id" }, false);
    this.connections.addGlobalSecondaryIndex({
      indexName: CONNECTIONS_INDEX,
      partitionKey: key("connection_id"),
      projectionType: ProjectionType.KEYS_ONLY,
      // An index counts its own units.
      ...this.maxima(),
    });
    this.updates = this.table("Updates", { partition: "login" }, props.keep);
    // The stream also holds the item before a change, so that notify can tell whether the event in it has changed.
    this.outbox = this.table("Outbox", { partition: "id" }, false, StreamViewType.NEW_AND_OLD_IMAGES);
  }

  private maxima() {
    const { reads, writes } = this.props.maxima ?? {};
    return { maxReadRequestUnits: reads, maxWriteRequestUnits: writes };
  }

  private table(id: string, keys: Keys, keep: boolean, stream?: StreamViewType): Table {
    return new Table(this, id, {
      partitionKey: key(keys.partition),
      sortKey: keys.sort ? key(keys.sort) : undefined,
      billingMode: BillingMode.PAY_PER_REQUEST,
      ...this.maxima(),
      timeToLiveAttribute: "expires_at",
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: keep ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      stream,
    });
  }
}

/** The index by which `$disconnect` finds a connection's login. */
export const CONNECTIONS_INDEX = "by_connection_id";

function key(name: string) {
  return { name, type: AttributeType.STRING };
}
