/**
 * The tests of core, one by one: how long each takes, and in which functions with mutants it comes. A test that never calls a
 * function cannot notice a mistake in it.
 *
 * @typedef {{ program: string, name: string, time: number, calls: Set<number> }} Test Its time is in milliseconds.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../harness/core-copy.mjs";
import { each } from "./each.mjs";

/** A mutant with which its tests take so many times as long as without is caught: they wait for what never comes. */
const PATIENCE = 5;
/** What is added to it, in milliseconds: a busy machine may halt for seconds. */
const HALT = 10_000;
/** Tests that take longer, in milliseconds, are run when all others have noticed nothing. */
const LONG = 1_500;
/** How often a test is run that fails without a mutant. */
const TRIES = 3;

const silent = () => undefined;

/** Runs every test of these programs alone. @param {string[]} programs @returns {Promise<Test[]>} */
export async function testsOf(copy, programs) {
  const folder = mkdtempSync(join(tmpdir(), "mutants-"));
  /** @type {Test[]} */ const tests = [];
  for (const program of programs) {
    const { output } = await run(program, ["--list", "--format=terse"], {});
    const names = [...output.matchAll(/^(.+): test$/gm)].map(([, name]) => name);
    await each(names, silent, "", async (name) => {
      tests.push({ program, name, ...(await recorded(copy, program, name, join(folder, name.replaceAll(":", "-")))) });
    });
  }
  rmSync(folder, { recursive: true });
  return tests;
}

/** Runs a test that has to pass, again if it fails once: a busy machine may be too slow for one about time-outs. */
async function recorded(copy, program, name, file) {
  let told = "";
  for (let tries = 0; tries < TRIES; tries += 1) {
    const began = performance.now();
    const { failed, output } = await runTests(copy, program, [name], { MUTANTS_CALLED: file }, 0);
    if (!failed) return { time: performance.now() - began, calls: new Set(called(file)) };
    told = output;
  }
  throw new Error(`the test ${name} fails without a mutant:\n${told}`);
}

/** The mutants whose functions a process has called; none if it called none. */
function called(file) {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number);
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

/** Whether one of these tests fails with this mutant. The short ones are run first. @param {Test[]} tests */
export async function isCaughtBy(copy, tests, mutant) {
  for (const some of [tests.filter(({ time }) => time <= LONG), tests.filter(({ time }) => time > LONG)]) {
    for (const program of new Set(some.map((test) => test.program))) {
      const own = some.filter((test) => test.program === program);
      const patience = HALT + PATIENCE * own.reduce((sum, { time }) => sum + time, 0);
      const names = own.map(({ name }) => name);
      if ((await runTests(copy, program, names, { MUTANT: String(mutant) }, Math.ceil(patience))).failed) return true;
    }
  }
  return false;
}

/** Runs these tests of a program, most of which wait more than they work. */
function runTests(copy, program, names, variables, timeout) {
  const env = { ...process.env, ...variables, CARGO_MANIFEST_DIR: copy.core, RUST_BACKTRACE: "0" };
  const options = { cwd: copy.core, env, timeout, killSignal: "SIGKILL" };
  return run(program, ["--exact", "--test-threads=4", "--quiet", ...names], options);
}
