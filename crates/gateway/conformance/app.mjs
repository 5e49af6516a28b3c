// The function of the conformance suite, behind every route. It does what its event asks for by `do`, in the query of a $connect or
// in the body of a message; without it, it answers with its whole event.
const parsed = (text) => {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
};

export async function handler(event) {
  const order = { ...event.queryStringParameters, ...parsed(event.body) };
  switch (order.do) {
    case "reply":
      // As it is, whether it is a proxy response or not.
      return typeof order.reply === "string" ? JSON.parse(order.reply) : order.reply;
    case "large":
      return { statusCode: 200, body: "x".repeat(order.bytes) };
    case "throw":
      throw new Error("thrown as asked for");
    case "exit":
      process.exit(1);
      break;
    case "wait":
      await new Promise((resolve) => setTimeout(resolve, order.milliseconds));
      return { statusCode: 200, body: "waited" };
    default:
      return { statusCode: 200, body: JSON.stringify(event) };
  }
}
