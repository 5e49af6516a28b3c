/** The same from elsewhere: what opens a socket, and what invokes notify, with this page's own values filled in. */

import { handshake } from "../src/handshake.js";
import { element } from "./page.js";
import { NOTIFY } from "./pipeline.js";

/** @typedef {import("./demo.js").Session} Session */
/** @typedef {import("./pipeline.js").Notification} Notification */

/**
 * What a snippet is made of.
 * @typedef {object} Values
 * @property {string} host The address of `chatter local`.
 * @property {Notification} event
 * @property {string} login
 * @property {string} url
 * @property {string[]} protocols The subprotocols of the socket, of which the last holds the chatter ID.
 */

const MASK = "••••••••";
/** Any keys do, but the tools ask for some. */
const KEYS = "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local";

/** By the ids of the menu. @type {Record<string, (values: Values) => string>} */
export const SNIPPETS = {
  curl: ({ host, event }) => `curl -s ${host}${NOTIFY} -d ${shell(JSON.stringify(event))}`,
  queue: ({ host, event }) => {
    const record = { messageId: "1", eventSource: "aws:sqs", body: JSON.stringify(event) };
    return `# as a queue hands it to notify; the answer names the records that failed\ncurl -s ${host}${NOTIFY} -d ${shell(JSON.stringify({ Records: [record] }))}`;
  },
  "aws-cli": ({ host, event }) =>
    `printf %s ${shell(JSON.stringify(event))} |\n  ${KEYS} \\\n  aws lambda invoke --region us-east-1 --endpoint-url ${host} --function-name notify --payload fileb:///dev/stdin /dev/stdout`,
  boto3: ({ host, event }) => `import boto3, json

keys = dict(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")
client = boto3.client("lambda", endpoint_url="${host}", **keys)
event = ${python(event)}
print(json.load(client.invoke(FunctionName="notify", Payload=json.dumps(event))["Payload"]))`,
  wscat: ({ url, protocols, login }) =>
    `npx wscat --connect ${shell(url)} ${protocols.map((name) => `--subprotocol ${name}`).join(" ")} \\\n  --execute ${shell(JSON.stringify(sync(login)))} --wait 60`,
  python: ({ url, protocols, login }) => `import asyncio, json, websockets

async def listen():
    async with websockets.connect(${JSON.stringify(url)}, subprotocols=${JSON.stringify(protocols)}) as socket:
        await socket.send(json.dumps(${python(sync(login))}))
        async for message in socket:
            print(message, flush=True)

asyncio.run(listen())`,
  html: ({ url, protocols, login }) => `<!doctype html>
<title>Ten lines</title>
<ul id="list"></ul>
<script>
  // python3 -m http.server 3000 --bind 127.0.0.1, and then http://localhost:3000/
  const socket = new WebSocket(${script(url)}, ${script(protocols)});
  socket.onopen = () => socket.send(JSON.stringify(${script(sync(login))}));
  socket.onmessage = ({ data }) => list.append(Object.assign(document.createElement("li"), { textContent: data }));
  socket.onclose = ({ code }) => list.append("closed: " + code);
</script>`,
};

/** @type {() => { session: Session | null, event: Notification } | null} */
let current = () => null;
let isShown = false;

/** @param {() => { session: Session | null, event: Notification } | null} values What the page has now; null while the form is wrong. */
export function startSnippets(values) {
  current = values;
  element("snippet").addEventListener("change", showSnippet);
  element("copy").addEventListener("click", copy);
  element("reveal").addEventListener("click", () => {
    isShown = !isShown;
    showSnippet();
  });
}

export function hideSecret() {
  isShown = false;
}

export function showSnippet() {
  const { text, secret } = chosen();
  element("snippet-text").textContent = isShown || !secret ? text : text.replaceAll(secret, MASK);
  element("reveal").hidden = !secret || !text.includes(secret);
  element("reveal").textContent = isShown ? "Hide the secret" : "Show the secret";
}

/** The chosen snippet with everything filled in, and the part of it that is secret. */
function chosen() {
  const values = current();
  if (!values?.session) return { text: "", secret: "" };
  const { url, login, chatterId } = values.session;
  const options = /** @type {import("../src/options.js").CheckedOptions} */ ({ url, login, WebSocket });
  const [address, protocols] = handshake(options, chatterId, undefined);
  const make = SNIPPETS[/** @type {HTMLSelectElement} */ (element("snippet")).value];
  const text = make?.({ host: location.origin, event: values.event, login, url: address, protocols }) ?? "";
  return { text, secret: protocols.at(-1) ?? "" };
}

async function copy() {
  const button = element("copy");
  try {
    await navigator.clipboard.writeText(chosen().text);
    button.textContent = "Copied";
  } catch {
    // Without the right to write to the clipboard the text can still be selected.
    isShown = true;
    showSnippet();
    getSelection()?.selectAllChildren(element("snippet-text"));
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

/** @param {string} login */
function sync(login) {
  return { action: "sync", login, cursor: null, n: 1 };
}

/** @param {string} text */
function shell(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * JSON within a script of HTML.
 * @param {unknown} value
 */
function script(value) {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/**
 * A value as Python writes it.
 * @param {unknown} value
 * @returns {string}
 */
function python(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${python(one)}`).join(", ")}}`;
}
