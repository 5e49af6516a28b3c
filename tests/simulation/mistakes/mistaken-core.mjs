/** A copy of the workspace in which core makes a mistake if it is told to. */

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const COPY = join(ROOT, "target", "mistakes");
const CORE = join(COPY, "crates", "core");

/**
 * Copies the workspace, and builds the player of traces with all the mistakes in it, each of which is made in a process that
 * `MISTAKE` names it to. So core is compiled once. All but core are links, and the packages of others are those of the usual
 * target folder. Returns the player's path.
 */
export async function build(mistakes) {
  rmSync(COPY, { recursive: true, force: true });
  mkdirSync(join(COPY, "crates"), { recursive: true });
  link("", (name) => !["target", "crates", ".git", "Cargo.toml", "Cargo.lock"].includes(name));
  // cargo tells packages of two workspaces in one target folder apart by their version, not by their path.
  for (const name of ["Cargo.toml", "Cargo.lock"]) {
    const text = readFileSync(join(ROOT, name), "utf8");
    writeFileSync(join(COPY, name), name === "Cargo.toml" ? text.replace(/^version = "(.*)"$/m, 'version = "$1-mistakes"') : text);
  }
  link("crates", (name) => name !== "core");
  cpSync(join(ROOT, "crates", "core"), CORE, { recursive: true });
  for (const [at, mistake] of mistakes.entries()) apply(mistake, at);
  writeFileSync(join(CORE, "src", "mistakes.rs"), MADE);
  replace("lib.rs", "pub mod backoff;", "pub mod backoff;\nmod mistakes;");
  const messages = await cargo("test", "--no-run", "--offline", "--workspace", "--test", "traces", "--message-format=json");
  const programs = messages.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const isPlayer = ({ target, manifest_path: of }) => target?.name === "traces" && of.endsWith("simulation/Cargo.toml");
  return programs.find((program) => program.executable && isPlayer(program)).executable;
}

/** Plays the counterexamples of the model with a mistake, and returns what the player says of the first that differs, or null. */
export async function play(player, mistake) {
  const environment = { ...process.env, MISTAKE: mistake };
  delete environment.TRACES;
  const { failed, output } = await run(player, ["core_does_what_the_model_does"], { cwd: CORE, env: environment });
  return failed ? output : null;
}

/** The number of mistakes that were made: without one that is reached, a difference would be due to something else. */
const MADE = `//! Whether a mistake is made, by its name.

pub(crate) fn made(name: &str) -> bool {
    static MISTAKE: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(|| std::env::var("MISTAKE").ok());
    MISTAKE.as_deref() == Some(name)
}
`;

function apply({ name, file, change }) {
  for (const [before, after] of Object.entries(change)) {
    replace(file, before, after.replaceAll("MADE", `crate::mistakes::made("${name}")`));
  }
}

/** Replaces a text of core which is there once. */
function replace(file, before, after) {
  const path = join(CORE, "src", file);
  const text = readFileSync(path, "utf8");
  if (text.split(before).length !== 2) throw new Error(`${file} has not one place with: ${before}`);
  writeFileSync(path, text.replace(before, () => after));
}

function link(folder, wanted) {
  for (const name of readdirSync(join(ROOT, folder)).filter(wanted)) {
    symlinkSync(join(ROOT, folder, name), join(COPY, folder, name));
  }
}

async function cargo(...parameters) {
  const options = { cwd: COPY, env: { ...process.env, CARGO_TARGET_DIR: join(ROOT, "target") } };
  const { failed, output, errors } = await run("cargo", parameters, options);
  if (failed) throw new Error(errors);
  return output;
}

function run(program, parameters, options) {
  return new Promise((resolve) => {
    execFile(program, parameters, { ...options, maxBuffer: 2 ** 28 }, (failed, output, errors) => resolve({ failed, output, errors }));
  });
}
