// Makes docs/gateway-conformance.md of the cases and the results: `node table.mjs [--check]`. With --check it only says whether the
// page is as it would make it.
import { readFileSync, writeFileSync } from "node:fs";

const near = (name) => new URL(name, import.meta.url);
const cases = JSON.parse(readFileSync(near("cases.json"), "utf8"));
const targets = Object.entries(JSON.parse(readFileSync(near("results.json"), "utf8")));
const PAGE = near("../../../docs/gateway-conformance.md");

const ids = cases.map(({ id }) => id);
const unclear = cases.filter(({ id, source }, at) => !/^(https:|observed|documented|not known$)/.test(source) || ids.indexOf(id) !== at);
if (unclear.length) throw new Error(`without a source, or twice: ${unclear.map(({ id }) => id).join(", ")}`);

const isKnown = ({ source }) => source !== "not known";
const groups = [...new Set(cases.map(({ group }) => group))];
const known = cases.filter(isKnown);
const knownOf = (group) => known.filter((one) => one.group === group);
const row = (cells) => `| ${cells.join(" | ")} |`;
const table = (head, rows) => [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
const capital = (text) => text[0].toUpperCase() + text.slice(1);
const names = targets.map(([name]) => name);

const rightOf = (results, some) => some.filter(({ id }) => results[id] === true).length;

function score(results, some) {
  const run = some.filter(({ id }) => results[id] !== undefined);
  if (!run.length) return "not run";
  const left = some.length - run.length;
  return `${rightOf(results, some)} of ${run.length}${left ? `, ${left} not run` : ""}`;
}

// A source as a link, after who says it if that is not the page itself.
function source({ source }) {
  const url = source.match(/https:\S+/)?.[0];
  if (!url) return source;
  const name = url.replace(/^https:\/\/(docs\.aws\.amazon\.com\/)?/, "").split("/").at(-1).replace(/\.html$/, "");
  return `${source.replace(url, "")}[${name}](${url})`;
}

const cell = (result, one) => {
  if (result === undefined) return "not run";
  if (!isKnown(one)) return result === true ? "so" : "otherwise";
  return result === true ? "yes" : "**no**";
};

// In which groups another target has more right than this project's gateway, which is the first column.
function standing() {
  const [[, ours], ...others] = targets;
  const behind = groups.filter((group) => {
    const right = ({ results }) => rightOf(results, knownOf(group));
    return others.some(([, other]) => right(other) > right(ours));
  });
  const wrong = known.filter(({ id }) => ours.results[id] !== true && ours.results[id] !== undefined);
  const first = behind.length
    ? `It is not first in: ${behind.join(", ")}.`
    : "In no group does another target have more cases right.";
  const failed = wrong.length
    ? `It fails in: ${wrong.map(({ title }) => title).join("; ")}.`
    : "It fails in none of the known cases that were run.";
  return `The gateway's column is the first. ${first} ${failed}`;
}

function speed() {
  const measured = targets.filter(([, { speed }]) => speed);
  const shown = (number, unit) => `${number >= 100 ? Math.round(number) : number.toPrecision(2)} ${unit}`;
  const rows = [
    ["from the command to the first open socket", ({ start }) => shown(start, "ms")],
    ["a handshake, through $connect", ({ handshake }) => shown(handshake, "ms")],
    ["a message through a Node function, and back", ({ message }) => shown(message, "ms")],
    ["memory for an idle socket, of 1,000", ({ kilobytesPerSocket }) => shown(kilobytesPerSocket, "KB")],
    ["measured", ({ date, machine }) => `${date}, ${machine}`],
  ];
  const cells = rows.map(([title, of]) => [title, ...measured.map(([, { speed }]) => of(speed))]);
  return table(["", ...measured.map(([name]) => name)], cells);
}

const column = groups.map((group) => [
  capital(group),
  ...targets.map(([, { results }]) => score(results, knownOf(group))),
]);
const totals = ["**All that is known**", ...targets.map(([, { results }]) => score(results, known))];
const dates = ["Run on", ...targets.map(([, { date }]) => date)];

const page = `# What the gateway does as AWS does

This page is made by \`node crates/gateway/conformance/table.mjs\`, of the cases in
[cases.json](../crates/gateway/conformance/cases.json) and what came of them. Each case says what is sent, what has to come, and who says
that AWS does so: a page of its documentation, the RFC, or an observation that somebody has published. Of ${cases.length} cases
${cases.length - known.length} are not known: AWS documents nothing, nobody has told, and the case has what this gateway does. Some cases rest on a
page about REST APIs, since the one about WebSocket APIs is silent, and say so.

${table(["", ...names], [...column, totals, dates])}

${standing()}
A column of another emulator says what it did on that day, in a suite whose cases this project chose.

## Speed

Measured by [speed.mjs](../crates/gateway/conformance/speed.mjs), which is run by hand: medians of 5 starts, 100 handshakes and 300
messages. The function is the suite's own, in Node; memory is that of the server's own process. ministack's start includes the
deployment of the templates. serverless-offline runs functions inside its process, so that they are in its memory and no process lies
between. Other work loaded the machine (its load is in the table), so
that only large differences mean anything.

${speed()}

## How each was run

No AWS account has been at hand so far, so that AWS itself has no column. To add it:

    cd crates/gateway/conformance
    for name in template template-authorizer template-throttled; do
      aws cloudformation package --template-file $name.json --s3-bucket BUCKET --use-json --output-template-file out.json
      aws cloudformation deploy --template-file out.json --stack-name conformance-$name --capabilities CAPABILITY_IAM
    done
    node run.mjs --target wss://ID.execute-api.REGION.amazonaws.com/test --authorizer wss://… --throttled wss://… \\
      --lambda https://lambda.REGION.amazonaws.com/2015-03-31/functions --report results.json --name AWS
    node table.mjs

The runner signs its calls of \`@connections\` and of Lambda with the credentials in \`AWS_ACCESS_KEY_ID\`, \`AWS_SECRET_ACCESS_KEY\` and
\`AWS_SESSION_TOKEN\`. Where an SDK is installed, \`--javascript FOLDER\`, \`--boto3 PYTHON\` and \`--cli AWS\` say where; \`--rust PROGRAM\` is
what \`cargo build --locked --workspace --example connections\` makes. \`--hours\` adds two cases, which take 10 minutes and 2 hours.

- **The gateway** runs a template with one command: \`gateway --template template.json --allow-origin https://example.org\`, and the other
  two likewise. Without the second flag it refuses handshakes from web pages of other machines, which AWS does not: on a laptop, any page
  that its owner visits could open a socket.
- **ministack**: [others/ministack.py](../crates/gateway/conformance/others/ministack.py). It gets the templates without their resources
  of the types \`RouteResponse\` and \`IntegrationResponse\`, which it refuses.
- **serverless-offline**: [others/serverless-offline.mjs](../crates/gateway/conformance/others/serverless-offline.mjs), with Serverless 3,
  whose configuration it makes of the same templates. A stage's throttle has no counterpart there, so that nothing is throttled.
  Most frames that break the protocol end its process, for all its clients; the script starts it again.
- Not run: **Architect's sandbox**, which has neither route responses, by which the cases read events, nor \`@connections\`;
  **LocalStack**, whose WebSocket APIs are not in its free edition; **moto**, which serves no sockets.

Not in the cases: custom domains, models of messages, API keys, IAM authorization and the Runtime API. A time-out of \`$connect\`
after 29 seconds is not in them either: what its client gets is not known.
${groups
  .map((group) => {
    const some = cases.filter((one) => one.group === group);
    const rows = some.map((one) => [one.title, ...targets.map(([, { results }]) => cell(results[one.id], one)), source(one)]);
    return `\n## ${capital(group)}\n\n${table(["case", ...names, "who says so"], rows)}\n`;
  })
  .join("")}`;

if (!process.argv.includes("--check")) {
  writeFileSync(PAGE, page);
} else if (readFileSync(PAGE, "utf8") !== page) {
  console.error("docs/gateway-conformance.md is not what `node crates/gateway/conformance/table.mjs` makes");
  process.exitCode = 1;
}
