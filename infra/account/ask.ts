import type { Complete } from "../lib/settings";
import { foreignArns, type Place } from "../lib/places";
import { wrong, type Answer } from "./answer";
import { apiGateway } from "./api-gateway";
import { asked } from "./aws";
import { bootstrap } from "./bootstrap";
import { concurrency } from "./concurrency";
import { hosts } from "./hosts";
import { names } from "./names";
import type { Planned } from "./planned";
import type { Question } from "./question";
import { deployed, stackState, type Deployed } from "./stack";
import { tables } from "./tables";

/** Everything that can be asked of the account before a build, all at once. */
export async function askAccount(settings: Complete, planned: Planned, place: Place): Promise<Answer[]> {
  let stack: { deployed?: Deployed } | undefined;
  const state = await asked(`the stack ${settings.stackName}`, async () => {
    stack = { deployed: await deployed(settings.stackName) };
    return [stackState(settings.stackName, stack.deployed?.status)];
  });
  const isOwn = (name: string) => stack && (stack.deployed?.resources.has(name) ?? false);
  const question: Question = { settings, place, planned, isOwn };
  const rest = await Promise.all([
    asked("CDK's bootstrap stack", () => bootstrap(question)),
    names(question),
    asked("API Gateway's settings", () => apiGateway(question)),
    asked("Lambda's concurrency", () => concurrency(question)),
    hosts(question),
    tables(question),
  ]);
  return [...state, ...foreignArns(settings, place).map(wrong), ...rest.flat()];
}
