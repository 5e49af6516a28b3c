/**
 * Makes every small mistake in core that cargo-mutants knows, and runs core's own tests and the traces on each:
 * `node tests/mutants/mutants.mjs [PART_OF_A_NAME]`. Prints how many were caught, and fails if it is less than 95 of a hundred, or if one
 * survives for which `survivors.json` has no reason.
 *
 * cargo-mutants itself builds core once for each mutant, and runs all tests on it, which takes hours. Here all of them are in one
 * build, behind a switch, and only those that cannot be are built alone; and of the tests only those are run that call the
 * function in which the mutant is.
 */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { CoreCopy, ROOT, run, testProgram } from "../harness/core-copy.mjs";
import { each } from "./each.mjs";
import { keyOf, mutated, withSwitches } from "./source.mjs";
import { testsOf, isCaughtBy } from "./tests.mjs";

const ENOUGH = 0.95;
const PROGRAMS = [
  ["core/Cargo.toml", "chatterbox_core"],
  ["core/Cargo.toml", "tables"],
  ["core/Cargo.toml", "contract"],
  ["core/Cargo.toml", "output"],
  ["simulation/Cargo.toml", "traces"],
  ["core/Cargo.toml", "wire"],
];
const TARGETS = ["--lib", ...PROGRAMS.slice(1).flatMap(([, name]) => ["--test", name])];
const SWITCH = `//! Which mutant this process runs, and which functions with mutants it has called.

use std::{collections::HashSet, fs::File, io::Write, sync::{LazyLock, Mutex}};

pub(crate) fn runs(id: usize) -> bool {
    static MUTANT: LazyLock<Option<usize>> = LazyLock::new(|| std::env::var("MUTANT").ok()?.parse().ok());
    static CALLED: LazyLock<Option<Mutex<(File, HashSet<usize>)>>> =
        LazyLock::new(|| Some(Mutex::new((File::create(std::env::var("MUTANTS_CALLED").ok()?).ok()?, HashSet::new()))));
    if let Some(called) = &*CALLED {
        let mut called = called.lock().unwrap_or_else(|broken| broken.into_inner());
        if called.1.insert(id) {
            let _ = writeln!(called.0, "{id}");
        }
    }
    *MUTANT == Some(id)
}
`;

const say = (text) => console.error(text);

/** The mutants that cargo-mutants lists. @returns {Promise<import("./source.mjs").Mutant[]>} */
async function list(part) {
  const { failed, output, errors } = await run(process.env.CARGO_MUTANTS ?? "cargo-mutants", ["mutants", "--list", "--json", "--package", "chatterbox-core"], { cwd: ROOT });
  if (failed) throw new Error(errors);
  const mutants = JSON.parse(output).map((mutant, id) => ({ ...mutant, id, file: mutant.file.replace("crates/core/src/", "") }));
  return mutants.filter(({ name }) => name.includes(part));
}

/** Groups by a key. @template T @param {T[]} all @returns {Map<string, T[]>} */
function groups(all, key) {
  const found = new Map();
  for (const one of all) found.set(key(one), [...(found.get(key(one)) ?? []), one]);
  return found;
}

/**
 * Builds core with all the mutants that compile beside one another. Those whose own text does not compile are unviable; those
 * in whose function no switch can stand, as it is `const` or returns an `impl`, have to be built alone.
 */
async function buildTogether(mutants) {
  const copy = new CoreCopy("mutants");
  const originals = new Map([...groups(mutants, ({ file }) => file).keys()].map((file) => [file, copy.read(file)]));
  const unviable = new Set();
  const alone = new Set();
  copy.write("mutants.rs", SWITCH);
  copy.replace("lib.rs", "pub mod backoff;", "pub mod backoff;\nmod mutants;");
  copy.write("lib.rs", copy.read("lib.rs").replace(/^(?!\/\/!)/m, "#![allow(warnings, clippy::all)]\n"));
  originals.delete("lib.rs");
  for (let round = 1; ; round += 1) {
    const owners = new Map();
    for (const [file, source] of originals) {
      const here = mutants.filter((mutant) => mutant.file === file && !unviable.has(mutant) && !alone.has(mutant));
      const made = withSwitches(source, here);
      for (const mutant of here) if (!made.mutants.includes(mutant)) alone.add(mutant);
      owners.set(file, made.owners);
      copy.write(file, made.text);
    }
    say(`round ${round}: building ${mutants.length - unviable.size - alone.size} mutants together`);
    const { failed, errors, messages } = await copy.cargo("check", "--package", "chatterbox-core", "--lib", "--all-features");
    if (!failed) break;
    const before = unviable.size + alone.size;
    for (const { file, line } of places(messages)) {
      const owner = owners.get(file)?.[line - 1];
      if (owner?.mutant) unviable.add(owner.mutant);
      if (owner?.isSwitch) for (const mutant of owner.body.mutants) alone.add(mutant);
    }
    if (unviable.size + alone.size > before) continue;
    // Nothing but functions as they were is wrong: a switch cannot stand there.
    for (const { file, line } of places(messages)) for (const mutant of owners.get(file)?.[line - 1]?.body.mutants ?? []) alone.add(mutant);
    if (unviable.size + alone.size === before) throw new Error(errors);
  }
  return { copy, originals, unviable, alone };
}

