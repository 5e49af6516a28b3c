/**
 * A site of plain pages, with sessions. It shows where the chatter ID is kept between pages: in the session, so that all
 * tabs of a browser get the same one and share one socket.
 *   npm install @aws-sdk/client-dynamodb @aws-sdk/client-apigatewaymanagementapi
 *   SOCKET_URL=… CHATTER_JS=… PORT=3000 node server.mjs    (and the variables of chatter-ids.mjs)
 * CHATTER_JS is the client's file. examples/README.md has the command for the local system.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { LIFE, issue, revoke } from "./chatter-ids.mjs";

const { SOCKET_URL, CHATTER_JS, PORT = "3000" } = process.env;
const FILES = {
  "/": ["text/html; charset=utf-8", readFileSync(new URL("../page/index.html", import.meta.url))],
  "/chatter.min.js": ["text/javascript", readFileSync(CHATTER_JS)],
};
/** How long before its end a chatter ID is replaced, in seconds. */
const RENEW = 24 * 3600;

/** Sessions by their cookie: a real site has its own, in a store that outlives the process. */
const sessions = new Map();

const ROUTES = {
  // A real site looks at a password here.
  "POST /login": async (request, response) => {
    const session = { login: (await text(request)).trim() };
    if (!session.login) return response.writeHead(400).end();
    const cookie = randomUUID();
    sessions.set(cookie, session);
    response.writeHead(204, { "set-cookie": `session=${cookie}; HttpOnly; SameSite=Strict; Path=/` }).end();
  },
  // What a page calls for its chatter ID. The page calls it again when the one that it has opens no socket.
  "POST /chatter-id": async (request, response) => {
    const session = sessionOf(request);
    if (!session) return response.writeHead(401).end();
    const now = Date.now() / 1000;
    if (!session.chatterId || session.until - now < RENEW) {
      session.chatterId = await issue(session.login);
      session.until = now + LIFE;
    }
    const { login, chatterId } = session;
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(JSON.stringify({ url: SOCKET_URL, login, chatterId }));
  },
  "POST /logout": async (request, response) => {
    const session = sessionOf(request);
    sessions.delete(cookieOf(request));
    if (session?.chatterId) await revoke(session.login, session.chatterId);
    response.writeHead(204).end();
  },
};

const cookieOf = (request) => /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
const sessionOf = (request) => sessions.get(cookieOf(request));

async function text(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

const server = createServer(async (request, response) => {
  const file = request.method === "GET" && FILES[request.url];
  if (file) return response.writeHead(200, { "content-type": file[0] }).end(file[1]);
  const route = ROUTES[`${request.method} ${request.url}`];
  if (!route) return response.writeHead(404).end();
  try {
    await route(request, response);
  } catch (error) {
    console.error(`${request.url}: ${error.name}: ${error.message}`);
    response.writeHead(500).end();
  }
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
