/**
 * What the doctor found out about one thing.
 * - well: as a deployment needs it.
 * - careful: a deployment succeeds, and somebody should know this.
 * - wrong: a deployment would fail, or take away what others rely on.
 * - unknown: nobody could say. That is no failure: CDK deploys by roles of its own, which may do what these credentials may not.
 */
export interface Answer {
  readonly mark: Mark;
  /** A sentence; where something is to be done, it says what. */
  readonly sentence: string;
}

export type Mark = "well" | "careful" | "wrong" | "unknown";

const answer = (mark: Mark) => (sentence: string): Answer => ({ mark, sentence });
export const [well, careful, wrong, unknown] = (["well", "careful", "wrong", "unknown"] as const).map(answer) as [
  (sentence: string) => Answer,
  (sentence: string) => Answer,
  (sentence: string) => Answer,
  (sentence: string) => Answer,
];

const SIGNS: Record<Mark, string> = { well: "✔", careful: "!", wrong: "✖", unknown: "?" };

/** The line that is printed. */
export function line({ mark, sentence }: Answer): string {
  return `  ${SIGNS[mark]} ${sentence}`;
}
