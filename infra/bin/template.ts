import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { plainTemplate } from "../lib/plain-stack";
import { given, orRefuse } from "./given";

/** Writes the stack as a plain CloudFormation template into OUTPUT. `template.ts OUTPUT [FILE [ARCH]]` */
const [output, file, architecture] = process.argv.slice(2) as [string, string?, string?];
const template = orRefuse(() => plainTemplate(given(file, architecture)));
if (template) {
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, template);
  process.stdout.write(`${output}\n`);
}
