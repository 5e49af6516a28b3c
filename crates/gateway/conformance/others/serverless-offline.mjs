// Runs the APIs of the conformance suite in serverless-offline, and prints where they are, as the command `gateway` does:
//   cd FOLDER && npm install serverless@3 serverless-offline@13
//   node others/serverless-offline.mjs FOLDER
// It makes serverless.json of the same templates, without their MOCK and their throttle, which have no counterpart. It runs until
// it is stopped.
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";

const [, , folder, first = "4600"] = process.argv;
const suite = new URL("../", import.meta.url);
const port = Number(first);

// What a template's API is for serverless, with these ports.
function service(file, websocketPort) {
  const { Resources } = JSON.parse(readFileSync(new URL(file, suite), "utf8"));
  const of = (type) => Object.entries(Resources).filter(([, one]) => one.Type === `AWS::${type}`);
  const named = (target) => target["Fn::Sub"].match(/\$\{(\w+)/)[1];
  const functions = {};
  for (const [id, { Properties }] of of("Lambda::Function")) {
    functions[id] = { handler: Properties.Handler, timeout: Properties.Timeout, name: Properties.FunctionName, events: [] };
  }
  for (const [, { Properties }] of of("ApiGatewayV2::Route")) {
    const integration = Resources[named(Properties.Target)].Properties;
    if (integration.IntegrationType !== "AWS_PROXY") continue;
    const uri = integration.IntegrationUri["Fn::Sub"].match(/functions\/\$\{(\w+)\.Arn/)[1];
    const websocket = { route: Properties.RouteKey };
    if (Properties.RouteResponseSelectionExpression) websocket.routeResponseSelectionExpression = "$default";
    const { IdentitySource } = Resources[Properties.AuthorizerId?.Ref]?.Properties ?? {};
    if (IdentitySource) websocket.authorizer = { name: "Authorizer", identitySource: IdentitySource };
    functions[uri].events.push({ websocket });
  }
  const environment = { AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: `http://127.0.0.1:${websocketPort}` };
  const [[, api]] = of("ApiGatewayV2::Api");
  const selection = { websocketsApiRouteSelectionExpression: api.Properties.RouteSelectionExpression };
  return {
    service: "conformance",
    frameworkVersion: "3",
    provider: { name: "aws", runtime: "nodejs20.x", stage: "test", ...selection, environment },
    plugins: ["serverless-offline"],
    functions,
  };
}

// Its processes by their port. One that ends is started again: some frames of a client end it.
const children = new Map();
let isStopping = false;
async function serve(name, at) {
  const home = path.join(folder, name);
  mkdirSync(home, { recursive: true });
  for (const file of ["app.mjs", "authorizer.mjs", "signed.mjs"]) copyFileSync(new URL(file, suite), path.join(home, file));
  writeFileSync(path.join(home, "serverless.json"), JSON.stringify(service(`${name}.json`, at)));
  const program = path.resolve(folder, "node_modules/serverless/bin/serverless.js");
  const ports = ["--httpPort", at + 1, "--websocketPort", at, "--lambdaPort", at + 2, "--host", "127.0.0.1"].map(String);
  const quiet = { SLS_TELEMETRY_DISABLED: "1", SLS_NOTIFICATIONS_MODE: "off" };
  const env = { ...process.env, ...quiet, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const options = { cwd: home, env, stdio: ["ignore", "ignore", "inherit"] };
  const start = () => {
    if (isStopping) return;
    const child = spawn(process.execPath, [program, "offline", "start", ...ports], options);
    children.set(at, child.on("exit", start));
  };
  start();
  while (!isStopping && !(await answers(at))) await new Promise((resolve) => setTimeout(resolve, 20));
}

const answers = (at) =>
  new Promise((resolve) => {
    const socket = net.connect(at, "127.0.0.1", () => resolve(!socket.destroy().connecting));
    socket.on("error", () => resolve(false));
  });

function stop() {
  isStopping = true;
  children.forEach((child) => child.kill());
}
process.on("SIGTERM", stop).on("SIGINT", stop);
await serve("template", port);
const http = `http://127.0.0.1:${port}`;
console.log(`ready ws://127.0.0.1:${port}/test ${http}/@connections http://127.0.0.1:${port + 2}/2015-03-31/functions`);
await serve("template-authorizer", port + 10);
if (!isStopping) console.log(`authorizer ws://127.0.0.1:${port + 10}/test`);
