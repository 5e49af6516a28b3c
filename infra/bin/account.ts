import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { complete, type Settings } from "../lib/settings";
import { given, orRefuse } from "./given";

/**
 * Checks before a deployment starts, and not ten minutes into it, that the settings fit together, that there is a region,
 * and that AWS accepts the credentials. `account.ts [FILE [ARCH]]`.
 */
async function problems({ env }: Settings): Promise<string[]> {
  const requestHandler = { connectionTimeout: 5_000, requestTimeout: 10_000 };
  const client = new DynamoDBClient({ maxAttempts: 1, requestHandler });
  const [region, credentials] = await Promise.allSettled([client.config.region(), client.config.credentials()]);
  const missing = [
    ...(region.status === "rejected"
      ? [`no region: export AWS_REGION=${env?.region ?? "eu-central-1, or any other that you like"}`]
      : []),
    ...(region.status === "fulfilled" && env && region.value !== env.region
      ? [`the settings are for ${env.region}, and this shell is for ${region.value}: export AWS_REGION=${env.region}`]
      : []),
    ...(credentials.status === "rejected" ? ["no credentials: aws configure, or export AWS_PROFILE=…"] : []),
  ];
  if (missing.length > 0) return missing;
  try {
    await client.send(new ListTablesCommand({ Limit: 1 }));
    return [];
  } catch (error) {
    const { name, message } = error as Error;
    // Credentials that may not list tables may still be allowed to deploy, since CDK deploys by roles of its own.
    return name === "AccessDeniedException" ? [] : [`AWS does not take these credentials in this region: ${message}`];
  }
}

async function main(settings: Settings): Promise<void> {
  const found = await problems(settings);
  if (found.length === 0) return;
  process.stderr.write(`This cannot reach an AWS account.\n${found.map((one) => `  - ${one}\n`).join("")}`);
  process.exitCode = 1;
}

const settings = orRefuse(() => complete(given(process.argv[2], process.argv[3])));
if (settings) main(settings);
