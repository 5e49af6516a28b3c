import { readFileSync } from "node:fs";
import { SettingsError, type Settings } from "../lib/settings";
import { settings } from "../settings";

/**
 * The settings of the deployment: those of settings.ts, or of a JSON file in its place. `make` also passes the
 * architecture that it builds for (`ARCH`), which must be the one in the settings.
 */
export function given(file?: string, architecture?: string): Partial<Settings> {
  const chosen = file ? read(file) : settings;
  if (architecture && chosen.architecture && architecture !== chosen.architecture) {
    const { architecture: wanted } = chosen;
    throw new SettingsError([`architecture is "${wanted}", and ARCH is ${architecture}: make … ARCH=${wanted}.`]);
  }
  return architecture ? { ...chosen, architecture: architecture as Settings["architecture"] } : chosen;
}

function read(file: string): Partial<Settings> {
  const [text, value] = parsed(file);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SettingsError([`${file} has to hold one JSON object, with settings like those of infra/settings.ts.`]);
  }
  const name = givenTwice(text);
  if (name !== undefined) throw new SettingsError([`${file} has to give ${name} once: of two, JSON takes the last.`]);
  return value;
}

function parsed(file: string): [string, unknown] {
  try {
    const text = readFileSync(file, "utf8");
    return [text, JSON.parse(text)];
  } catch (error) {
    throw new SettingsError([`${file} has to be a JSON file with settings: ${(error as Error).message}.`]);
  }
}

/** The first name that an object within this JSON has twice. */
function givenTwice(json: string): string | undefined {
  const within: Set<string>[] = [];
  for (const [, text, colon, bracket] of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|([{}[\]])/g)) {
    if (bracket === "{" || bracket === "[") within.push(new Set());
    else if (bracket) within.pop();
    else if (colon) {
      const name = JSON.parse(text!);
      if (within.at(-1)!.has(name)) return name;
      within.at(-1)!.add(name);
    }
  }
  return undefined;
}

/** Runs something, and prints problems with the settings, one on a line and without a stack trace; the program then fails. */
export function orRefuse<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return undefined;
  }
}
