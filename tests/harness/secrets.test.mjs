import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { leaked } from "./secrets.mjs";

/** Every byte of a text, written by a function. */
const each = (text, write) => [...Buffer.from(text)].map(write).join("");
const hex = (byte) => byte.toString(16).padStart(2, "0");
const base64 = (text) => Buffer.from(text).toString("base64");
const base64url = (text) => Buffer.from(text).toString("base64url");
const raw = (id) => Buffer.from(id.replaceAll("-", ""), "hex");

/** Forms in which a chatter ID may be printed. */
const FORMS = {
  "as it is": (id) => id,
  "in upper case": (id) => id.toUpperCase(),
  "without hyphens": (id) => id.replaceAll("-", ""),
  "in upper case without hyphens": (id) => id.replaceAll("-", "").toUpperCase(),
  "percent-encoded where it must be": (id) => encodeURIComponent(`{"chatterId":"${id}"}`),
  "percent-encoded throughout": (id) => each(id, (byte) => `%${hex(byte)}`),
  "percent-encoded twice": (id) => each(id, (byte) => `%25${hex(byte).toUpperCase()}`),
  "with JSON's escapes": (id) => each(id, (byte) => `\\u00${hex(byte)}`),
  "with JSON's escapes, as JSON": (id) => JSON.stringify(each(id, (byte) => `\\u00${hex(byte)}`)),
  "its hyphens with JSON's escapes": (id) => id.replaceAll("-", "\\u002d"),
  "with Rust's escapes": (id) => each(id, (byte) => `\\x${hex(byte)}`),
  "with Rust's escapes of characters": (id) => each(id, (byte) => `\\u{${hex(byte)}}`),
  "hex of its text": (id) => each(id, hex),
  "hex of its text, in upper case, behind an odd digit": (id) => `f${each(id, hex).toUpperCase()}`,
  "a list of its text's bytes": (id) => `[${[...Buffer.from(id)].join(", ")}]`,
  "a list of its bytes": (id) => JSON.stringify([...raw(id)]),
  "base64 of its bytes": (id) => raw(id).toString("base64"),
  "base64url of its bytes": (id) => raw(id).toString("base64url"),
  "base64 of its text without hyphens": (id) => base64(id.replaceAll("-", "")),
  "percent-encoded base64": (id) => encodeURIComponent(base64(`??${id}`)),
  "basic authentication": (id) => `authorization: Basic ${base64(`friendless:${id}`)}`,
  ...Object.fromEntries(
    // Every alignment of a login before it, and characters of both alphabets.
    ["", "f", "fr", "fri", "frie", "~?>", "Ürsel"].flatMap((login) => [
      [`the subprotocol of ${login}`, (id) => `chatterbox.v1, chatterbox.auth.${base64url(`${login}\0${id}`)}`],
      [`base64 behind ${login}`, (id) => base64(`${login}${id} and more`)],
      [`base64 of the upper case behind ${login}`, (id) => base64(`${login}${id.toUpperCase()}`)],
      [`a path before base64 behind ${login}`, (id) => `/a/${base64(`${login}${id}`)}`],
    ]),
  ),
};

for (const [name, write] of Object.entries(FORMS)) {
  test(`a_chatter_id_is_found_that_is_printed_${name.replaceAll(" ", "_")}`, () => {
    const [id, other] = [randomUUID(), randomUUID()];
    assert.deepEqual(leaked(`a line before\n{"level":"INFO","offered":"${write(id)}"}\na line after`, [other, id]), [id]);
  });
}

test("other_ids_and_parts_of_an_id_are_not_found", () => {
  const id = randomUUID();
  const text = [randomUUID(), base64url(`friendless\0${randomUUID()}`), id.slice(1), base64(id.slice(0, -1)), each(id.slice(2), hex)];
  assert.deepEqual(leaked(text.join("\n"), [id]), []);
});
