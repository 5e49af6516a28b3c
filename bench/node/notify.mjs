/** The common part of both notify handlers, which differ in the order of their posts. */

import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, DynamoDBDocumentClient, UpdateCommand, paginateQuery } from "@aws-sdk/lib-dynamodb";
import { serve } from "./runtime.mjs";

const { CONNECTIONS_TABLE } = process.env;
/** A table of the baselines' own, since this handler does not know Chatterbox's epochs. */
const UPDATES_TABLE = "baselines";
const tables = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const sockets = new ApiGatewayManagementApiClient({ endpoint: process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI });

/** Records the update, reads the login's connections, and posts to them by `each`. */
export function notify(each) {
  serve(async ({ login, logins = [login], topic = "updates", body }) => {
    let sent = 0;
    for (const login of logins) sent += await tell(login, topic, body, each);
    return { sent };
  });
}

async function tell(login, topic, body, each) {
  const { Attributes } = await tables.send(
    new UpdateCommand({
      TableName: UPDATES_TABLE,
      Key: { login },
      UpdateExpression: "SET newest = :body ADD version :one",
      ExpressionAttributeValues: { ":body": body, ":one": 1 },
      ReturnValues: "ALL_NEW",
    }),
  );
  const push = { type: "stats-updated", login, topic, version: Attributes.version, at: new Date().toISOString(), body };
  const Data = JSON.stringify(push);
  const connections = [];
  const query = {
    TableName: CONNECTIONS_TABLE,
    ConsistentRead: true,
    KeyConditionExpression: "login = :login",
    ExpressionAttributeValues: { ":login": login },
  };
  for await (const { Items } of paginateQuery({ client: tables }, query)) connections.push(...Items);
  let sent = 0;
  await each(connections, async ({ connection_id }) => {
    try {
      await sockets.send(new PostToConnectionCommand({ ConnectionId: connection_id, Data }));
      sent += 1;
    } catch (error) {
      if (error.name !== "GoneException") throw error;
      await tables.send(new DeleteCommand({ TableName: CONNECTIONS_TABLE, Key: { login, connection_id } }));
    }
  });
  return sent;
}
