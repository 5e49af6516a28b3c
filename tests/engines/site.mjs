/** A site of the user: its pages load the minified client as the package has it, and say what they hear. */

import { once } from "node:events";
import { createServer } from "node:http";
import { minified } from "../../web/bundle.mjs";

/** The query has the options of `connect`, as JSON. */
const PAGE = `<!doctype html>
<html lang="en">
<title>A site</title>
<script type="module">
  import { connect } from "/chatter.min.js";
  const told = (window.told = { heard: [], states: [], errors: [], lines: [], shown: 0, kept: 0 });
  const options = JSON.parse(new URLSearchParams(location.search).get("options"));
  addEventListener("error", ({ message }) => told.errors.push(message));
  addEventListener("pageshow", ({ persisted }) => (told.kept += persisted ? 1 : 0));
  const chatter = (window.chatter = connect({ ...options, debug: (line) => told.lines.push(line) }));
  chatter.addEventListener("stats-updated", ({ detail }) => told.heard.push(detail.body.message));
  chatter.addEventListener("state", ({ detail }) => told.states.push([detail.state, detail.reason ?? ""].join(" ").trim()));
  chatter.addEventListener("error", ({ detail }) => told.errors.push(detail.code));
</script>`;

/** Starts the site: its `url`, and `stop`. */
export async function startSite() {
  const { code } = await minified();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://site");
    if (pathname === "/chatter.min.js") return response.writeHead(200, { "content-type": "text/javascript" }).end(code);
    const policy = searchParams.get("policy");
    const cookies = searchParams.getAll("cookie").map((cookie) => `${cookie}; HttpOnly; SameSite=Strict; Path=/`);
    const headers = { "content-type": "text/html", "set-cookie": cookies, ...(policy && { "content-security-policy": policy }) };
    return response.writeHead(200, headers).end(pathname === "/" ? PAGE : "<!doctype html><title>Elsewhere</title>");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, stop };
}
