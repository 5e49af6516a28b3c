import { Stack, type SecretValue } from "aws-cdk-lib";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { acknowledge } from "./acknowledge";

/**
 * The origin secret: a header that CloudFront adds to each handshake, and that `$connect` demands, so that nobody gets past
 * CloudFront, its WAF and its logs by the API's own hostname.
 */
export interface OriginSecretSettings {
  /** Which secret CloudFront sends: 1 at first; one more makes a new one, and the one before stays valid beside it. */
  readonly version: number;
  /** Whether `$connect` refuses handshakes without it. Say false until CloudFront sends it. @default true */
  readonly demanded?: boolean;
}

/** The header. CloudFront puts its own value in the place of one that a browser sends. crates/core has the same name. */
export const ORIGIN_SECRET_HEADER = "x-chatterbox-origin";

/** One sentence for each part that cannot be. */
export function originSecretProblems(given: object | undefined): string[] {
  if (!given) return [];
  const { version, demanded, ...others } = given as Record<string, unknown>;
  return [
    ...Object.keys(others).map((name) => `originSecret.${name} is no part of it: it has version and demanded.`),
    ...(Number.isSafeInteger(version) && (version as number) > 0
      ? []
      : ["originSecret.version must be a whole number above 0: 1 at first, and one more for each new secret."]),
    ...(demanded === undefined || typeof demanded === "boolean" ? [] : ["originSecret.demanded must be true or false."]),
  ];
}

/**
 * The secrets, which Secrets Manager makes and keeps: the newest, and the one before it. The template has references to
 * them only, so deploying again changes nothing, and neither the repository nor CloudFormation knows a secret.
 */
export class OriginSecret extends Construct {
  /** What CloudFront sends. */
  readonly sent: SecretValue;
  /** Where the newest is kept, for a distribution that is not made here. */
  readonly arn: string;
  /** The variable of `$connect`: what it takes, the newest first; nothing if it demands none. */
  readonly variable?: string;

  constructor(scope: Construct, id: string, { version, demanded }: OriginSecretSettings) {
    super(scope, id);
    const versions = version > 1 ? [version, version - 1] : [version];
    const secrets = versions.map((number) => this.secret(number));
    this.sent = secrets[0]!.secretValue;
    this.arn = secrets[0]!.secretArn;
    const all = secrets.map(({ secretValue }) => secretValue.unsafeUnwrap()).join(",");
    this.variable = demanded === false ? undefined : all;
  }

  private secret(number: number): Secret {
    const secret = new Secret(this, `Version${number}`, {
      description: `Chatterbox: what CloudFront sends to the API of ${Stack.of(this).stackName}, version ${number}`,
      generateSecretString: { passwordLength: 40, excludePunctuation: true },
    });
    acknowledge(secret, "SMG4", "A new one is made by raising originSecret.version, since CloudFront has to be told of it.");
    return secret;
  }
}
