import { Stack } from "aws-cdk-lib";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  OriginSslPolicy,
  PriceClass,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
  type BehaviorOptions,
} from "aws-cdk-lib/aws-cloudfront";
import { HttpOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import type { Construct } from "constructs";
import { acknowledge } from "./acknowledge";
import type { Api } from "./api";
import { ORIGIN_SECRET_HEADER, type OriginSecret } from "./origin-secret";

/**
 * How CloudFront hands a path on to the API: `/socks` is the stage `socks`, and so the origin has no path of its own.
 *
 * The viewer's `Host` is left out, since API Gateway answers 403 to a name that it does not know. All else is passed on:
 * the WebSocket headers, the query string, the site's cookies. Nothing is cached or compressed.
 */
export function siteBehavior(api: Api, secret?: OriginSecret): BehaviorOptions {
  const { region, urlSuffix } = Stack.of(api);
  return {
    origin: new HttpOrigin(`${api.webSocketApi.apiId}.execute-api.${region}.${urlSuffix}`, {
      protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
      originSslProtocols: [OriginSslPolicy.TLS_V1_2],
      customHeaders: secret && { [ORIGIN_SECRET_HEADER]: secret.sent.unsafeUnwrap() },
    }),
    allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
    cachePolicy: CachePolicy.CACHING_DISABLED,
    originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
    compress: false,
  };
}

export interface ExampleDistributionProps {
  readonly api: Api;
  /** How its sockets are served. */
  readonly behavior: BehaviorOptions;
  /** Where CloudFront fetches the site from. */
  readonly siteOrigin: string;
  /** The site's hostname and its certificate in us-east-1. @default - CloudFront's own name */
  readonly host?: string;
  readonly certificateArn?: string;
}

/** An example of a distribution in front of a site. A site that has a distribution adds the behaviour to its own. */
export function exampleDistribution(scope: Construct, id: string, props: ExampleDistributionProps): Distribution {
  const { api, behavior, siteOrigin, host, certificateArn } = props;
  const distribution = new Distribution(scope, id, {
    comment: "A site, and Chatterbox on the same hostname",
    defaultBehavior: {
      origin: new HttpOrigin(siteOrigin, { originSslProtocols: [OriginSslPolicy.TLS_V1_2] }),
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    },
    additionalBehaviors: { [`/${api.stage.stageName}`]: behavior },
    domainNames: host ? [host] : undefined,
    certificate: certificateArn ? Certificate.fromCertificateArn(scope, `${id}Certificate`, certificateArn) : undefined,
    minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
    // A WebSocket needs HTTP/1.1, which CloudFront speaks whatever is chosen here.
    httpVersion: HttpVersion.HTTP2_AND_3,
    priceClass: PriceClass.PRICE_CLASS_ALL,
    enableIpv6: true,
  });
  const own = "An example: who may see the site, and what is kept of its traffic, is the site's to say.";
  for (const rule of ["CFR1", "CFR2", "CFR3"]) acknowledge(distribution, rule, own);
  if (!certificateArn) {
    acknowledge(distribution, "CFR4", "CloudFront's own certificate comes with its own protocols.");
  }
  return distribution;
}
