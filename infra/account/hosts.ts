import { ACMClient, DescribeCertificateCommand } from "@aws-sdk/client-acm";
import { GetHostedZoneCommand, Route53Client } from "@aws-sdk/client-route-53";
import type { Place } from "../lib/places";
import { well, wrong, type Answer } from "./answer";
import { asked, QUICK } from "./aws";
import type { Question } from "./question";

/** The certificates and the zone that the hostnames need. */
export async function hosts({ settings: { host, site }, place }: Question): Promise<Answer[]> {
  const asks: Promise<Answer[]>[] = [];
  if (host?.certificateArn) asks.push(certificate(host.certificateArn, host.name, place));
  if (host?.zone) asks.push(zone(host.zone));
  const { host: name, certificateArn } = site?.example ?? {};
  // CloudFront reads certificates from there only.
  if (name && certificateArn) asks.push(certificate(certificateArn, name, { ...place, region: "us-east-1" }));
  return (await Promise.all(asks)).flat();
}

function certificate(arn: string, host: string, { account, region }: Place): Promise<Answer[]> {
  return asked(`the certificate of ${host}`, async () => {
    const [, , , of, owner] = arn.split(":");
    if (of !== region) return [wrong(`The certificate of ${host} has to be of ${region}; this one is of ${of}: ask ACM for one there.`)];
    if (owner !== account) return [wrong(`The certificate of ${host} is of the account ${owner}, and these credentials are of ${account}.`)];
    try {
      const client = new ACMClient({ ...QUICK, region });
      const { Certificate } = await client.send(new DescribeCertificateCommand({ CertificateArn: arn }));
      return [judged(host, Certificate?.Status ?? "", [Certificate?.DomainName ?? "", ...(Certificate?.SubjectAlternativeNames ?? [])])];
    } catch (error) {
      if ((error as Error).name !== "ResourceNotFoundException") throw error;
      return [wrong(`The certificate of ${host} is not in ACM: ${arn} was deleted, or is misspelt.`)];
    }
  });
}

function judged(host: string, status: string, names: string[]): Answer {
  if (status === "PENDING_VALIDATION") {
    return wrong(`The certificate of ${host} waits for its proof: make the CNAME that ACM shows, and wait until it is ISSUED.`);
  }
  if (status !== "ISSUED") return wrong(`The certificate of ${host} is ${status}: ask ACM for another.`);
  if (names.some((name) => covers(name, host))) return well(`The certificate of ${host} is issued, and is for that name.`);
  return wrong(`The certificate is not for ${host}, but for ${[...new Set(names)].join(", ")}: ask ACM for another.`);
}

/** Whether a certificate's name is for this host: `*` is exactly one part of a name. */
function covers(name: string, host: string): boolean {
  return name === host || (name.startsWith("*.") && name.slice(2) === host.split(".").slice(1).join("."));
}

function zone({ id, name }: { id: string; name: string }): Promise<Answer[]> {
  return asked(`the zone ${id}`, async () => {
    try {
      const { HostedZone } = await new Route53Client(QUICK).send(new GetHostedZoneCommand({ Id: id }));
      const there = HostedZone?.Name?.replace(/\.$/, "");
      if (there !== name) return [wrong(`The zone ${id} is ${there}, and the settings call it ${name}: mend host.zone.`)];
      if (HostedZone?.Config?.PrivateZone) {
        return [wrong(`The zone ${name} (${id}) is private: neither browsers nor ACM would see its records. Give the public one's id.`)];
      }
      return [well(`The zone ${name} is there, and public.`)];
    } catch (error) {
      if ((error as Error).name !== "NoSuchHostedZone") throw error;
      return [wrong(`There is no zone ${id} in this account: aws route53 list-hosted-zones lists those that there are.`)];
    }
  });
}
