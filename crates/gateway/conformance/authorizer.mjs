// The Lambda authorizer of the conformance suite. The query's `token` says what it answers.
const policy = (Effect, Resource) => ({
  principalId: "me",
  policyDocument: { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke", Effect, Resource }] },
});

export async function handler(event) {
  const { methodArn, queryStringParameters, type, requestContext } = event;
  const { token } = queryStringParameters ?? {};
  const names = Object.keys(event.headers ?? {}).map((name) => name.toLowerCase());
  const asked = { methodArn, queryStringParameters, type, requestContext, names };
  const allowed = policy("Allow", methodArn);
  switch (token) {
    case "allow":
      return { ...allowed, context: { text: "blue", number: 7, truth: true, asked: JSON.stringify(asked) } };
    case "plain":
      return allowed;
    case "deny":
      return policy("Deny", methodArn);
    case "elsewhere":
      return policy("Allow", methodArn.replace("$connect", "other"));
    case "wildcard":
      return policy("Allow", "*");
    case "both":
      allowed.policyDocument.Statement.push({ Action: "execute-api:Invoke", Effect: "Deny", Resource: methodArn });
      return allowed;
    case "nobody":
      return { ...allowed, principalId: undefined };
    case "nested":
      return { ...allowed, context: { list: [1] } };
    case "unauthorized":
      throw new Error("Unauthorized");
    case "throw":
      throw new Error("thrown as asked for");
    default:
      // No policy.
      return {};
  }
}
