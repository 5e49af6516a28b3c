/** Links lead somewhere, and whatever cites a document cites one that is there. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { Document, ROOT, files, problem, read } from "./documents.mjs";

const DOCUMENTS = files(".md");

for (const path of DOCUMENTS) {
  test(`the links of ${path} lead to files, headings and names that are there`, () => {
    const document = new Document(path);
    const broken = document.links.map((link) => [link.href, problem(document, link)]).filter(([, what]) => what);
    assert.deepEqual(broken, []);
  });
}

test("a link that leads nowhere is found", () => {
  const text = [
    "# A heading",
    "[a](#a-heading) [b](README.md) [c](docs/protocol.md#words) [`Notifier::serve`](crates/core/src/notify/notifier.rs) [d](https://example.com/x)",
    "[e](#no-heading) [f](NOTHING.md) [g](docs/protocol.md#nothing) [`Notifier::nothing`](crates/core/src/notify/notifier.rs) [h](../elsewhere)",
  ].join("\n\n");
  const document = new Document("example.md", text);
  const problems = document.links.map((link) => problem(document, link));
  assert.deepEqual(problems, [
    undefined,
    undefined,
    undefined,
    undefined,
    "there is no such heading",
    "there is no such file",
    "there is no such heading",
    "nothing is not declared in that file",
    "leads out of the repository",
  ]);
});

test("nothing cites a document that is not in the repository", () => {
  const names = new Set(DOCUMENTS.map((path) => basename(path)));
  const sources = files(".md", ".rs", ".ts", ".mjs", ".js", ".py", ".toml", ".yml", "Makefile");
  const dangling = sources.filter((path) => !path.startsWith("tests/docs/")).flatMap((path) => {
    const cited = read(path).match(/[\w./-]*\w\.md\b/g) ?? [];
    const isThere = (name) =>
      name.includes("/") ? [ROOT, join(ROOT, dirname(path))].some((folder) => existsSync(join(folder, name))) : names.has(name);
    return cited.filter((name) => !isThere(name)).map((name) => `${path}: ${name}`);
  });
  assert.deepEqual(dangling, []);
});
