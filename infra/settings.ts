import type { Settings } from "./lib/settings";

/**
 * Your Chatterbox. Everything has a default (see lib/settings.ts for each, what it means, and what it may be): with none
 * set, it deploys on the hostname that API Gateway gives it. What does not fit together is refused before anything is
 * deployed, with a sentence that says what to change.
 */
export const settings: Partial<Settings> = {
  // Pages that may connect. Without a list, every page may: the chatter ID alone decides.
  // allowedOrigins: ["https://www.example.com"],

  // wss://socks.example.com: a hostname of its own.
  // host: { name: "socks.example.com", zone: { id: "Z0123456789ABCDEFGHIJ", name: "example.com" } },

  // wss://www.example.com/socks: the site's hostname, by a CloudFront behaviour for this path.
  // site: { path: "/socks" },

  // CloudFront adds a secret header, and the API lets nobody in without it. Say demanded: false for the first deployment.
  // originSecret: { version: 1 },

  // Clients that say ?geek=NAME&id=UUID&topic=a,b keep doing so.
  // parameters: { login: "geek", chatter: "id", topic: "topic" },

  // A pipeline inside a VPC reaches the outbox free of charge through a gateway endpoint, which this adds.
  // vpc: { id: "vpc-0123456789abcdef0", routeTableIds: ["rtb-0123456789abcdef0"] },

  // Events that go to a topic, a bus or a table of yours already; docs/ways-in.md has rules and pipes too.
  // waysIn: { topics: ["arn:aws:sns:eu-central-1:123456789012:stats"] },

  // A flood of handshakes costs less where fewer are let in; see docs/deploy.md for what each route needs.
  // throttle: { $connect: { rate: 50, burst: 50 } },

  // Who is told when the account's month costs more than it should.
  // budget: { dollars: 50, email: "on-call@example.com" },

  // Who is told when an alarm goes off.
  // alarmTopicArn: "arn:aws:sns:eu-central-1:123456789012:on-call",
};
