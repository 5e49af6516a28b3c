import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";

/**
 * Says before a deployment starts, and not ten minutes into it, what it needs: a region, and credentials that AWS
 * takes.
 */
async function problems(): Promise<string[]> {
  const client = new DynamoDBClient({ maxAttempts: 1 });
  const [region, credentials] = await Promise.allSettled([client.config.region(), client.config.credentials()]);
  const missing = [
    ...(region.status === "rejected" ? ["no region: export AWS_REGION=eu-central-1, or any other that you like"] : []),
    ...(credentials.status === "rejected" ? ["no credentials: aws configure, or export AWS_PROFILE=…"] : []),
  ];
  if (missing.length > 0) return missing;
  try {
    await client.send(new ListTablesCommand({ Limit: 1 }));
    return [];
  } catch (error) {
    const { name, message } = error as Error;
    // Whoever may not list tables may still be allowed to deploy: CDK does so by roles of its own.
    return name === "AccessDeniedException" ? [] : [`AWS does not take these credentials in this region: ${message}`];
  }
}

problems().then((found) => {
  if (found.length > 0)
    process.stderr.write(`This cannot reach an AWS account.\n${found.map((one) => `  - ${one}\n`).join("")}`);
  process.exitCode = found.length > 0 ? 1 : 0;
});
