// Runs a Lambda handler for Node as AWS's runtime does: it asks the Runtime API for events, and calls the handler with each.
// It is run with the handler (`folder/file.name`) as its argument, in the folder of the function.
import http from "node:http";
import path from "node:path";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

// Not `fetch`: it gives up after five minutes, and an event may be longer in coming.
function call(method, name, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { host, port, method, agent, path: `/2018-06-01/runtime/${name}`, headers };
    const request = http.request(options, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => resolve({ headers: response.headers, text: Buffer.concat(parts).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function described(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}

function report(name, error) {
  const body = JSON.stringify(described(error));
  return call("POST", name, body, { "Lambda-Runtime-Function-Error-Type": described(error).errorType });
}

function named(name, message) {
  return Object.assign(new Error(message), { name });
}

// The function that a handler names: the file up to the first dot of its last part, and then names of exports.
async function load(handler) {
  const folder = path.dirname(handler);
  const [file, ...names] = path.basename(handler).split(".");
  const files = [".mjs", ".js", ".cjs"].map((ending) => path.resolve(folder, file + ending));
  const found = files.find((name) => existsSync(name));
  if (!found) throw named("Runtime.ImportModuleError", `Cannot find module '${path.join(folder, file)}'`);
  const module = await import(pathToFileURL(found));
  const member = (from) => names.reduce((at, name) => at?.[name], from);
  const wanted = member(module) ?? member(module.default);
  if (typeof wanted !== "function") throw named("Runtime.HandlerNotFound", `${handler} is undefined or not exported`);
  return wanted;
}

function contextOf(headers) {
  const client = headers["lambda-runtime-client-context"];
  const identity = headers["lambda-runtime-cognito-identity"];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    clientContext: client ? JSON.parse(client) : undefined,
    identity: identity ? JSON.parse(identity) : undefined,
    getRemainingTimeInMillis: () => Number(headers["lambda-runtime-deadline-ms"]) - Date.now(),
  };
}

// A function that neither returns a promise nor calls back has answered null once there is nothing left to wait for.
let drained;
process.on("beforeExit", () => drained?.(null));

// The answer of a handler that returns a promise, or calls back. What else it returns does not count.
function answer(handler, event, context) {
  return new Promise((resolve, reject) => {
    const done = (error, value) => (error ? reject(error) : resolve(value));
    Object.assign(context, { done, fail: (error) => done(error ?? "failed"), succeed: (value) => done(null, value) });
    const returned = handler(event, context, done);
    if (typeof returned?.then === "function") returned.then(resolve, reject);
    drained = resolve;
  });
}

let current;
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, async (error) => {
    console.error(error);
    await report(current ? `invocation/${current}/error` : "init/error", error).catch(() => {});
    process.exit(129);
  });
}

const handler = await load(process.argv.at(-1)).catch(async (error) => {
  console.error(error);
  await report("init/error", error);
  process.exit(1);
});

for (;;) {
  // Without the gateway there is nothing left to do.
  const next = await call("GET", "invocation/next").catch(() => process.exit(1));
  const context = contextOf(next.headers);
  current = context.awsRequestId;
  process.env._X_AMZN_TRACE_ID = next.headers["lambda-runtime-trace-id"] ?? "";
  try {
    const value = await answer(handler, JSON.parse(next.text), context);
    await call("POST", `invocation/${current}/response`, JSON.stringify(value ?? null));
  } catch (error) {
    console.error(error);
    await report(`invocation/${current}/error`, error);
  }
  current = undefined;
}
