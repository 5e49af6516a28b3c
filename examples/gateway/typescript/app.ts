// A handler in TypeScript, as one writes it for AWS: it posts to the address that its events name.
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";

interface Event {
  requestContext: { routeKey: string; domainName: string; stage: string; connectionId: string };
  body?: string;
}

export const handler = async ({ requestContext, body }: Event) => {
  const { routeKey, domainName, stage, connectionId } = requestContext;
  if (routeKey === "$default") {
    const api = new ApiGatewayManagementApiClient({ endpoint: `https://${domainName}/${stage}` });
    await api.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: `you said: ${body}` }));
  }
  return { statusCode: 200 };
};
