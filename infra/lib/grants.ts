import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import { Grant, PolicyStatement, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { acknowledgeWildcard } from "./acknowledge";
import type { Api } from "./api";
import type { Functions } from "./functions";
import type { Queues } from "./queues";
import { CONNECTIONS_INDEX, type Tables } from "./tables";

/**
 * Gives each function the rights to the calls that it makes, on the tables it makes them on, and no others. The rights to
 * read the queue and the tables' streams are given in sources.ts.
 */
export function allowCalls(functions: Functions, tables: Tables, api: Api, queues: Queues): void {
  const { chatters, connections, updates } = tables;
  // $connect's one transaction: DynamoDB authorizes each of its items as the action it stands for. After a refusal it reads
  // the chatter first. It counts the login's connections, and deletes its own again if they are too many.
  allow(functions.connect, chatters, "dynamodb:ConditionCheckItem", "dynamodb:GetItem");
  allow(functions.connect, connections, "dynamodb:PutItem", "dynamodb:Query", "dynamodb:DeleteItem");

  functions.disconnect.addToRolePolicy(
    new PolicyStatement({
      actions: ["dynamodb:Query"],
      resources: [`${connections.tableArn}/index/${CONNECTIONS_INDEX}`],
    }),
  );
  allow(functions.disconnect, connections, "dynamodb:DeleteItem");

  allow(functions.default, connections, "dynamodb:GetItem");
  allow(functions.default, updates, "dynamodb:GetItem");

  allow(functions.notify, updates, "dynamodb:UpdateItem");
  allow(functions.notify, connections, "dynamodb:Query", "dynamodb:DeleteItem");
  functions.notify.addToRolePolicy(
    new PolicyStatement({ actions: ["sqs:SendMessage"], resources: [queues.updates.queueArn] }),
  );
  // revoke looks whether a chatter ID is absent before it closes what it has opened.
  allow(functions.revoke, chatters, "dynamodb:GetItem");
  allow(functions.revoke, connections, "dynamodb:Query", "dynamodb:DeleteItem");

  for (const handler of [functions.notify, functions.revoke]) {
    grantPosts(handler, api);
    for (const method of ["POST", "DELETE"] as const) {
      acknowledgeWildcard(handler.role!, api.connectionsArn(method), "All sockets of this stage, and of no other.");
    }
  }
}

function allow(handler: LambdaFunction, table: ITable, ...actions: string[]): void {
  handler.addToRolePolicy(new PolicyStatement({ actions, resources: [table.tableArn] }));
}

/** Allows to send to sockets and to close them, on this stage. */
export function grantPosts(grantee: IGrantable, api: Api): Grant {
  return Grant.addToPrincipal({
    grantee,
    actions: ["execute-api:ManageConnections"],
    resourceArns: [api.connectionsArn("POST"), api.connectionsArn("DELETE")],
  });
}

/** Allows these actions on a table. CDK's own grants would add others for convenience. */
export function grantOn(grantee: IGrantable, table: ITable, ...actions: string[]): Grant {
  return Grant.addToPrincipal({ grantee, actions, resourceArns: [table.tableArn] });
}
