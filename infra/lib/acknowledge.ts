import { Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/** Accepts a finding of cdk-nag, with the reason why. */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${id}`, reason });
}

/** The same for rights on an ARN that holds a `*`. Any other `*` of the same role remains a finding. */
export function acknowledgeWildcard(construct: IConstruct, arn: string, reason: string): void {
  const resource = written(Stack.of(construct).resolve(arn));
  acknowledge(construct, `IAM5[Resource::${resource}]`, reason);
}

/** An ARN as cdk-nag writes it: `<Table.Arn>/stream/*`. */
function written(arn: any): string {
  if (typeof arn === "string") return arn;
  if (arn.Ref) return `<${arn.Ref}>`;
  if (arn["Fn::GetAtt"]) return `<${arn["Fn::GetAtt"].join(".")}>`;
  const [separator, parts] = arn["Fn::Join"];
  return parts.map(written).join(separator);
}
