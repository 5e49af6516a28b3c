/**
 * The client that a site hosts does what the model does, which is proved to lose nothing: step by step it shows, asks and
 * remembers the same. And with any of the mistakes in `traces/mistakes.mjs` it does not, so the traces would catch them.
 *
 * `protocol/traces/page.json` has the model's shortest counterexamples. `TRACES` names a folder with more, such as the one that
 * `cargo run -p model --bin traces -- target/traces` writes, which take every transition of a page.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { client } from "./traces/client.mjs";
import { MISTAKES } from "./traces/mistakes.mjs";
import { difference } from "./traces/player.mjs";

const read = (file) => JSON.parse(readFileSync(file, "utf8"));

const examples = read(new URL("../../protocol/traces/page.json", import.meta.url));
const more = process.env.TRACES ? read(`${process.env.TRACES}/page.json`) : [];
const traces = [...examples, ...more];

test("the_client_does_what_the_model_does", async (t) => {
  const hosted = await client();
  const found = [];
  for (const trace of traces) found.push(await difference(hosted, trace));
  const steps = traces.reduce((sum, { steps }) => sum + steps.length, 0);
  t.diagnostic(`${traces.length} traces, ${steps} steps`);
  const [shortest] = found.filter(Boolean).sort((one, other) => one.steps - other.steps);
  assert.equal(shortest?.message, undefined);
});

for (const { rule, name, module, change } of MISTAKES) {
  test(`${rule}: the_traces_catch_${name}`, async (t) => {
    const mistaken = await client((of, text) => (of === module ? changed(text, change) : text));
    const found = await firstDifference(mistaken);
    assert.ok(found, "every trace is the same with this mistake");
    t.diagnostic(`caught by "${found.trace.why}" after ${found.steps} steps: ${found.what}`);
  });
}

/** A module's text with each of the replacements, which are of text that is there once. */
function changed(text, change) {
  for (const [before, after] of Object.entries(change)) {
    assert.equal(text.split(before).length, 2, `there is not one place with: ${before}`);
    text = text.replace(before, () => after);
  }
  return text;
}

async function firstDifference(mistaken) {
  for (const trace of traces) {
    const found = await difference(mistaken, trace);
    if (found) return found;
  }
  return null;
}
