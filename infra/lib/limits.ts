import { CfnBudget } from "aws-cdk-lib/aws-budgets";
import type { Construct } from "constructs";

/** Limits on what a flood can cost: what each table may do in a second, and a budget that says when money runs out. */

/** The most that each table does in a second, in request units. DynamoDB throttles what is beyond it. */
export interface TableMaxima {
  readonly reads: number;
  readonly writes: number;
}

/** A month's budget of the whole account, and who is told. */
export interface Budget {
  /** US dollars a month. */
  readonly dollars: number;
  /** The e-mail address that is told at 80 and at 100 percent, and when the month is forecast to end above it. */
  readonly email: string;
}

/** One sentence for each number that DynamoDB would refuse, or take for no limit at all. */
export function maximaProblems(maxima: object | undefined): string[] {
  if (!maxima) return [];
  const { reads, writes, ...others } = maxima as Record<string, unknown>;
  const isUnits = (number: unknown) => Number.isSafeInteger(number) && (number as number) > 0;
  return [
    ...Object.keys(others).map((name) => `tableMaxima.${name} is no limit: it has reads and writes.`),
    ...Object.entries({ reads, writes })
      .filter(([, units]) => !isUnits(units))
      .map(([name]) => `tableMaxima.${name} must be a whole number of request units a second, above 0.`),
  ];
}

/** One sentence for each part of a budget that AWS would refuse. */
export function budgetProblems(budget: object | undefined): string[] {
  if (!budget) return [];
  const { dollars, email } = budget as Record<string, unknown>;
  return [
    // What is beyond, CloudFormation would write with an exponent, which AWS Budgets does not read.
    ...(typeof dollars === "number" && dollars >= 0.01 && dollars <= 1e9
      ? []
      : ["budget.dollars must be a number of dollars from 0.01 to 1,000,000,000."]),
    ...(typeof email === "string" && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) && email.length <= 50
      ? []
      : ["budget.email must be an e-mail address of at most 50 characters, which is AWS's limit."]),
  ];
}

/**
 * A budget of the account, not of this stack alone: AWS can tell a stack's costs apart only by tags that somebody has to
 * activate by hand first. It watches and tells, some hours late; it stops nothing.
 */
export function addBudget(scope: Construct, { dollars, email }: Budget): CfnBudget {
  const tell = (notificationType: string, threshold: number) => ({
    notification: { notificationType, comparisonOperator: "GREATER_THAN", threshold, thresholdType: "PERCENTAGE" },
    subscribers: [{ subscriptionType: "EMAIL", address: email }],
  });
  return new CfnBudget(scope, "Budget", {
    budget: { budgetType: "COST", timeUnit: "MONTHLY", budgetLimit: { amount: dollars, unit: "USD" } },
    notificationsWithSubscribers: [tell("ACTUAL", 80), tell("ACTUAL", 100), tell("FORECASTED", 100)],
  });
}
