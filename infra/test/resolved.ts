import type { App } from "aws-cdk-lib";
import type { ChatterboxStack } from "../lib/chatterbox-stack";

/** A template as it is synthesized. */
export interface Json {
  Parameters?: Record<string, { Default?: unknown }>;
  Conditions?: Record<string, unknown>;
  Resources: Record<string, any>;
  Outputs: Record<string, any>;
}

export function synthesized(stack: ChatterboxStack): Json {
  return (stack.node.root as App).synth().getStackArtifact(stack.artifactId).template;
}

/**
 * A template with its parameters and conditions resolved, as CloudFormation does it when it deploys: what is left are the
 * resources and outputs, and references between them. It does what our templates need, and refuses what it does not know.
 */
export class Resolved {
  constructor(
    private readonly template: Json,
    private readonly parameters: Record<string, string> = {},
  ) {}

  /** The resources that are made. Texts and numbers are not told apart, nor is the order of `DependsOn`. */
  resources(): Record<string, any> {
    const made = Object.entries(this.template.Resources).filter(([, { Condition }]) => !Condition || this.holds({ Condition }));
    return Object.fromEntries(made.map(([id, { Condition: _, ...resource }]) => [id, this.resource(resource)]));
  }

  outputs(): unknown {
    return this.value(this.template.Outputs);
  }

  private resource({ DependsOn = [], ...resource }: any): unknown {
    return { ...(this.value(resource) as object), DependsOn: [DependsOn].flat().sort() };
  }

  private value(value: any): unknown {
    if (Array.isArray(value)) return value.map((one) => this.value(one)).filter((one) => one !== undefined);
    if (typeof value !== "object" || value === null) return String(value);
    const [[name, argument] = []] = Object.entries(value) as [string, any][];
    if (name === "Ref") return this.referred(argument);
    if (name === "Fn::If") return this.value(argument[this.holds({ Condition: argument[0] }) ? 1 : 2]);
    if (name === "Fn::Join") return this.joined(argument);
    const entries = Object.entries(value).map(([key, one]) => [key, this.value(one)]);
    return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
  }

  private referred(name: string): unknown {
    if (name === "AWS::NoValue") return undefined;
    if (name === "AWS::StackName") return "Chatterbox";
    const parameter = this.template.Parameters?.[name];
    return parameter ? String(this.parameters[name] ?? parameter.Default ?? `\${${name}}`) : { Ref: name };
  }

  /** A text, or the list of its parts where some are only known when they are made. */
  private joined([separator, parts]: [string, unknown[]]): unknown {
    const known = (this.value(parts) as unknown[]).flatMap((part, n) => [...(n > 0 ? [separator] : []), ...texts(part)]);
    const merged = known.reduce<unknown[]>((all, part) => {
      const last = all.at(-1);
      return typeof part === "string" && typeof last === "string" ? [...all.slice(0, -1), last + part] : [...all, part];
    }, []);
    return merged.length === 1 && typeof merged[0] === "string" ? merged[0] : { "Fn::Join": merged };
  }

  private holds(condition: any): boolean {
    const [[name, argument] = []] = Object.entries(condition) as [string, any][];
    switch (name) {
      case "Condition":
        return this.holds(this.template.Conditions![argument]);
      case "Fn::Equals":
        return this.value(argument[0]) === this.value(argument[1]);
      case "Fn::Not":
        return !this.holds(argument[0]);
      default:
        throw new Error(`Nobody has said what ${name} is.`);
    }
  }
}

/** What a part of a text consists of, if it was joined itself. */
function texts(part: any): unknown[] {
  return part?.["Fn::Join"] ?? [part];
}
