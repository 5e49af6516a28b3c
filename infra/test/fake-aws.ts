import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** An answer: a status, and a body that is an object for JSON and text for XML. */
export type Reply = [status: number, body: object | string];

/** What AWS answers, by its names of the operations. */
export type Replies = Record<string, Reply>;

/** An error in the form of the services that speak JSON. */
export function refusal(name: string, message = "No."): Reply {
  return [400, { __type: name, message }];
}

/** An error in the form of the services that speak XML. */
export function xmlRefusal(name: string, message = "No."): Reply {
  return [400, `<ErrorResponse><Error><Code>${name}</Code><Message>${message}</Message></Error></ErrorResponse>`];
}

/** Paths of the services whose operations are paths. */
const PATHS: [RegExp, string][] = [
  [/^\/account$/, "GetAccount"],
  [/^\/domainnames\//, "GetDomainName"],
  [/\/account-settings/, "GetAccountSettings"],
  [/\/functions\/[^/]+\/configuration$/, "GetFunctionConfiguration"],
  [/\/hostedzone\/[^/]+\/rrset$/, "ListResourceRecordSets"],
  [/\/hostedzone\/[^/]+$/, "GetHostedZone"],
];

/** An AWS at the wire: an address on this machine that answers with what `replies` has at that time. */
export class FakeAws {
  replies: Replies = {};
  readonly asked: string[] = [];
  private readonly server = createServer(async (request, response) => {
    const operation = await operationOf(request);
    this.asked.push(operation);
    const reply = this.replies[operation];
    if (!reply) return response.writeHead(500).end(`{"message":"the test has no answer to ${operation}"}`);
    const [status, body] = reply;
    // An empty object stands for a server that never answers.
    if (status === 0) return undefined;
    const isText = typeof body === "string";
    const name = (body as { __type?: string }).__type;
    response.writeHead(status, {
      "content-type": isText ? "text/xml" : "application/x-amz-json-1.1",
      ...(name && { "x-amzn-errortype": name }),
    });
    return response.end(isText ? body : JSON.stringify(body));
  });

  /** Listens, and makes this process's AWS be it. */
  async start(): Promise<Record<string, string>> {
    // Else it would close a connection after five seconds of silence, just when the next request comes on it.
    this.server.keepAliveTimeout = 0;
    await once(this.server.listen(0, "127.0.0.1"), "listening");
    return {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`,
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    };
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

async function operationOf(request: IncomingMessage): Promise<string> {
  const target = request.headers["x-amz-target"];
  if (typeof target === "string") return target.split(".").at(-1)!;
  let body = "";
  for await (const chunk of request) body += chunk;
  const path = new URL(request.url!, "http://localhost").pathname;
  return (
    /(?:^|&)Action=(\w+)/.exec(body)?.[1] ?? PATHS.find(([pattern]) => pattern.test(path))?.[1] ?? `${request.method} ${path}`
  );
}