/** Where the compiler found errors. */
function places(messages) {
  const errors = messages.filter(({ reason, message }) => reason === "compiler-message" && message.level === "error");
  const spans = errors.flatMap(({ message }) => message.spans.filter((span) => span.is_primary).map((span) => span.expansion?.span ?? span));
  return spans.map((span) => ({ file: span.file_name.replace(/^.*crates\/core\/src\/|^src\//, ""), line: span.line_start }));
}

/**
 * Builds the tests, and returns their programs; or `errors` if they do not compile. With them comes the command that compiles
 * core's own tests alone: cargo would compile more, whatever is asked of it.
 */
async function programs(copy) {
  const { failed, errors, messages } = await copy.cargo("test", "--no-run", "--verbose", "--workspace", ...TARGETS);
  if (failed) return { errors };
  const [, compile] = errors.match(/^ +Running `(.* --crate-name chatterbox_core .* --test .*)`$/m) ?? [];
  if (!compile) throw new Error(`cargo did not say how it compiles core's tests:\n${errors}`);
  return { found: PROGRAMS.map(([of, name]) => testProgram(messages, of, name)), compile };
}

/** Copies of programs, which the next build does not replace. */
function kept(found) {
  const folder = join(ROOT, "target", "mutants", "programs");
  mkdirSync(folder);
  const copies = found.map((program) => join(folder, basename(program)));
  found.forEach((program, n) => copyFileSync(program, copies[n]));
  return copies;
}

async function main(part = "") {
  const mutants = await list(part);
  const { copy, originals, unviable, alone } = await buildTogether(mutants);
  const survivors = [];
  const together = mutants.filter((mutant) => !unviable.has(mutant) && !alone.has(mutant));
  const built = await programs(copy);
  if (!built.found) throw new Error(built.errors);
  say(`running each test of core, to see which functions it calls`);
  const unmutated = kept(built.found);
  const tests = await testsOf(copy, unmutated);
  const lives = (mutant) => {
    survivors.push(mutant);
    say(`survived: ${mutant.name}`);
  };
  await each(together, say, "tried", async (mutant) => {
    const called = tests.filter((test) => test.calls.has(mutant.id));
    if (!(await isCaughtBy(copy, called, mutant))) lives(mutant);
  });
  for (const [file, source] of originals) copy.write(file, source);
  say(`building ${alone.size} alone, one after the other`);
  const isCaught = (mutant, found) => {
    const place = ({ program }) => unmutated.indexOf(program);
    const those = tests.filter((test) => found[place(test)]).map((test) => ({ ...test, program: found[place(test)], unmutated: test.program }));
    return isCaughtBy(copy, those, mutant, (test) => test.unmutated);
  };
  for (const mutant of alone) {
    const source = copy.read(mutant.file);
    copy.write(mutant.file, mutated(source, mutant));
    // Most are caught by core's own tests, which are compiled in a fraction of the time.
    if ((await copy.shell(built.compile)).failed) unviable.add(mutant);
    else if (!(await isCaught(mutant, built.found.slice(0, 1))) && !(await isCaught(mutant, (await programs(copy)).found))) lives(mutant);
    copy.write(mutant.file, source);
  }
  return report(mutants, unviable, survivors, part);
}

function report(mutants, unviable, survivors, part) {
  const reasons = JSON.parse(readFileSync(join(ROOT, "tests", "mutants", "survivors.json"), "utf8"));
  const outcome = (mutant) => (unviable.has(mutant) ? "does not compile" : survivors.includes(mutant) ? "survived" : "caught");
  const outcomes = mutants.map((mutant) => `${outcome(mutant)}: ${mutant.name}\n`);
  writeFileSync(join(ROOT, "target", "mutants", "outcomes.txt"), outcomes.join(""));
  const keys = new Set(survivors.map(keyOf));
  for (const key of [...keys].sort()) console.log(`survived: ${key}${reasons[key] ? `\n  ${reasons[key]}` : ""}`);
  const viable = mutants.length - unviable.size;
  const score = (viable - survivors.length) / viable;
  console.log(`${mutants.length} mutants, of which ${unviable.size} do not compile; ${viable - survivors.length} of ${viable} caught: ${(100 * score).toFixed(1)} %`);
  const unexplained = [...keys].filter((key) => !reasons[key]);
  for (const key of unexplained) console.log(`no reason is given for: ${key}`);
  const caught = part ? [] : Object.keys(reasons).filter((key) => !keys.has(key));
  for (const key of caught) console.log(`is caught, or does not exist any more: ${key}`);
  return score >= ENOUGH && unexplained.length + caught.length === 0;
}

if (!(await main(process.argv[2]))) process.exitCode = 1;
