/**
 * The search for chatter IDs in what was printed. A secret travels in many forms: the browser's own carrier is base64url
 * of the login, a NUL and the ID, at whatever alignment the login leaves, and never contains the ID itself.
 */

/** The least of each that can hold a chatter ID: its text without hyphens, and for base64 and hex also its 16 bytes. */
const BASE64 = /[\w+/-]{22,}/g;
const HEX = /[0-9a-f]{64,}/gi;
const DECIMAL = /\d{1,3}(?:,\s*\d{1,3}){15,}/g;

/**
 * Which of these chatter IDs can be read out of a text.
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

/** As it is compared: in lower case, without hyphens. */
function bare(text) {
  return text.toLowerCase().replaceAll("-", "");
}

/** The text, and what it says if it, or any part of it, is encoded. */
function* readings(text) {
  yield text;
  const unescaped = withoutEscapes(text);
  if (unescaped !== text) yield unescaped;
  for (const [word] of unescaped.matchAll(BASE64)) {
    // Where in the word the encoding begins is not known: its path, or a prefix, may be of the same alphabet.
    for (let start = 0; start < 4; start += 1) yield* bytes(Buffer.from(word.slice(start), "base64url"));
  }
  for (const [word] of unescaped.matchAll(HEX)) {
    for (let start = 0; start < 2; start += 1) yield* bytes(Buffer.from(word.slice(start), "hex"));
  }
  for (const [list] of unescaped.matchAll(DECIMAL)) yield* bytes(Buffer.from(list.split(",").map(Number)));
}

/** Bytes as the text that they are, and as the 16 bytes that an ID stands for. */
function* bytes(buffer) {
  yield buffer.toString("latin1");
  yield buffer.toString("hex");
}

/** Without the escapes of URLs, of JSON, and of what prints bytes. What was escaped again was so a few times at most. */
function withoutEscapes(text) {
  for (let times = 0; times < 4; times += 1) {
    text = text.replace(/(?:%|\\+x|\\+u00|\\+u\{)([0-9a-f]{2})\}?/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  }
  return text;
}
