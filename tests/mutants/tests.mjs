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

/**
 * Whether one of these tests fails with this mutant. Those beside the code are run first, and the long ones last.
 *
 * @param {Test[]} tests
 * @param {import("./source.mjs").Mutant} mutant
 * @param {((test: Test) => string) | undefined} unmutated The program without the mutant, if that is another one.
 */
export async function isCaughtBy(copy, tests, mutant, unmutated = ({ program }) => program) {
  const module = `${mutant.file.replace(/\.rs$/, "").replaceAll("/", "::")}::tests::`;
  const turn = ({ name, time }) => (time > LONG ? 2 : name.startsWith(module) ? 0 : 1);
  for (const now of [0, 1, 2]) {
    const some = tests.filter((test) => turn(test) === now);
    for (const program of new Set(some.map((test) => test.program))) {
      const own = some.filter((test) => test.program === program);
      if (await fail(copy, own, mutant.id, unmutated)) return true;
    }
  }
  return false;
}

/**
 * Whether tests of one program fail because of the mutant: those that fail pass without it, and fail again with it. Otherwise the
 * machine was only busy.
 *
 * @param {Test[]} tests
 */
async function fail(copy, tests, mutant, unmutated) {
  const withMutant = (some) => runTests(copy, some[0].program, some.map(nameOf), { MUTANT: String(mutant) }, patience(some));
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { failed, output } = await withMutant(tests);
    if (!failed) return false;
    const names = failures(output);
    const some = names.length ? tests.filter(({ name }) => names.includes(name)) : tests;
    if ((await runTests(copy, unmutated(some[0]), some.map(nameOf), {}, patience(some))).failed) continue;
    if ((await withMutant(some)).failed) return true;
  }
  return false;
}

const nameOf = ({ name }) => name;

const patience = (tests) => Math.ceil(HALT + PATIENCE * tests.reduce((sum, { time }) => sum + time, 0));

/** The tests that failed, by what the harness printed; none if it did not come to that. */
function failures(output) {
  const [, list = ""] = output.split("\nfailures:\n").at(-1).match(/^((?: {4}\S+\n)+)/) ?? [];
  return list.split("\n").map((name) => name.trim()).filter(Boolean);
}

/** Runs these tests of a program, most of which wait more than they work. */
function runTests(copy, program, names, variables, timeout) {
  const env = { ...process.env, ...variables, CARGO_MANIFEST_DIR: copy.core, RUST_BACKTRACE: "0" };
  const options = { cwd: copy.core, env, timeout, killSignal: "SIGKILL" };
  return run(program, ["--exact", "--test-threads=4", "--quiet", ...names], options);
}
