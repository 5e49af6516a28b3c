import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { well, wrong, type Answer } from "./answer";
import { QUICK } from "./aws";
import type { Question } from "./question";

/** Whether CDK has its bucket and its roles in the region, and new enough ones. */
export async function bootstrap({ place: { account, region }, planned }: Question): Promise<Answer[]> {
  const remedy = `npm --prefix infra run cdk -- bootstrap aws://${account}/${region}`;
  const { version, parameter } = planned.bootstrap;
  try {
    const { Parameter } = await new SSMClient(QUICK).send(new GetParameterCommand({ Name: parameter }));
    const there = Number(Parameter?.Value);
    return there >= version
      ? [well(`${region} is bootstrapped for CDK (version ${there}).`)]
      : [wrong(`${region} was bootstrapped by an old CDK (version ${there}, and ${version} is needed): ${remedy}.`)];
  } catch (error) {
    if ((error as Error).name !== "ParameterNotFound") throw error;
    return [wrong(`${region} is not bootstrapped for CDK in this account: ${remedy}, once.`)];
  }
}
