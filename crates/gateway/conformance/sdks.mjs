// What AWS's own SDKs make of the answers of @connections. Each returns `{ value }`, or `{ error }`: the name of the class that it
// throws, or the code by which it names the error.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
process.env.AWS_ACCESS_KEY_ID ??= "test";
process.env.AWS_SECRET_ACCESS_KEY ??= "test";
const region = process.env.AWS_REGION ?? "us-east-1";

export const SDKS = {
  // The JavaScript SDK, version 3, as this folder has it installed.
  async javascript(folder, { action, endpoint, id, data }) {
    const sdk = createRequire(path.resolve(folder, "any.js"))("@aws-sdk/client-apigatewaymanagementapi");
    const commands = { post: "PostToConnectionCommand", get: "GetConnectionCommand", delete: "DeleteConnectionCommand" };
    const client = new sdk.ApiGatewayManagementApiClient({ endpoint, region });
    const input = { ConnectionId: id, ...(action === "post" ? { Data: Buffer.from(data) } : {}) };
    try {
      const { $metadata, ...value } = await client.send(new sdk[commands[action]](input));
      return { value: JSON.parse(JSON.stringify(value)) };
    } catch (error) {
      return { error: error.name };
    } finally {
      client.destroy();
    }
  },

  // boto3, as this Python has it installed.
  async boto3(python, request) {
    const script = new URL("call_by_boto3.py", import.meta.url).pathname;
    return withFile(request.data, async (file) => {
      const { stdout } = await run(python, [script, JSON.stringify({ ...request, data: file, region })]);
      return JSON.parse(stdout);
    });
  },

  // The SDK for Rust, in this program: an example of crates/core.
  async rust(program, request) {
    return withFile(request.data, async (file) => {
      const { stdout } = await run(program, [JSON.stringify({ ...request, data: file, region })]);
      return JSON.parse(stdout);
    });
  },

  // The command `aws`.
  async cli(command, { action, endpoint, id, data }) {
    const verbs = { post: "post-to-connection", get: "get-connection", delete: "delete-connection" };
    const call = ["apigatewaymanagementapi", verbs[action], "--endpoint-url", endpoint, `--connection-id=${id}`];
    return withFile(data, async (file) => {
      const more = action === "post" ? ["--data", `fileb://${file}`] : [];
      try {
        const { stdout } = await run(command, [...call, "--region", region, "--output", "json", ...more]);
        return { value: stdout.trim() ? JSON.parse(stdout) : {} };
      } catch ({ stderr, message }) {
        return { error: stderr?.match(/An error occurred \((\w+)\)/)?.[1] ?? stderr ?? message };
      }
    });
  },
};

async function withFile(data, use) {
  const folder = mkdtempSync(path.join(tmpdir(), "conformance-"));
  try {
    writeFileSync(path.join(folder, "data"), data);
    return await use(path.join(folder, "data"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
