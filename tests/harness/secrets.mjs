/**
 * Search for chatter IDs in printed lines. A chatter ID is sent in many forms: the browser's subprotocol is base64url of the
 * login, a NUL and the ID, at an alignment that depends on the login, and does not contain the ID's own text.
 */

/** Parts of a text that are long enough for an encoded chatter ID: its text, or in base64 and as a list its 16 bytes. */
const BASE64 = /[\w+/-]{22,}/g;
const HEX = /[0-9a-f]{64,}/gi;
const DECIMAL = /\d{1,3}(?:,\s*\d{1,3}){15,}/g;

/**
 * Those of these chatter IDs that a text contains, in any form.
 * @param {string} text
 * @param {string[]} chatterIds
 */
export function leaked(text, chatterIds) {
  const found = new Set();
  for (const reading of readings(text)) {
    const plain = bare(reading);
    for (const chatterId of chatterIds) if (plain.includes(bare(chatterId))) found.add(chatterId);
  }
  return [...found];
}

/** The form in which texts and IDs are compared: in lower case, without hyphens. */
function bare(text) {
  return text.toLowerCase().replaceAll("-", "");
}

/** The text, and each part of it that could be an encoding, decoded. */
function* readings(text) {
  yield text;
  const unescaped = withoutEscapes(text);
  if (unescaped !== text) yield unescaped;
  for (const [word] of unescaped.matchAll(BASE64)) {
    // The encoding may begin anywhere in the word, since a path or a prefix may be of the same alphabet.
    for (let start = 0; start < 4; start += 1) yield* bytes(Buffer.from(word.slice(start), "base64url"));
  }
  for (const [word] of unescaped.matchAll(HEX)) {
    for (let start = 0; start < 2; start += 1) yield* bytes(Buffer.from(word.slice(start), "hex"));
  }
  for (const [list] of unescaped.matchAll(DECIMAL)) yield* bytes(Buffer.from(list.split(",").map(Number)));
}

/** Bytes read as a text, and in hexadecimal, which finds an ID's 16 bytes. */
function* bytes(buffer) {
  yield buffer.toString("latin1");
  yield buffer.toString("hex");
}

/** The text with the escapes of URLs, of JSON and of printed bytes resolved, up to four levels deep. */
function withoutEscapes(text) {
  for (let times = 0; times < 4; times += 1) {
    text = text.replace(/(?:%|\\+x|\\+u00|\\+u\{)([0-9a-f]{2})\}?/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  }
  return text;
}
