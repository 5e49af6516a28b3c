import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import cdkJson from "../cdk.json";
import { ChatterboxStack } from "../lib/chatterbox-stack";
import { FUNCTION_NAMES } from "../lib/functions";
import type { Settings } from "../lib/settings";

/** Folder for the files that the tests write; deleted when they end. */
export const FOLDER = mkdtempSync(join(tmpdir(), "chatterbox-infra-"));
process.on("exit", () => rmSync(FOLDER, { recursive: true, force: true }));

/** Folder of fake programs, which exist and do nothing: a test of the template needs no more. */
export const FUNCTIONS = programs("functions", Buffer.from("#!/bin/sh\n"));

/** Folders as `cargo lambda build` makes them, with these bytes for each program. */
export function programs(folder: string, bytes: Buffer): string {
  for (const name of FUNCTION_NAMES) {
    mkdirSync(join(FOLDER, folder, name), { recursive: true });
    // The content does not matter, but has to differ so that each program is an asset of its own.
    writeFileSync(join(FOLDER, folder, name, "bootstrap"), Buffer.concat([bytes, Buffer.from(name)]), { mode: 0o755 });
  }
  return join(FOLDER, folder);
}

/**
 * An app as the command `cdk` runs it. CDK's own rules for templates take most of a synthesis, so only one test applies them, to
 * every variant of the stack (accepted.test.ts).
 */
export function app({ isValidated = false } = {}): App {
  const context = { ...cdkJson.context, "aws:cdk:enable-path-metadata": true };
  const outdir = mkdtempSync(join(FOLDER, "out-"));
  return new App({ analyticsReporting: false, builtinCloudFormationValidation: isValidated, outdir, context });
}

/** The stack with these settings; for arm64 unless they say otherwise, on whatever machine the tests run. */
export function stack(settings: Partial<Settings> = {}): ChatterboxStack {
  return new ChatterboxStack(app(), { functions: FUNCTIONS, architecture: "arm64", ...settings });
}

/** The template of the stack with these settings. */
export function template(settings: Partial<Settings> = {}): Template {
  return Template.fromStack(stack(settings));
}

/** A resource of a template. */
export interface Resource {
  Type: string;
  Properties: Record<string, any>;
  DependsOn?: string[];
  DeletionPolicy?: string;
}

/** A template in a readable form: `${Name}` for a reference, and names without CDK's hashes. */
export class Readable {
  readonly resources: Record<string, Resource>;
  private readonly names = new Map<string, string>();

  constructor(readonly stack: Stack) {
    const json = Template.fromStack(stack).toJSON();
    const resources: [string, any][] = Object.entries(json.Resources);
    for (const [id, { Metadata }] of resources) this.names.set(id, pathName(Metadata?.["aws:cdk:path"] ?? id));
    this.resources = Object.fromEntries(
      resources.map(([id, { Metadata: _, ...resource }]) => [this.names.get(id), this.read(resource)] as const),
    ) as Record<string, Resource>;
    this.outputs = this.read(json.Outputs) as Record<string, { Value: string }>;
  }

  readonly outputs: Record<string, { Value: string }>;

  /** All resources of a type, by their names. */
  ofType(type: string): [string, Record<string, any>][] {
    return Object.entries(this.resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([name, resource]) => [name, resource.Properties]);
  }

  /** The only resource of a type. */
  only(type: string): Record<string, any> {
    const found = this.ofType(type);
    if (found.length !== 1) throw new Error(`${found.length} resources are of the type ${type}`);
    return found[0]![1];
  }

  private read(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.read(one));
    if (typeof value === "string") return value.replace(/\b[0-9a-f]{64}\b/g, "ASSET");
    if (typeof value !== "object" || value === null) return value;
    const intrinsic = value as Record<string, any>;
    if ("Ref" in intrinsic) return `\${${this.name(intrinsic.Ref)}}`;
    if ("Fn::GetAtt" in intrinsic) return `\${${this.name(intrinsic["Fn::GetAtt"][0])}.${intrinsic["Fn::GetAtt"][1]}}`;
    if ("Fn::Join" in intrinsic)
      return (this.read(intrinsic["Fn::Join"][1]) as string[]).join(intrinsic["Fn::Join"][0]);
    if ("Fn::Sub" in intrinsic) return this.read(intrinsic["Fn::Sub"]);
    return Object.fromEntries(
      Object.entries(intrinsic).map(([key, one]) => [
        key,
        key === "DependsOn" ? one.map((id: string) => this.name(id)) : this.read(one),
      ]),
    );
  }

  private name(id: string): string {
    return this.names.get(id) ?? id;
  }
}

/** `Chatterbox/Chatterbox/Tables/Chatters/Resource` is `Tables/Chatters`. */
function pathName(path: string): string {
  return path
    .split("/")
    .slice(1)
    .filter((part) => !["Chatterbox", "Resource", "Function"].includes(part))
    .join("/");
}
