import type { Settings } from "./settings";

/** What the settings name by an ARN has to be where the stack is: AWS refuses another region's, most of it after minutes. */

/** A region, and an account in it. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

/** One sentence for each ARN in the settings that is of another region or account than the stack. */
export function foreignArns(settings: Settings, { region, account }: Place): string[] {
  return named(settings).flatMap(([setting, arn, isOfAnyAccount]) => {
    const [, , , itsRegion, itsAccount] = typeof arn === "string" ? arn.split(":") : [];
    // What is no ARN at all has a sentence of its own.
    if (!itsRegion || !itsAccount) return [];
    if (itsRegion !== region) return [`${setting} must be of the stack's region, ${region}; this one is of ${itsRegion}.`];
    if (itsAccount !== account && !isOfAnyAccount) {
      return [`${setting} must be of the stack's account, ${account}; this one is of ${itsAccount}.`];
    }
    return [];
  });
}

/** The ARNs, each with its setting, and whether it may be of another account. Certificates have checks of their own. */
function named({ alarmTopicArn, waysIn, existingTables }: Settings): [setting: string, arn: unknown, isOfAnyAccount: boolean][] {
  const topics = Array.isArray(waysIn?.topics) ? waysIn.topics : [];
  return [
    // Its own policy may let another account's alarms publish to it.
    ["alarmTopicArn", alarmTopicArn, true],
    ...topics.map((arn): [string, unknown, boolean] => ["waysIn.topics", arn, false]),
    ...Object.entries(waysIn?.pipes ?? {}).map(([name, pipe]): [string, unknown, boolean] => [`waysIn.pipes.${name}.source`, pipe?.source, false]),
    ["existingTables.chatters.streamArn", existingTables?.chatters?.streamArn, false],
  ];
}
