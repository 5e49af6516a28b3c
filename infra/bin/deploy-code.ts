import { isDenied } from "../account/aws";
import { hindrance, mark, putBack } from "../account/replaced";
import { complete, type Complete } from "../lib/settings";
import { given, orRefuse } from "./given";

/**
 * What `make deploy-code` asks and notes, and what `make deploy` puts right. `deploy-code.ts TASK FILE ARCH [FN]`
 * - check: refuses, with one sentence, where the function is not there or runs on another processor.
 * - mark: notes at the function that its program is about to be replaced.
 * - put-back: gives each function that was marked so the program of the deployed stack.
 */
async function run(task: string, settings: Complete, name: string): Promise<void> {
  if (task === "check") {
    const problem = await hindrance(settings, name);
    if (problem) fail(problem);
  } else if (task === "mark") {
    await mark(settings, name);
  } else {
    await putBack(settings).then(report, unlessDenied);
  }
}

function report(names: string[]): void {
  for (const name of names) {
    process.stdout.write(`${name} has the program of this checkout again, in place of one from make deploy-code.\n`);
  }
}

/** A deployment by CDK's roles is no failure because these credentials may not look at its functions. */
function unlessDenied(error: Error): void {
  if (!isDenied(error)) throw error;
  process.stdout.write(`Programs from make deploy-code, if there are any, stay: ${error.message}\n`);
}

function fail(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

const [task, file, architecture, name] = process.argv.slice(2) as [string, string, string, string?];
const settings = orRefuse(() => complete(given(file, architecture)));
if (settings) run(task, settings, name ?? "").catch((error: Error) => fail(`AWS refused: ${error.message}`));
