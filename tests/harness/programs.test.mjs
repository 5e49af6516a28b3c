import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { refuseStale } from "./programs.mjs";

test("programs_that_are_missing_or_older_than_a_source_are_refused", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "chatterbox programs-"));
  t.after(() => rm(folder, { recursive: true }));
  const write = async (name, text, age) => {
    const path = join(folder, name);
    await writeFile(path, text);
    await utimes(path, new Date(), new Date(Date.now() - age * 1000));
    return path.replaceAll(" ", "\\ ");
  };
  const list = async (...sources) => {
    for (const name of ["chatter", "connect", "disconnect", "default", "notify", "revoke"]) {
      const program = await write(name, "", 60);
      await write(`${name}.d`, `${program}: ${name === "notify" ? sources.join(" ") : ""}\n`, 60);
    }
  };
  await assert.rejects(refuseStale(folder), /chatter is missing/);
  const [old, young] = [await write("old source.rs", "", 90), await write("new.rs", "", 30)];
  await list(old);
  await refuseStale(folder);
  await list(old, young);
  await assert.rejects(refuseStale(folder), /notify is older than .*new\.rs/);
  await list(old, join(folder, "removed.rs").replaceAll(" ", "\\ "));
  await assert.rejects(refuseStale(folder), /notify is older than .*removed\.rs/);
  await rm(join(folder, "notify.d"));
  await assert.rejects(refuseStale(folder), /notify has no list/);
});
