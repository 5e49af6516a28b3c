/** A minimal loop over the Lambda Runtime API, so that little more than the handler and its SDK is measured. */

import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const root = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

function call(url, method, body) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Passes each event to the handler, until the host ends. */
export async function serve(handler) {
  try {
    for (;;) {
      const { headers, text } = await call(`${root}/next`, "GET");
      const id = headers["lambda-runtime-aws-request-id"];
      try {
        await call(`${root}/${id}/response`, "POST", JSON.stringify(await handler(JSON.parse(text))));
      } catch (error) {
        await call(`${root}/${id}/error`, "POST", JSON.stringify({ errorType: error.name, errorMessage: error.message }));
      }
    }
  } catch {
    process.exit(1);
  }
}
