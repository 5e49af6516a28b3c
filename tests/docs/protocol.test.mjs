/**
 * docs/protocol.md agrees with itself and with the sources: its examples have the fields of its tables, its messages are those
 * that core's own tests hold, and its rules are the model's.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Document, files, plain, read, readCode } from "./documents.mjs";
import { problems, shape } from "./schema.mjs";

const PROTOCOL = new Document("docs/protocol.md");

/** The examples, each with the table of fields that follows it. */
const EXAMPLES = PROTOCOL.tokens.flatMap((token, at) => {
  if (token.type !== "code" || !token.lang?.startsWith("json")) return [];
  const table = PROTOCOL.tokens.slice(at).find((next) => next.type === "table" && plain(next.header[0]) === "field");
  return [{ ...readCode(token), table: table.rows.map((row) => row.map(({ text }) => text.replaceAll("`", ""))) }];
});

/** What stands under each heading of the rules: `R1` and so on. */
function rules() {
  const sections = new Map();
  let text;
  for (const token of PROTOCOL.tokens) {
    if (token.type === "heading") sections.set(plain(token).match(/^[RTMV]\d+(?= )/)?.[0], (text = []));
    else if (token.type === "paragraph") text?.push(token.raw);
  }
  sections.delete(undefined);
  return sections;
}

for (const path of files(".md")) {
  const examples = new Document(path).code.filter(({ language }) => language === "json");
  for (const [n, { text }] of examples.entries()) {
    test(`JSON example ${n + 1} of ${path} can be read`, () => {
      JSON.parse(text);
    });
  }
}

test("every example of the protocol is marked with the message that it is", () => {
  assert.ok(EXAMPLES.length > 15);
  for (const { marks, text } of EXAMPLES) assert.ok(marks.message, text);
});

for (const { marks, text, table } of EXAMPLES) {
  test(`the example ${text.slice(0, 60)}… of ${marks.message} has the fields that its table says`, () => {
    assert.deepEqual(problems(JSON.parse(text), table), []);
  });
}

test("an example that its table does not allow is found", () => {
  const table = [
    ["type", '"a" or "b"', "yes"],
    ["at", "time", "no"],
    ["cursor", "object or null", "yes"],
    ["cursor.version", "integer", "yes"],
    ["updates", "list of objects", "no"],
    ["updates[].body", "any JSON", "yes"],
  ];
  for (const [example, wrong] of [
    [{ type: "a", cursor: null }, []],
    [{ type: "b", cursor: { version: 1 }, at: "2026-01-31T09:00:00Z", updates: [{ body: { any: [1] } }] }, []],
    [{ type: "c", cursor: null }, ["type"]],
    [{ type: "a" }, ["cursor"]],
    [{ type: "a", cursor: {} }, ["cursor.version"]],
    [{ type: "a", cursor: { version: 1.5 } }, ["cursor.version"]],
    [{ type: "a", cursor: null, more: 1 }, ["more"]],
    [{ type: "a", cursor: null, at: "yesterday", updates: [{}] }, ["at", "updates[].body"]],
  ]) {
    assert.deepEqual(problems(example, table), wrong, JSON.stringify(example));
  }
});

test("the handshake's example is what its sentence says", () => {
  const [{ text }] = PROTOCOL.code.filter(({ marks }) => marks.example === "handshake");
  const code = text.match(/chatterbox\.auth\.(\S+)$/)[1];
  assert.equal(Buffer.from(code, "base64url").toString(), "friendless\x003f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b");
});

// The three that follow compare texts of sources. A test in Rust that reads the marked examples can take their place.

test("the server's messages have the fields, in the order, that core's own test holds", () => {
  const texts = read("crates/core/src/protocol/outgoing.rs").match(/(?<=r#")\{"type":.*(?="#)/g);
  assert.ok(texts.length >= 5);
  const shapes = EXAMPLES.map(({ text }) => shape(JSON.parse(text)));
  for (const text of texts) {
    const same = shapes.some((one) => JSON.stringify(one) === JSON.stringify(shape(JSON.parse(text))));
    assert.ok(same, `no example has the fields of ${text}`);
  }
});

test("the texts of the errors are those that the functions send", () => {
  const sources = ["crates/core/src/protocol/outgoing.rs", "crates/core/src/protocol/incoming.rs"].map(read).join();
  const errors = EXAMPLES.filter(({ marks }) => marks.message === "error").map(({ text }) => JSON.parse(text).message);
  assert.equal(errors.length, 4);
  for (const message of errors) assert.ok(sources.includes(JSON.stringify(message)), message);
});

for (const path of ["docs/protocol.md", "docs/when-things-break.md"]) {
  test(`the reasons of refusals in ${path} are those that connect logs`, () => {
    const logged = read("crates/core/src/handshake/refusal.rs").matchAll(/Refusal::\w+ => "([a-z-]+)"/g);
    const table = new Document(path).tokens.find(({ type, header }) => type === "table" && plain(header[0]) === "reason" && header.length === 4);
    assert.deepEqual(table.rows.map(([reason]) => plain(reason)).sort(), Array.from(logged, ([, reason]) => reason).sort());
  });
}

test("the rules are the model's, by its numbers and its names", () => {
  const model = {};
  for (const [, number, , name] of read("tests/model/src/rules.rs").matchAll(/\/\/\/ \\\[(\w+)\]((?:.*\n)(?:\s*\/\/\/.*\n)*)\s*pub (\w+): bool/g)) {
    (model[number] ??= []).push(name);
  }
  const written = {};
  for (const [number, paragraphs] of rules()) {
    const names = paragraphs.join("\n").match(/Model:\s+((?:`\w+`,?\s*)+)/)[1];
    written[number] = names.match(/\w+/g);
  }
  assert.ok(Object.keys(model).length > 15);
  assert.deepEqual(written, model);
});
