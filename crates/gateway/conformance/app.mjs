// The function of the conformance suite, behind every route. It does what its event asks for by `do`, in the query of a
// $connect, in the body of a message, or in the event of a call by Invoke; without it, it answers with its whole event.
//
// The events of $connect and $disconnect have no answer that anybody could read. A client that calls itself `watched-by ID`
// has them posted to the socket of that id.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { signed } from "./signed.mjs";

const parsed = (text) => {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
};
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Posts to a socket of the API that an event is from, and returns the status.
async function post({ domainName, stage }, id, text) {
  const api = process.env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI ?? `https://${domainName}/${stage}`;
  const url = `${api}/@connections/${encodeURIComponent(id)}`;
  const { status } = await fetch(url, { method: "POST", headers: signed("POST", url, text), body: text });
  return status;
}

// The socket that watches. $disconnect knows it by its identity.userAgent, which some emulators leave out. For these $connect
// writes it into a file, which the processes of one machine share; in AWS, those of one environment.
function watcherOf({ headers, requestContext: { connectionId, eventType, identity } }) {
  const file = path.join(tmpdir(), `conformance-${connectionId.replace(/\W/g, "_")}`);
  const agents = [identity?.userAgent, headers?.["User-Agent"], headers?.["user-agent"]];
  const watcher = agents.map((agent) => agent?.match(/^watched-by (\S+)$/)?.[1]).find(Boolean);
  if (eventType === "CONNECT" && watcher) writeFileSync(file, watcher);
  if (eventType !== "DISCONNECT") return watcher;
  try {
    return watcher ?? readFileSync(file, "utf8");
  } catch {
    return undefined;
  } finally {
    rmSync(file, { force: true });
  }
}

async function tell(event) {
  const watcher = watcherOf(event);
  if (!watcher) return;
  // What a post to the socket itself comes to, which is not open yet, or not any more.
  const own = await post(event.requestContext, event.requestContext.connectionId, "to itself");
  await post(event.requestContext, watcher, JSON.stringify({ event, own }));
}

export async function handler(event, context) {
  const order = { ...event, ...event.queryStringParameters, ...parsed(event.body) };
  if (["CONNECT", "DISCONNECT"].includes(event.requestContext?.eventType)) await tell(event);
  switch (order.do) {
    case "reply":
      // As it is, whether it is a proxy response or not.
      return typeof order.reply === "string" ? JSON.parse(order.reply) : order.reply;
    case "large":
      return { statusCode: 200, body: "x".repeat(order.bytes) };
    case "throw":
      throw new Error("thrown as asked for");
    case "exit":
      process.exit(1);
      break;
    case "wait":
      await wait(Number(order.milliseconds));
      return { statusCode: 200, body: "waited" };
    case "context": {
      console.log("printed as asked for");
      const { awsRequestId, clientContext, functionName, functionVersion, invokedFunctionArn, memoryLimitInMB } = context;
      const left = context.getRemainingTimeInMillis();
      return { awsRequestId, clientContext, functionName, functionVersion, invokedFunctionArn, memoryLimitInMB, left };
    }
    default:
      return { statusCode: 200, body: JSON.stringify(event) };
  }
}
