import { RemovalPolicy, Stack, type CfnResource } from "aws-cdk-lib";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import {
  CfnIntegration,
  CfnIntegrationResponse,
  CfnRoute,
  CfnRouteResponse,
  CfnStage,
  IpAddressType,
  LogGroupLogDestination,
  WebSocketApi,
  WebSocketIntegrationType,
  WebSocketRouteIntegration,
  WebSocketStage,
  type WebSocketRouteIntegrationConfig,
} from "aws-cdk-lib/aws-apigatewayv2";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { acknowledge } from "./acknowledge";
import type { Functions } from "./functions";
import { ROUTES, ROUTE_SELECTION, routeKey } from "./routes";
import type { Throttle, Throttles } from "./throttles";

export interface ApiProps {
  readonly functions: Functions;
  /** What the API is called. */
  readonly name: string;
  readonly stageName: string;
  /** The throttle of each route. */
  readonly throttles: Throttles;
  /** How long the access log is kept; without it there is none. */
  readonly logRetention?: RetentionDays;
}

/** The WebSocket API: three routes to functions, `ping` answered by API Gateway itself, one stage. */
export class Api extends Construct {
  readonly webSocketApi: WebSocketApi;
  readonly stage: WebSocketStage;
  /** The throttle of each route. */
  readonly throttles: Throttles;
  /** The access log, if there is one: the time, source and status of each request, without its content. */
  readonly accessLog?: LogGroup;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ApiProps,
  ) {
    super(scope, id);
    const { functions } = props;
    this.throttles = props.throttles;
    this.webSocketApi = new WebSocketApi(this, "WebSocket", {
      description: "Chatterbox: tells browsers that their stats have been updated",
      apiName: props.name,
      ipAddressType: IpAddressType.DUAL_STACK,
      routeSelectionExpression: ROUTE_SELECTION,
      connectRouteOptions: { integration: new StageIntegration("connect", functions.connect) },
      disconnectRouteOptions: { integration: new StageIntegration("disconnect", functions.disconnect) },
      defaultRouteOptions: { integration: new StageIntegration("default", functions.default), returnResponse: true },
    });
    // `${request.body.action}` is API Gateway's own language, and no reference that is written without Fn::Sub (E1029).
    const api = this.webSocketApi.node.defaultChild as CfnResource;
    api.addMetadata("cfn-lint", { config: { ignore_checks: ["E1029"] } });
    const ping = addPing(this, this.webSocketApi);
    for (const [route, handler] of this.lambdaRoutes()) this.permit(route, handler);
    this.accessLog = this.addAccessLog();
    this.stage = this.addStage(ping);
    acknowledge(
      this,
      "APIG4",
      "$connect is where sockets are authorized: its function lets nobody in without a chatter ID.",
    );
  }

  /** The ARN of what is under `@connections` for one method: POST sends, DELETE closes. */
  connectionsArn(method: "POST" | "DELETE"): string {
    return this.arn(`${this.props.stageName}/${method}/@connections/*`);
  }

  private lambdaRoutes(): [string, LambdaFunction][] {
    const { functions } = this.props;
    return [
      ["$connect", functions.connect],
      ["$disconnect", functions.disconnect],
      ["$default", functions.default],
    ];
  }

  /** The right of this stage and this route to invoke the function. CDK's own integration would give it to every stage. */
  private permit(route: string, handler: LambdaFunction): void {
    handler.addPermission("Route", {
      principal: new ServicePrincipal("apigateway.amazonaws.com"),
      sourceArn: this.arn(`${this.props.stageName}/${route}`),
    });
  }

  private addAccessLog(): LogGroup | undefined {
    const { logRetention: retention } = this.props;
    return retention && new LogGroup(this, "AccessLog", { retention, removalPolicy: RemovalPolicy.DESTROY });
  }

  private addStage(ping: Construct): WebSocketStage {
    const { stageName, throttles } = this.props;
    const log = this.accessLog && {
      destination: new LogGroupLogDestination(this.accessLog),
      format: ACCESS_LOG_FORMAT,
    };
    const stage = new WebSocketStage(this, "Stage", {
      webSocketApi: this.webSocketApi,
      stageName,
      autoDeploy: true,
      accessLogSettings: log,
    });
    if (!log) acknowledge(stage, "APIG1", "The settings say so: a line for each heartbeat costs more than it tells.");
    const resource = stage.node.defaultChild as CfnStage;
    const { rate, burst } = throttles.$default;
    const logged = { ...UNLOGGED, loggingLevel: log ? "ERROR" : "OFF" };
    // For a route that somebody adds.
    resource.defaultRouteSettings = { throttlingRateLimit: rate, throttlingBurstLimit: burst, ...logged };
    resource.routeSettings = Object.fromEntries(ROUTES.map((route) => [routeKey(route), routeSettings(throttles[route], logged)]));
    // API Gateway refuses settings for a route that does not exist yet.
    stage.node.addDependency(this.webSocketApi, ping);
    return stage;
  }

  private arn(resourceName: string): string {
    return Stack.of(this).formatArn({ service: "execute-api", resource: this.webSocketApi.apiId, resourceName });
  }
}

