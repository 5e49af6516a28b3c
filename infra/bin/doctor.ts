import { line, type Answer } from "../account/answer";
import { askAccount } from "../account/ask";
import { identity } from "../account/identity";
import { machine } from "../account/machine";
import { planned } from "../account/planned";
import { complete, type Complete } from "../lib/settings";
import { given, orRefuse } from "./given";

/**
 * Asks this machine and the account, in seconds, everything that could fail a deployment minutes later, and prints a sentence
 * for each answer. It fails where a deployment would. `doctor.ts [FILE [ARCH]]`
 */
async function main(settings: Complete): Promise<[string, number]> {
  // It keeps the processor busy for a moment, in which no answer would be heard.
  const plan = planned(settings);
  const built = machine(settings.architecture);
  const { answers, place } = await identity(settings);
  const account = place ? await askAccount(settings, plan, place) : [];
  const all: Answer[] = [...(await built), ...answers, ...account];
  const isWrong = all.some(({ mark }) => mark === "wrong");
  const lines = all.map(line);
  if (!place) lines.push("  ? The rest cannot be asked before that is mended.");
  if (isWrong) lines.push("", "A deployment would fail: ✖ says why, and what to do.");
  return [`${lines.join("\n")}\n`, isWrong ? 1 : 0];
}

const settings = orRefuse(() => complete(given(process.argv[2], process.argv[3])));
// A question that was given up may still hold a connection.
if (settings) main(settings).then(([text, code]) => process.stdout.write(text, () => process.exit(code)));
