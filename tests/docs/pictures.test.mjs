/** Mermaid pictures are drawn by whoever shows the document: here each is parsed, so that none is shown as an error. */

import assert from "node:assert/strict";
import { test } from "node:test";
import DOMPurify from "dompurify";
import mermaid from "mermaid";
import { Document, files } from "./documents.mjs";

// Mermaid cleans a flowchart's texts with DOMPurify, which needs a browser's DOM. To parse them, nothing has to be clean.
Object.assign(DOMPurify, { addHook() {}, sanitize: (text) => text });

for (const path of files(".md")) {
  const pictures = new Document(path).code.filter(({ language }) => language === "mermaid");
  for (const [n, { text }] of pictures.entries()) {
    test(`picture ${n + 1} of ${path} can be drawn`, async () => {
      assert.ok(await mermaid.parse(text));
    });
  }
}

test("a picture with a mistake is refused", async () => {
  await assert.rejects(mermaid.parse("sequenceDiagram\n  A->>: no receiver"));
});
