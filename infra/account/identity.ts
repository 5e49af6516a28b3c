import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { Settings } from "../lib/settings";
import { well, wrong, type Answer } from "./answer";
import { QUICK, within } from "./aws";

/** Where a deployment would go. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

/** Who these credentials belong to, and where they lead; without a place where they lead nowhere. */
export async function identity({ env }: Settings): Promise<{ answers: Answer[]; place?: Place }> {
  const client = new STSClient(QUICK);
  const [region, credentials] = await Promise.allSettled([client.config.region(), client.config.credentials()]);
  const missing = [
    ...(region.status === "rejected"
      ? [wrong(`There is no region: export AWS_REGION=${env?.region ?? "eu-central-1, or any other that you like"}.`)]
      : []),
    ...(region.status === "fulfilled" && env && region.value !== env.region
      ? [wrong(`The settings are for ${env.region}, and this shell is for ${region.value}: export AWS_REGION=${env.region}.`)]
      : []),
    ...(credentials.status === "rejected"
      ? [wrong("There are no credentials: aws configure, or export AWS_PROFILE=….")]
      : []),
  ];
  if (region.status === "rejected" || missing.length > 0) return { answers: missing };
  return called(client, region.value, env);
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
