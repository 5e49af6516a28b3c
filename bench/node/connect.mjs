/** Baseline: `$connect` as tutorials write it. Get the credentials, update them, store the connection, one after the other. */

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { createHash } from "node:crypto";
import { serve } from "./runtime.mjs";

const { CHATTERS_TABLE, CONNECTIONS_TABLE } = process.env;
const tables = DynamoDBDocumentClient.from(new DynamoDBClient({}));

serve(async ({ queryStringParameters, requestContext: { connectionId, connectedAt } }) => {
  const { login, chatter } = queryStringParameters ?? {};
  if (!login || !chatter) return { statusCode: 401 };
  const now = Math.floor(Date.now() / 1000);
  const Key = { login, chatter_hash: createHash("sha256").update(chatter).digest("hex") };
  const { Item } = await tables.send(new GetCommand({ TableName: CHATTERS_TABLE, Key }));
  if (!Item || Item.expires_at <= now) return { statusCode: 401 };
  await tables.send(
    new UpdateCommand({
      TableName: CHATTERS_TABLE,
      Key,
      UpdateExpression: "SET seen_at = :now",
      ExpressionAttributeValues: { ":now": now },
    }),
  );
  const row = { ...Key, connection_id: connectionId, connected_at: connectedAt, expires_at: now + 7800 };
  await tables.send(new PutCommand({ TableName: CONNECTIONS_TABLE, Item: row }));
  return { statusCode: 200 };
});
