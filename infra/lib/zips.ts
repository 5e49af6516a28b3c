import { Architecture, Code } from "aws-cdk-lib/aws-lambda";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { ChatterboxProps } from "./chatterbox";
import { FUNCTION_NAMES, type FunctionName } from "./functions";
import { SettingsError } from "./settings";

/**
 * The functions' programs, and the processor that they were built for, from a folder with the zips that `make package` makes
 * and that a release has. Throws a `SettingsError` where the folder has not exactly one for each function, or several processors.
 *
 *     new Chatterbox(this, "Chatterbox", { ...zips("chatterbox-functions") });
 */
export function zips(folder: string): Required<Pick<ChatterboxProps, "code" | "architecture">> {
  const found = readdirSync(folder).flatMap((file) => {
    const [, name, architecture] = /^([a-z]+)-(arm64|x86_64)-[0-9a-f]{12}\.zip$/.exec(file) ?? [];
    return name ? [{ name, architecture, file }] : [];
  });
  const problems = FUNCTION_NAMES.flatMap((name) => {
    const files = found.filter((one) => one.name === name).length;
    return files === 1 ? [] : [`${folder} has to hold one zip of ${name}, from make package or a release; it holds ${files}.`];
  });
  if (problems.length > 0) throw new SettingsError(problems);
  const [architecture, ...others] = new Set(found.map((one) => one.architecture));
  if (others.length > 0) throw new SettingsError([`${folder} has to hold zips for one processor, not for several.`]);
  const path = (name: FunctionName) => join(folder, found.find((one) => one.name === name)!.file);
  return {
    code: (name) => Code.fromAsset(path(name)),
    architecture: architecture === "arm64" ? Architecture.ARM_64 : Architecture.X86_64,
  };
}
