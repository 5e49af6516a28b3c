// The three functions of the chat. It does what tutorials do, to be short: ../../tutorial says what that loses. On Lambda the packages
// are there already.
//   npm install @aws-sdk/client-apigatewaymanagementapi @aws-sdk/client-dynamodb
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { DeleteItemCommand, DynamoDBClient, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";

const { ENDPOINT, TABLE: TableName } = process.env;
const table = new DynamoDBClient();
const api = new ApiGatewayManagementApiClient({ endpoint: ENDPOINT });
const key = ({ requestContext }) => ({ connectionId: { S: requestContext.connectionId } });

export async function join(event) {
  await table.send(new PutItemCommand({ TableName, Item: key(event) }));
  return { statusCode: 200 };
}

export async function leave(event) {
  await table.send(new DeleteItemCommand({ TableName, Key: key(event) }));
  return { statusCode: 200 };
}

export async function say({ body }) {
  const { Items } = await table.send(new ScanCommand({ TableName }));
  const { text } = JSON.parse(body);
  const posts = Items.map(({ connectionId }) => api.send(new PostToConnectionCommand({ ConnectionId: connectionId.S, Data: text })));
  await Promise.allSettled(posts);
  return { statusCode: 200 };
}
