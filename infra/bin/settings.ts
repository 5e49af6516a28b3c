import { complete } from "../lib/settings";
import { given, orRefuse } from "./given";

/** Says what is wrong with the settings, before anything is built; else the stack's name. `settings.ts [FILE [ARCH]]` */
const settings = orRefuse(() => complete(given(process.argv[2], process.argv[3])));
if (settings) process.stdout.write(`${settings.stackName}\n`);
