import { Token } from "aws-cdk-lib";
import { originProblem } from "./origin";

/** Settings that the functions read from their environment. They check them at their start and do not run with wrong ones. */
export interface FunctionSettings {
  /** `Origin`s that may connect, like https://www.example.com. @default - all of them */
  readonly allowedOrigins?: string[];
  /** Names in the query string. @default "login", "chatter", "topic" */
  readonly parameters?: { readonly login: string; readonly chatter: string; readonly topic: string };
  /** Names of cookies that carry credentials; they need `allowedOrigins`. @default - cookies are not read */
  readonly cookies?: { readonly login: string; readonly chatter: string };
  /** How many sockets a login may have before the oldest is closed. @default 20 */
  readonly maxConnectionsPerLogin?: number;
  /** Whether a sync is refused once the socket's chatter ID has expired or was deleted. @default false */
  readonly checkChatterOnSync?: boolean;
}

/**
 * One sentence for each setting that the functions would refuse, so that a deployment fails before it begins. Of what is known
 * only when CloudFormation deploys, such as a parameter, nothing can be said.
 */
export function functionProblems({
  allowedOrigins = [],
  parameters,
  cookies,
  maxConnectionsPerLogin,
}: FunctionSettings): string[] {
  return [
    ...allowedOrigins.filter((origin) => !Token.isUnresolved(origin)).flatMap((origin) => {
      const problem = originProblem(origin);
      return problem ? [`allowedOrigins: ${JSON.stringify(origin)} ${problem}.`] : [];
    }),
    ...(cookies && allowedOrigins.length === 0
      ? ["cookies need allowedOrigins: a browser sends a user's cookies for whatever page opens the socket."]
      : []),
    ...(parameters && !areDifferentNames(parameters.login, parameters.chatter, parameters.topic)
      ? ["parameters: login, chatter and topic need three different names."]
      : []),
    ...(cookies && !areDifferentNames(cookies.login, cookies.chatter)
      ? ["cookies: login and chatter need two different names; to read none, leave cookies out."]
      : []),
    ...namesProblems("parameters", parameters ?? {}, PARAMETER, "a name without blanks"),
    ...namesProblems("cookies", cookies ?? {}, COOKIE, "the name of a cookie: letters of the English alphabet, digits and !#$%&'*+-.^_`|~"),
    ...variablesProblems(allowedOrigins, parameters, cookies),
    // A number beyond 2^53 would be written like 1e+21, which the functions cannot read.
    ...(maxConnectionsPerLogin !== undefined &&
    !Token.isUnresolved(maxConnectionsPerLogin) &&
    !(Number.isSafeInteger(maxConnectionsPerLogin) && maxConnectionsPerLogin > 0)
      ? ["maxConnectionsPerLogin must be a whole number above 0."]
      : []),
  ];
}

/** The most that Lambda takes is 4,096 bytes of variables, with their names; what is not set by these takes less than 1,500. */
const MAX_BYTES = 2_500;

/** A sentence where the lists are longer than a function's variables may be. */
function variablesProblems(origins: readonly string[], ...names: (object | undefined)[]): string[] {
  const texts = [...origins, ...names.flatMap((one) => Object.values(one ?? {}))].filter((text) => !Token.isUnresolved(text));
  const bytes = Buffer.byteLength(texts.join(","));
  return bytes <= MAX_BYTES
    ? []
    : [`allowedOrigins, parameters and cookies are ${bytes} bytes together, of at most ${MAX_BYTES}: Lambda gives a function 4 KB of variables.`];
}

/** The name of a cookie is a token (RFC 6265, section 4.1.1; RFC 9110, section 5.6.2). */
export const COOKIE = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** The name of a parameter may have any letter; blanks are hardly meant. */
const PARAMETER = /^[^\s\p{Cc}]+$/u;

/** One sentence for each name that cannot be one. Names that are missing, or no texts, are `areDifferentNames`' matter. */
function namesProblems(setting: string, names: object, rule: RegExp, kind: string): string[] {
  const wrong = Object.entries(names).filter(
    ([, name]) => typeof name === "string" && name !== "" && !Token.isUnresolved(name) && !rule.test(name),
  );
  return wrong.map(([which]) => `${setting}.${which} must be ${kind}.`);
}

/**
 * The problem with a namespace for metrics, if there is one. CloudWatch takes these letters and no others ("Metrics concepts"), and
 * the functions refuse a blank at an end, which is hardly meant.
 */
export function namespaceProblems(namespace: string | undefined): string[] {
  const isWell =
    namespace === undefined ||
    Token.isUnresolved(namespace) ||
    (/^[A-Za-z0-9._/#: -]{1,255}$/.test(namespace) && namespace.trim() === namespace && !namespace.startsWith(":"));
  return isWell
    ? []
    : [
        "metricsNamespace must be 1 to 255 letters of the English alphabet, digits, blanks within, and . - _ / # :, not beginning with a colon.",
      ];
}

/**
 * Whether all are texts, not empty, and different. A JSON file may hold anything, and the functions take an empty variable
 * for one that is not set.
 */
function areDifferentNames(...names: unknown[]): boolean {
  return names.every((name) => typeof name === "string" && name !== "") && new Set(names).size === names.length;
}
