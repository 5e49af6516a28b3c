/** The player of traces on a copy of core that makes a mistake if it is told to. */

import { CoreCopy, run, testProgram } from "../../harness/core-copy.mjs";

/**
 * Builds the player with all the mistakes in it, each of which is made in a process that `MISTAKE` names it to. So core is
 * compiled once.
 */
export async function build(mistakes) {
  const copy = new CoreCopy("mistakes");
  for (const mistake of mistakes) apply(copy, mistake);
  copy.write("mistakes.rs", MADE);
  copy.replace("lib.rs", "pub mod backoff;", "pub mod backoff;\nmod mistakes;");
  const { failed, errors, messages } = await copy.cargo("test", "--no-run", "--workspace", "--test", "traces");
  if (failed) throw new Error(errors);
  return { program: testProgram(messages, "simulation/Cargo.toml", "traces"), cwd: copy.core };
}

/** Plays the counterexamples of the model with a mistake, and returns what the player says of the first that differs, or null. */
export async function play({ program, cwd }, mistake) {
  const environment = { ...process.env, MISTAKE: mistake };
  delete environment.TRACES;
  const { failed, output } = await run(program, ["core_does_what_the_model_does"], { cwd, env: environment });
  return failed ? output : null;
}

const MADE = `//! Whether a mistake is made, by its name.

pub(crate) fn made(name: &str) -> bool {
    static MISTAKE: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(|| std::env::var("MISTAKE").ok());
    MISTAKE.as_deref() == Some(name)
}
`;

function apply(copy, { name, file, change }) {
  for (const [before, after] of Object.entries(change)) {
    copy.replace(file, before, after.replaceAll("MADE", `crate::mistakes::made("${name}")`));
  }
}
