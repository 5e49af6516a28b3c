// A function for the gateway's tests. It speaks the Runtime API, and does what its event asks for by the field `do`: in the
// query of a $connect, in the body of a message, or in the event itself when it is invoked directly. Without that field it
// answers 200 with the whole event as its body.
import { writeSync } from "node:fs";

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const post = (path, body) => fetch(`${api}/${path}`, { method: "POST", body });
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
};
let served = 0;

async function answer(order, event, id, headers) {
  switch (order.do) {
    case "status":
      return { statusCode: Number(order.status), body: order.body, headers: { "Set-Cookie": "a=b", "X-Other": "c" } };
    case "body":
      return { statusCode: 200, body: "x".repeat(Number(order.bytes)) };
    case "subprotocol":
      return { statusCode: 200, headers: { "sec-websocket-protocol": order.name } };
    case "slow":
      await pause(Number(order.milliseconds));
      return { statusCode: 200, body: order.body ?? "slow" };
    case "environment":
      return { statusCode: 200, body: JSON.stringify({ ...process.env, cwd: process.cwd() }) };
    case "headers":
      return { statusCode: 200, body: JSON.stringify({ ...Object.fromEntries(headers), now: Date.now() }) };
    case "process":
      return { statusCode: 200, body: JSON.stringify({ pid: process.pid, served }) };
    case "print":
      console.log("a line on standard output");
      console.error("a line on standard error");
      return { statusCode: 200 };
    case "print-much":
      for (let line = 0; line < order.lines; line += 1) console.log(`round ${order.round} line ${line}`);
      return { statusCode: 200 };
    case "print-bare":
      writeSync(1, "no end of line");
      return { statusCode: 200 };
    case "print-context":
      console.log(`context: ${headers.get("lambda-runtime-client-context")}`);
      return { statusCode: 200 };
    case "post-back": {
      const { domainName, stage, connectionId } = event.requestContext;
      const url = `https://${domainName}/${stage}/@connections/${encodeURIComponent(connectionId)}`;
      return { statusCode: 200, body: String((await fetch(url, { method: "POST", body: "posted" })).status) };
    }
    case "late":
      await post(`invocation/${id}/response`, JSON.stringify({ statusCode: 200, body: "in time" }));
      return { statusCode: 200, body: String((await post(`invocation/${id}/response`, '"late"')).status) };
    default:
      return { statusCode: 200, body: JSON.stringify(event) };
  }
}

// As an authorizer it says what its token asks for.
async function authorize(event, id) {
  const { token } = event.queryStringParameters ?? {};
  if (token === "unauthorized" || token === "broken") {
    const errorMessage = token === "broken" ? "broken" : "Unauthorized";
    return post(`invocation/${id}/error`, JSON.stringify({ errorType: "Error", errorMessage }));
  }
  const Resource = token === "elsewhere" ? event.methodArn.replace("/dev/", "/prod/") : event.methodArn;
  const statement = { Action: "execute-api:Invoke", Effect: token === "deny" ? "Deny" : "Allow", Resource };
  const policyDocument = { Version: "2012-10-17", Statement: [statement] };
  const context = { tenant: "blue", level: 7, admin: false };
  const answer = token === "malformed" ? { isAuthorized: true } : { principalId: "me", policyDocument, context };
  return post(`invocation/${id}/response`, JSON.stringify(answer));
}

if (process.env.BEFORE_FIRST_NEXT === "exit") process.exit(3);
if (process.env.BEFORE_FIRST_NEXT === "hang") await pause(600_000);
if (process.env.BEFORE_FIRST_NEXT === "init-error") {
  await post("init/error", JSON.stringify({ errorType: "Init.Broken", errorMessage: "no settings" }));
  process.exit(1);
}

for (;;) {
  const next = await fetch(`${api}/invocation/next`).catch(() => process.exit(1));
  const id = next.headers.get("lambda-runtime-aws-request-id");
  const event = await next.json();
  const isProxy = event?.requestContext?.eventType;
  const order = isProxy ? { ...event.queryStringParameters, ...parsed(event.body) } : (event ?? {});
  served += 1;
  if (process.env.PRINT_EVENTS) console.log(JSON.stringify(event));
  if (event?.type === "REQUEST") {
    await authorize(event, id);
    continue;
  }
  switch (order.do) {
    case "throw":
      await post(`invocation/${id}/error`, JSON.stringify({ errorType: "Error", errorMessage: "thrown" }));
      break;
    case "print-id-and-throw":
      console.log(id);
      await post(`invocation/${id}/error`, JSON.stringify({ errorType: "Error", errorMessage: "thrown" }));
      break;
    case "exit":
      process.exit(1);
    case "hang":
      await pause(600_000);
      break;
    case "garbage":
      await post(`invocation/${id}/response`, "<html>not JSON</html>");
      break;
    case "large":
      await post(`invocation/${id}/response`, JSON.stringify("x".repeat(Number(order.bytes))));
      break;
    case "raw":
      await post(`invocation/${id}/response`, JSON.stringify(order.reply));
      break;
    default:
      await post(`invocation/${id}/response`, JSON.stringify(await answer(order, event, id, next.headers)));
      if (order.do === "reply-then-exit") process.exit(0);
  }
}
