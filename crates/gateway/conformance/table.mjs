// Makes docs/gateway-conformance.md of the cases and the results: `node table.mjs [--check]`. With --check it only says whether the
// page is as it would make it.
import { readFileSync, writeFileSync } from "node:fs";

const near = (name) => new URL(name, import.meta.url);
const cases = JSON.parse(readFileSync(near("cases.json"), "utf8"));
const targets = Object.entries(JSON.parse(readFileSync(near("results.json"), "utf8")));
const PAGE = near("../../../docs/gateway-conformance.md");

const isKnown = ({ source }) => source !== "not known";
const groups = [...new Set(cases.map(({ group }) => group))];
const row = (cells) => `| ${cells.join(" | ")} |`;
const known = cases.filter(isKnown);

function score(results, some) {
  const right = some.filter(({ id }) => results[id] === true).length;
  return `${right} of ${some.length}`;
}

function source({ source }) {
  const url = source.match(/https:\S+/)?.[0];
  if (!url) return source;
  const name = url.replace(/^https:\/\/(docs\.aws\.amazon\.com\/)?/, "").split("/").at(-1).replace(/\.html$/, "");
  return `[${name}](${url})`;
}

const cell = (result, one) => {
  if (result === undefined) return "not run";
  if (!isKnown(one)) return result === true ? "so" : "otherwise";
  return result === true ? "yes" : "**no**";
};

const page = `# What the gateway does as AWS does

This page is made by \`node crates/gateway/conformance/table.mjs\`, of the cases in
[cases.json](../crates/gateway/conformance/cases.json) and what came of them. Each case says what is sent, what has to come, and who says
that AWS does so: a page of its documentation, the RFC, or an observation that somebody has published. Of ${cases.length} cases
${cases.length - known.length} are not known: AWS documents nothing, nobody has told, and the case has what this gateway does.

${row(["target", "date", ...groups, "all that is known"])}
${row(["---", "---", ...groups.map(() => "---"), "---"])}
${targets
  .map(([name, { date, results }]) => {
    const scores = groups.map((group) => score(results, known.filter((one) => one.group === group)));
    return row([name, date, ...scores, score(results, known)]);
  })
  .join("\n")}

ministack got the template without its resources of the types \`RouteResponse\` and \`IntegrationResponse\`, which it does not know. A row of
another emulator says what it did on that day, in a suite whose cases this project chose. No AWS account has been at hand so far, so that
AWS itself has no row. To add it, or any other target:

    cd crates/gateway/conformance
    aws cloudformation package --template-file template.json --s3-bucket BUCKET --use-json --output-template-file out.json
    aws cloudformation deploy --template-file out.json --stack-name conformance --capabilities CAPABILITY_IAM
    node run.mjs --target wss://ID.execute-api.REGION.amazonaws.com/test --report results.json --name AWS
    node table.mjs

The runner signs its calls of \`@connections\` with the credentials in \`AWS_ACCESS_KEY_ID\`, \`AWS_SECRET_ACCESS_KEY\` and
\`AWS_SESSION_TOKEN\`. On this machine the same template runs with one command:

    gateway --template template.json

Not in the cases yet: \`$disconnect\` and its codes, time-outs (29 seconds, 10 minutes, 2 hours), throttling, authorizers, custom domains, the
Runtime API, and what the SDKs of AWS make of the answers. The gateway's own tests have these, but for the SDKs.
${groups
  .map((group) => {
    const head = [row(["case", ...targets.map(([name]) => name), "who says so"]), row(["---", ...targets.map(() => "---"), "---"])];
    const rows = cases
      .filter((one) => one.group === group)
      .map((one) => row([one.title, ...targets.map(([, { results }]) => cell(results[one.id], one)), source(one)]));
    return `\n## ${group[0].toUpperCase()}${group.slice(1)}\n\n${[...head, ...rows].join("\n")}\n`;
  })
  .join("")}`;

if (!process.argv.includes("--check")) {
  writeFileSync(PAGE, page);
} else if (readFileSync(PAGE, "utf8") !== page) {
  console.error("docs/gateway-conformance.md is not what `node crates/gateway/conformance/table.mjs` makes");
  process.exitCode = 1;
}
