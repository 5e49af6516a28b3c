import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { complete, SettingsError } from "../lib/settings";

interface Case {
  readonly origin: string;
  readonly ok: boolean;
  readonly why: string;
}

/** Cases that crates/core's tests read too, so that the functions accept exactly the origins that can be deployed. */
const CASES: Case[] = JSON.parse(readFileSync(join(__dirname, "../../crates/core/tests/origins.json"), "utf8"));

/** Problems of a list of origins. */
function problems(...allowedOrigins: unknown[]): string[] {
  try {
    complete({ allowedOrigins: allowedOrigins as string[] });
    return [];
  } catch (error) {
    assert(error instanceof SettingsError);
    return error.problems;
  }
}

for (const { origin, ok, why } of CASES) {
  test(`the origin ${JSON.stringify(origin)} is ${ok ? "accepted" : "refused"}: ${why}`, () => {
    const found = problems(origin);
    assert.equal(found.length, ok ? 0 : 1, found.join("\n"));
    for (const problem of found) assert(problem.startsWith(`allowedOrigins: ${JSON.stringify(origin)} `), problem);
  });
}

test("origins with http and https are accepted only in the form that browsers send", () => {
  const taken = CASES.filter(({ origin, ok }) => ok && /^https?:/.test(origin));
  assert(taken.length > 10);
  // Node's URL follows the same standard as browsers.
  for (const { origin } of taken) assert.equal(new URL(origin).origin, origin);
});

/** Common mistakes, and the hint that the message about each gives. */
const HINTS: [string, unknown, RegExp][] = [
  [
    "the default port of https",
    "https://www.example.com:443",
    /leaves out the port 443, which https has anyhow/,
  ],
  ["the default port of http", "http://www.example.com:80", /leaves out the port 80, which http has anyhow/],
  ["letters beyond ASCII", "https://bücher.example", /punycode: https:\/\/xn--bcher-kva\.example/],
  ["letters beyond ASCII in an app's scheme", "app://bücher", /punycode/],
  ["the address of the socket", "wss://socks.example.com", /the page's origin, not the socket's address: https:\/\//],
  [
    "the address of a socket in development",
    "ws://localhost:8080",
    /the page's origin, not the socket's address: http:\/\//,
  ],
  ["a pattern", "*", /leave allowedOrigins out/],
  ["null", "null", /whoever made the page/],
  ["a file", "file://", /no host/],
  ["a slash at the end", "https://www.example.com/", /nothing after host and port/],
  ["capital letters", "https://WWW.Example.com", /lower case/],
  ["no scheme", "www.example.com", /scheme/],
  ["nothing at all", "", /scheme/],
  ["two origins in one element", "https://a.example,https://b.example", /an element of its own/],
  ["a blank around it", " https://www.example.com", /blank/],
  ["a number", 5, /must be text/],
  ["JSON's null", null, /must be text/],
];

for (const [what, origin, hint] of HINTS) {
  test(`an origin is refused with a hint what to do: ${what}`, () => {
    const found = problems("https://www.example.com", origin);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0]!, hint);
  });
}
