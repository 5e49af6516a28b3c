import { IgnoreMode, type Stack } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { SettingsError, type Settings } from "./settings";

/** A function's program, where `make build` put it. Throws a `SettingsError` where there is none, or a wrong one. */
export function program(stack: Stack, { functions, architecture }: Settings, name: string): Code {
  // `cdk destroy` and the like upload nothing, and should not ask for a build: any folder does for them.
  if (!stack.bundlingRequired) return Code.fromAsset(__dirname);
  const folder = join(functions, name);
  const bootstrap = join(folder, "bootstrap");
  if (!existsSync(bootstrap)) {
    throw new SettingsError([`functions: there is no ${bootstrap}; build the functions first, with make build.`]);
  }
  const built = builtFor(bootstrap);
  if (built && built !== architecture) {
    throw new SettingsError([
      `architecture is "${architecture}", and ${bootstrap} was built for ${built}: ` +
        `make build ARCH=${architecture}, or make … ARCH=${built}.`,
    ]);
  }
  // Other files would be uploaded too, and each new one would replace the function: cargo-lambda leaves a bootstrap.zip with
  // the time of the build in it.
  return Code.fromAsset(folder, { exclude: ["*", "!bootstrap"], ignoreMode: IgnoreMode.GIT });
}

/** The processor that a program was linked for: `e_machine` of its ELF header. Of a script, nothing is known. */
function builtFor(path: string): Settings["architecture"] | undefined {
  const header = Buffer.alloc(20);
  const file = openSync(path, "r");
  readSync(file, header);
  closeSync(file);
  if (header.toString("latin1", 0, 4) !== "\x7fELF") return undefined;
  const machines: Record<number, Settings["architecture"]> = { 0x3e: "x86_64", 0xb7: "arm64" };
  return machines[header.readUInt16LE(18)];
}
