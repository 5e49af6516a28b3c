// Issues a chatter ID from a shell, with nothing to install but Node and the AWS CLI, and prints it.
//   CHATTERS_TABLE=… node issue-cli.mjs LOGIN [more for the AWS CLI, such as --endpoint-url URL]
import { spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";

const DAYS = 30;
const [login, ...more] = process.argv.slice(2);
const { CHATTERS_TABLE, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
if (!login || !CHATTERS_TABLE) {
  console.error("CHATTERS_TABLE=… node issue-cli.mjs LOGIN [more for the AWS CLI]");
  process.exit(2);
}

const chatterId = randomUUID(); // Its letters are in lower case, as the hash needs them.
const now = Math.floor(Date.now() / 1000);
const item = JSON.stringify({
  login: { S: login },
  chatter_hash: { S: createHash("sha256").update(chatterId).digest("hex") },
  issued_at: { N: String(now) },
  expires_at: { N: String(now + DAYS * 24 * 3600) },
});
const put = ["dynamodb", "put-item", "--table-name", CHATTERS_TABLE, "--item", item, ...more];
// Version 1 of the AWS CLI looks at AWS_DEFAULT_REGION only.
const env = { ...process.env, AWS_DEFAULT_REGION: AWS_REGION || AWS_DEFAULT_REGION };
// What the AWS CLI says goes to standard error: standard output is for the chatter ID alone.
const { status, error } = spawnSync("aws", put, { env, stdio: ["ignore", 2, 2] });
if (error) console.error(`The AWS CLI could not be run: ${error.message}`);
if (status !== 0) process.exit(1);
console.log(chatterId); // For this user alone; it is stored nowhere.
