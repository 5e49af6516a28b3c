import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { Place } from "../lib/places";
import type { Settings } from "../lib/settings";
import { well, wrong, type Answer } from "./answer";
import { QUICK, within } from "./aws";

/** Who these credentials belong to, and where they lead; without a place where they lead nowhere. */
export async function identity({ env }: Settings): Promise<{ answers: Answer[]; place?: Place }> {
  const client = new STSClient(QUICK);
  const [region, credentials] = await Promise.allSettled([client.config.region(), client.config.credentials()]);
  const missing = [
    ...(region.status === "rejected" ? [noRegion(region.reason, env)] : clashes(region.value)),
    ...(region.status === "fulfilled" && env && region.value !== env.region
      ? [wrong(`The settings are for ${env.region}, and this shell is for ${region.value}: export AWS_REGION=${env.region}.`)]
      : []),
    ...(credentials.status === "rejected" ? [noCredentials(credentials.reason)] : []),
  ];
  if (region.status === "rejected" || missing.length > 0) return { answers: missing };
  return called(client, region.value, env);
}

function noRegion({ message }: Error, env: Settings["env"]): Answer {
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  if (AWS_REGION) return wrong(`AWS_REGION cannot be "${AWS_REGION}": ${message}.`);
  return wrong(`There is no region: export AWS_REGION=${env?.region ?? AWS_DEFAULT_REGION ?? "eu-central-1, or any other that you like"}.`);
}

/** Where programs take different ones of what this shell has: the doctor would look at one place, and CDK deploy to another. */
function clashes(region: string): Answer[] {
  const { AWS_REGION, AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env;
  const regions =
    !AWS_REGION && AWS_DEFAULT_REGION && AWS_DEFAULT_REGION !== region
      ? [wrong(`CDK would take AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION}, and other programs the profile's region, ${region}: export AWS_REGION with the one that you mean.`)]
      : [];
  const credentials =
    AWS_PROFILE && AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY
      ? [wrong(`CDK would take AWS_ACCESS_KEY_ID, and other programs AWS_PROFILE=${AWS_PROFILE}: unset the one that you do not mean.`)]
      : [];
  return [...regions, ...credentials];
}

/** AWS's own library says what it has looked for: a profile that there is not, or a login that is over. */
function noCredentials({ message }: Error): Answer {
  const { AWS_PROFILE: profile, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key } = process.env;
  if (!profile && !id !== !key) return wrong("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY need each other, and one of them is not set.");
  const remedy = profile
    ? `aws configure --profile ${profile}, aws sso login --profile ${profile}, or export another AWS_PROFILE`
    : "aws configure, or export AWS_PROFILE=…";
  return wrong(`There are no credentials: ${remedy}. (${message})`);
}

async function called(client: STSClient, region: string, env: Settings["env"]): Promise<{ answers: Answer[]; place?: Place }> {
  try {
    const { Account, Arn } = await within(10_000, client.send(new GetCallerIdentityCommand()));
    const account = Account!;
    if (env && account !== env.account) {
      const sentence = `The settings are for the account ${env.account}, and these credentials are of ${account} (${Arn}): export another AWS_PROFILE.`;
      return { answers: [wrong(sentence)] };
    }
    return { answers: [well(`The account is ${account}, the region ${region}; AWS knows you as ${Arn}.`)], place: { account, region } };
  } catch (error) {
    return { answers: [wrong(refusal(error as Error, region))] };
  }
}

function refusal({ name, message }: Error, region: string): string {
  // AWS takes what was signed within five minutes of its own time.
  if (/Signature (expired|not yet current)|TimeTooSkewed|TimeInTheFuture/.test(`${name} ${message}`)) {
    return `This machine's clock is wrong, or AWS's: ${message} Set the clock, best by NTP.`;
  }
  if (/Expired/.test(name)) return `These credentials have expired: aws sso login, or whatever gave them to you (${message}).`;
  // An answer of AWS has a status; what never reached it has a code of Node's.
  if (/InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidToken|AuthFailure/.test(name)) {
    return `AWS does not take these credentials in ${region}: ${message} (A region that has to be enabled first refuses all.)`;
  }
  const elsewhere = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"].find((name) => process.env[name]);
  if (elsewhere) {
    return `In AWS's place ${elsewhere} has ${process.env[elsewhere]} asked, which does not answer (${message}). For AWS itself: unset ${elsewhere}.`;
  }
  return `AWS cannot be reached in ${region}: ${message}. Is there such a region, and a way to the internet?`;
}