/**
 * Execution logs with data trace would print handshakes, and those hold chatter IDs; at the level INFO too. At ERROR they say why
 * API Gateway could not call a function. They need the same right as the access log.
 */
const UNLOGGED = { dataTraceEnabled: false, detailedMetricsEnabled: false };

/** All settings of a route, as CloudFormation writes them. Where one is left out, API Gateway takes 0 for it, and not the stage's. */
function routeSettings({ rate, burst }: Throttle, logged: { loggingLevel: string }): Record<string, unknown> {
  return {
    ThrottlingRateLimit: rate,
    ThrottlingBurstLimit: burst,
    DataTraceEnabled: UNLOGGED.dataTraceEnabled,
    LoggingLevel: logged.loggingLevel,
    DetailedMetricsEnabled: UNLOGGED.detailedMetricsEnabled,
  };
}

/**
 * A line of the access log. None of these variables holds a query string, a header or a message; the errors are texts of
 * API Gateway's own, without quotation marks. Every variable stands between quotation marks, since API Gateway writes `-` for
 * one without a value. So `$context.error.messageString`, which brings its own, cannot be used: bare, it would be `-`, and no
 * line of a request that went well would be JSON.
 */
const ACCESS_LOG_FORMAT = AccessLogFormat.custom(
  JSON.stringify({
    requestId: "$context.requestId",
    requestTime: "$context.requestTimeEpoch",
    eventType: "$context.eventType",
    routeKey: "$context.routeKey",
    status: "$context.status",
    connectionId: "$context.connectionId",
    connectedAt: "$context.connectedAt",
    sourceIp: "$context.identity.sourceIp",
    integrationStatus: "$context.integrationStatus",
    integrationLatency: "$context.integrationLatency",
    error: "$context.error.message",
    integrationError: "$context.integrationErrorMessage",
  }),
);

/** A route to a function, without CDK's permission for all stages. */
class StageIntegration extends WebSocketRouteIntegration {
  constructor(
    id: string,
    private readonly handler: LambdaFunction,
  ) {
    super(id);
  }

  override bind(): WebSocketRouteIntegrationConfig {
    const { partition, region } = Stack.of(this.handler);
    const path = `2015-03-31/functions/${this.handler.functionArn}/invocations`;
    return {
      type: WebSocketIntegrationType.AWS_PROXY,
      uri: `arn:${partition}:apigateway:${region}:lambda:path/${path}`,
    };
  }
}

/** `{"action":"ping"}` is answered `{"type":"pong"}` without a function: heartbeats are most of what clients send. */
function addPing(scope: Construct, api: WebSocketApi): Construct {
  const ping = new Construct(scope, "Ping");
  const { apiId } = api;
  const integration = new CfnIntegration(ping, "Integration", {
    apiId,
    integrationType: "MOCK",
    // A static expression, which therefore always selects the template of that name.
    templateSelectionExpression: "200",
    requestTemplates: { "200": JSON.stringify({ statusCode: 200 }) },
  });
  const integrationResponse = new CfnIntegrationResponse(ping, "IntegrationResponse", {
    apiId,
    integrationId: integration.ref,
    integrationResponseKey: "$default",
    templateSelectionExpression: "200",
    responseTemplates: { "200": JSON.stringify({ type: "pong" }) },
  });
  const route = new CfnRoute(ping, "Route", {
    apiId,
    routeKey: routeKey("ping"),
    authorizationType: "NONE",
    target: `integrations/${integration.ref}`,
    routeResponseSelectionExpression: "$default",
  });
  route.addResourceDependency(integrationResponse);
  new CfnRouteResponse(ping, "RouteResponse", { apiId, routeId: route.ref, routeResponseKey: "$default" });
  return ping;
}
