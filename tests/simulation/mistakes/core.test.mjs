/**
 * With any of the mistakes in `mistakes.mjs`, core does not do what the model does: the counterexamples of the model, which
 * core plays without a difference as it is, catch each.
 */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { build, play } from "./mistaken-core.mjs";
import { MISTAKES } from "./mistakes.mjs";

describe("core with a mistake", { concurrency: 2 }, () => {
  let player;

  before(async () => {
    player = await build(MISTAKES);
  });

  test("without_a_mistake_the_copy_of_core_does_what_the_model_does", async () => {
    assert.equal(await play(player, ""), null);
  });

  for (const { rule, name } of MISTAKES) {
    test(`${rule}: the_traces_catch_${name}`, async (t) => {
      const found = await play(player, name);
      assert.ok(found, "every trace is the same with this mistake");
      t.diagnostic(found.split("\n").find((line) => line.startsWith("scenario")) ?? "the player could not go on");
    });
  }
});
