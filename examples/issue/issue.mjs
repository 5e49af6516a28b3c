// Issues a chatter ID: what a site's backend does at login.
//   npm install @aws-sdk/client-dynamodb
//   CHATTERS_TABLE=… node issue.mjs LOGIN
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { createHash, randomUUID } from "node:crypto";

const DAYS = 30;
const dynamodb = new DynamoDBClient({});

export async function issue(login) {
  const chatterId = randomUUID();
  const now = Math.floor(Date.now() / 1000);
  await dynamodb.send(
    new PutItemCommand({
      TableName: process.env.CHATTERS_TABLE,
      Item: {
        login: { S: login },
        chatter_hash: { S: createHash("sha256").update(chatterId).digest("hex") },
        issued_at: { N: String(now) },
        expires_at: { N: String(now + DAYS * 24 * 3600) },
      },
    }),
  );
  return chatterId; // For this user alone; it is stored nowhere.
}

console.log(await issue(process.argv[2]));
