/**
 * Issues chatter IDs at login and takes them back at logout: all that a site's backend has to do with Chatterbox.
 *   npm install @aws-sdk/client-dynamodb @aws-sdk/client-apigatewaymanagementapi
 * It reads CHATTERS_TABLE, CONNECTIONS_TABLE and CALLBACK_URL: the stack's outputs ChattersTable, ConnectionsTable, CallbackUrl.
 */
import { ApiGatewayManagementApiClient, DeleteConnectionCommand, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { DeleteItemCommand, DynamoDBClient, PutItemCommand, paginateQuery } from "@aws-sdk/client-dynamodb";
import { createHash, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

const { CHATTERS_TABLE, CONNECTIONS_TABLE, CALLBACK_URL } = process.env;
const DAY = 24 * 3600;
/** How long a chatter ID opens sockets, in seconds. */
export const LIFE = 30 * DAY;
const CLOSING = JSON.stringify({ type: "closing", reason: "revoked", retry: false });

const dynamodb = new DynamoDBClient({});
const sockets = new ApiGatewayManagementApiClient({ endpoint: CALLBACK_URL });

/** The form in which the tables know a chatter ID. */
const hashOf = (chatterId) => createHash("sha256").update(chatterId).digest("hex");

/** Makes a chatter ID for a login. It is for this user alone and is stored nowhere. */
export async function issue(login) {
  const chatterId = randomUUID(); // In lower case, as the hash needs it.
  const now = Math.floor(Date.now() / 1000);
  const Item = {
    login: { S: login },
    chatter_hash: { S: hashOf(chatterId) },
    issued_at: { N: String(now) },
    expires_at: { N: String(now + LIFE) },
  };
  await dynamodb.send(new PutItemCommand({ TableName: CHATTERS_TABLE, Item }));
  return chatterId;
}

/**
 * Takes a chatter ID back: it opens no more sockets, and those that it has opened are told so and closed.
 *
 * A handshake that was let in just before may store its connection just after the first sweep, and a socket that is still
 * opening answers 410 and opens after all. So there is a second sweep, a second later, which also closes the first one's
 * sockets again. If this throws, some sockets may be left: call it again, which is harmless.
 */
export async function revoke(login, chatterId) {
  const hash = hashOf(chatterId);
  await forgetChatter(login, hash);
  const first = await sweep(login, hash);
  await pause(1_000);
  for (const connectionId of first) await close(connectionId);
  await sweep(login, hash);
}

/** Deletes the item. A handshake's transaction may hold it for a moment: then the delete is tried again. */
async function forgetChatter(login, hash) {
  const Key = { login: { S: login }, chatter_hash: { S: hash } };
  for (const end = Date.now() + 3_000; ; await pause(Math.random() * 100)) {
    try {
      return await dynamodb.send(new DeleteItemCommand({ TableName: CHATTERS_TABLE, Key }));
    } catch (error) {
      if (error.name !== "TransactionConflictException" || Date.now() > end) throw error;
    }
  }
}

/** Tells each of the chatter ID's sockets, then deletes its row, then closes it. Without the row no update finds it. */
async function sweep(login, hash) {
  const closed = [];
  const query = {
    TableName: CONNECTIONS_TABLE,
    ConsistentRead: true,
    KeyConditionExpression: "login = :login",
    ExpressionAttributeValues: { ":login": { S: login } },
  };
  for await (const { Items } of paginateQuery({ client: dynamodb }, query)) {
    for (const { connection_id, chatter_hash } of Items) {
      if (chatter_hash.S !== hash) continue;
      await attempt(new PostToConnectionCommand({ ConnectionId: connection_id.S, Data: CLOSING }));
      const Key = { login: { S: login }, connection_id };
      await dynamodb.send(new DeleteItemCommand({ TableName: CONNECTIONS_TABLE, Key }));
      await close(connection_id.S);
      closed.push(connection_id.S);
    }
  }
  return closed;
}

function close(ConnectionId) {
  return attempt(new DeleteConnectionCommand({ ConnectionId }));
}

/**
 * A socket that is gone (410) needs neither. Another failure does not stop the rest: a socket without a row is sent no update,
 * and its page is told `unknown-connection` when it next asks, connects anew and is refused.
 */
async function attempt(command) {
  try {
    await sockets.send(command);
  } catch (error) {
    if (error.name !== "GoneException") console.error(`a socket was not told or closed: ${error.name}`);
  }
}
