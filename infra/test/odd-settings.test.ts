import assert from "node:assert/strict";
import { test } from "node:test";
import { complete, SettingsError, type Settings } from "../lib/settings";
import { VARIANTS } from "./variants";

/** What a JSON file, or a line of settings.ts, may hold in the place of a value. */
const ODD: unknown[] = [undefined, null, 0, -1, 1.5, 1e21, "", " ", "x", "\u0000", "é", true, false, [], {}, [null], [""], [5], { a: 1 }];

const paced: Partial<Settings> = { throttle: { ping: { rate: 1, burst: 1 } }, env: { region: "eu-central-1", account: "123456789012" } };

/** The way to each value within a value. */
function* ways(value: unknown, way: string[] = []): Generator<string[]> {
  if (way.length > 0) yield way;
  if (typeof value !== "object" || value === null) return;
  for (const [name, one] of Object.entries(value)) yield* ways(one, [...way, name]);
}

/** A copy with another value at the end of this way. */
function withOther(value: any, [first, ...rest]: string[], other: unknown): any {
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[first!] = rest.length > 0 ? withOther(copy[first!], rest, other) : other;
  return copy;
}

test("whatever stands in the place of a setting, or of a part of one, is taken or gets a sentence", () => {
  let taken = 0;
  let refused = 0;
  for (const [variant, settings] of Object.entries({ ...VARIANTS, paced })) {
    for (const way of ways(settings)) {
      for (const odd of ODD) {
        try {
          complete(withOther(settings, way, odd));
          taken++;
        } catch (error) {
          assert(error instanceof SettingsError, `${variant}: ${way.join(".")} = ${JSON.stringify(odd)}: ${error}`);
          refused++;
        }
      }
    }
  }
  assert(refused > taken && taken > 0, `${taken} were taken and ${refused} refused`);
});
