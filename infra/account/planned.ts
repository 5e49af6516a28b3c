import { App } from "aws-cdk-lib";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import cdkJson from "../cdk.json";
import { ChatterboxStack } from "../lib/chatterbox-stack";
import type { Settings } from "../lib/settings";

/** What would be deployed, as far as it can be known without the functions' programs. */
export interface Planned {
  /** The oldest version of CDK's own stack that does, and the SSM parameter that holds the version. */
  readonly bootstrap: { readonly version: number; readonly parameter: string };
  /** Resources by their types. */
  readonly resources: readonly Resource[];
}

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
}

export function planned(settings: Partial<Settings>): Planned {
  const outdir = mkdtempSync(join(tmpdir(), "chatterbox-doctor-"));
  try {
    const context = {
      ...cdkJson.context,
      // The programs need not be there: nothing is uploaded.
      "aws:cdk:bundling-stacks": [],
    };
    // CDK's own rules take five times as long as all the rest; the app is held to them when it is deployed.
    const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false, outdir, context });
    const { artifactId } = new ChatterboxStack(app, settings);
    const artifact = app.synth().getStackArtifact(artifactId);
    return {
      bootstrap: {
        version: artifact.requiresBootstrapStackVersion ?? 0,
        parameter: artifact.bootstrapStackVersionSsmParameter ?? "/cdk-bootstrap/hnb659fds/version",
      },
      resources: Object.values(artifact.template.Resources),
    };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
