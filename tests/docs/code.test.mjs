/** Code in the documents can be read by what it is written for: shell, JavaScript, Python. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Document, files } from "./documents.mjs";

/** For each language a program that reads code from standard input and does not run it. */
const READERS = {
  bash: ["bash", "-n"],
  js: ["node", "--check", "--input-type=module", "-"],
  python: ["python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())"],
};
/** Code without a language is indented; it is a command if it begins like one. */
const COMMAND = /^(?:[A-Z_]+=\S+ )*(?:aws|cargo|cd|curl|echo|export|make|node|npm|npx|python3)\b/;

/** What is wrong with a piece of code, or nothing. */
function mistake(language, text) {
  const [program, ...parameters] = READERS[language];
  const { status, stderr, error } = spawnSync(program, parameters, { input: text, encoding: "utf8", timeout: 10_000 });
  if (error) throw error;
  return status === 0 ? undefined : stderr;
}

for (const path of files(".md")) {
  const document = new Document(path);
  const fenced = document.code.filter(({ language }) => language in READERS);
  const commands = document.indented.filter((text) => COMMAND.test(text)).map((text) => ({ language: "bash", text }));
  for (const [n, { language, text }] of [...fenced, ...commands].entries()) {
    test(`code ${n + 1} of ${path} is ${language}`, () => {
      assert.equal(mistake(language, text), undefined);
    });
  }
}

test("code with a mistake is found, in each language", () => {
  assert.ok(mistake("bash", "echo 'no end"));
  assert.ok(mistake("js", "const = 1;"));
  assert.ok(mistake("python", "def nothing()"));
});
