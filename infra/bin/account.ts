import { line } from "../account/answer";
import { identity } from "../account/identity";
import { complete, type Settings } from "../lib/settings";
import { given, orRefuse } from "./given";

/** Refuses where the settings do not fit together or the credentials lead nowhere, and else says nothing. `account.ts [FILE [ARCH]]` */
async function main(settings: Settings): Promise<number> {
  const { answers, place } = await identity(settings);
  if (place) return 0;
  process.stderr.write(`This cannot reach an AWS account.\n${answers.map((one) => `${line(one)}\n`).join("")}`);
  return 1;
}

const settings = orRefuse(() => complete(given(process.argv[2], process.argv[3])));
if (settings) main(settings).then((code) => process.exit(code));
