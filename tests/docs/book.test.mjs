/** docs/ as a book: every page is in it, and its links lead somewhere there too. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { linksOut } from "../../book/links-out.mjs";
import { Document, files } from "./documents.mjs";

test("the book's summary lists every page of docs/ once", () => {
  const listed = new Document("docs/SUMMARY.md").links.map(({ href }) => `docs/${href}`);
  const pages = files(".md").filter((path) => path.startsWith("docs/") && path !== "docs/SUMMARY.md");
  assert.deepEqual(listed.toSorted(), pages);
});

test("the summary calls each page by its own heading or a shorter one", () => {
  for (const { href, words } of new Document("docs/SUMMARY.md").links) {
    const [heading] = new Document(`docs/${href}`).headings;
    const bare = words.replace(/^\d+ /, "").replaceAll("`", "").split(/\W+/)[0];
    assert.ok(heading.includes(bare), `${href}: ${words} is not ${heading}`);
  }
});

test("a link out of docs/ leads into the repository, and is text as long as there is none", () => {
  const text = "[a](protocol.md#words) [b](#x) [`c`](../web/README.md#states) [d](../infra) [e](https://example.com/) ![f](images/demo.png)";
  const inBook = (b, c) => `[a](protocol.md#words) [b](#x) ${b} ${c} [e](https://example.com/) ![f](images/demo.png)`;
  assert.equal(linksOut(text, "pages.md", ""), inBook("`c`", "d"));
  const at = "https://example.com/r";
  assert.equal(
    linksOut(text, "pages.md", at),
    inBook(`[\`c\`](${at}/blob/main/web/README.md#states)`, `[d](${at}/tree/main/infra)`),
  );
  assert.equal(linksOut("[a](../protocol.md) [b](../../README.md)", "decisions/0001.md", ""), "[a](../protocol.md) b");
});
