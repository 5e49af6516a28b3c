import { complete } from "../lib/settings";
import { given, orRefuse } from "./given";

/** Prints the stack's name, or what is wrong with the settings. It runs before anything is built. `settings.ts [FILE [ARCH]]` */
const settings = orRefuse(() => complete(given(process.argv[2], process.argv[3])));
if (settings) process.stdout.write(`${settings.stackName}\n`);
