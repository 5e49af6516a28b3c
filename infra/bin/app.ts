import { App } from "aws-cdk-lib";
import { readFileSync } from "node:fs";
import { ChatterboxStack } from "../lib/chatterbox-stack";
import { SettingsError, type Settings } from "../lib/settings";
import { settings } from "../settings";

/**
 * The stack by settings.ts. `-c settings=FILE` lays the settings in a JSON file over them, for a second deployment, and
 * `-c architecture=…` says what `make` built for.
 */
const app = new App({ analyticsReporting: false });
try {
  new ChatterboxStack(app, { ...settings, ...overrides(app) });
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

function overrides({ node }: App): Partial<Settings> {
  const [file, architecture] = [node.tryGetContext("settings"), node.tryGetContext("architecture")];
  return { ...(architecture && { architecture }), ...(file && JSON.parse(readFileSync(file, "utf8"))) };
}
