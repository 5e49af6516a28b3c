import { ApiMapping, DomainName, EndpointType, IpAddressType, SecurityPolicy } from "aws-cdk-lib/aws-apigatewayv2";
import { Certificate, CertificateValidation, type ICertificate } from "aws-cdk-lib/aws-certificatemanager";
import { AaaaRecord, ARecord, RecordTarget, type IHostedZone } from "aws-cdk-lib/aws-route53";
import { ApiGatewayv2DomainProperties } from "aws-cdk-lib/aws-route53-targets";
import { Construct } from "constructs";
import type { Chatterbox } from "./chatterbox";

export interface OwnHostProps {
  readonly chatterbox: Chatterbox;
  /** The hostname, such as socks.example.com. It can serve no REST or HTTP API beside this: API Gateway's rule. */
  readonly name: string;
  /** A certificate for it in the API's own region. @default - one that `zone` proves */
  readonly certificate?: ICertificate;
  /** The Route 53 zone that gets the A and AAAA records. @default - you make a CNAME to `target` yourself */
  readonly zone?: IHostedZone;
}

/** `wss://socks.example.com`: a hostname of Chatterbox's own, with no path. */
export class OwnHost extends Construct {
  /** What a CNAME of the hostname has to point to, where no zone is given. */
  readonly target: string;

  constructor(scope: Construct, id: string, { chatterbox, name, certificate, zone }: OwnHostProps) {
    super(scope, id);
    const domain = new DomainName(this, "Domain", {
      domainName: name,
      certificate: certificate ?? proved(this, name, zone),
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
      // Without this the AAAA record would point to nothing.
      ipAddressType: IpAddressType.DUAL_STACK,
    });
    const { webSocketApi: api, stage } = chatterbox.api;
    new ApiMapping(this, "Mapping", { api, stage, domainName: domain }).node.addDependency(stage);
    this.target = domain.regionalDomainName;
    if (!zone) return;
    const properties = new ApiGatewayv2DomainProperties(domain.regionalDomainName, domain.regionalHostedZoneId);
    const record = { zone, recordName: `${name}.`, target: RecordTarget.fromAlias(properties) };
    new ARecord(this, "A", record);
    new AaaaRecord(this, "Aaaa", record);
  }
}

function proved(scope: Construct, name: string, zone?: IHostedZone): ICertificate {
  if (!zone) throw new Error("OwnHost needs a certificate, or a zone in which one can be proved.");
  return new Certificate(scope, "Certificate", { domainName: name, validation: CertificateValidation.fromDns(zone) });
}
