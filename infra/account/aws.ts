import { unknown, type Answer } from "./answer";

/**
 * Options of every client: nothing is asked a second time, since a person waits. The region and the credentials are those
 * that every AWS program takes.
 */
export const QUICK = { maxAttempts: 1, requestHandler: { connectionTimeout: 5_000, requestTimeout: 10_000 } } as const;

/** How long a question may take, in milliseconds. */
const PATIENCE = 10_000;

/** Whether AWS refused to say. */
export function isDenied(error: unknown): boolean {
  return /AccessDenied|NotAuthorized|UnauthorizedOperation/.test((error as Error).name);
}

/** The answers to a question, or one that says why there are none. `about` names what was asked about: "Lambda's concurrency". */
export async function asked(
  about: string,
  ask: () => Promise<Answer[]>,
  patience: number = PATIENCE,
): Promise<Answer[]> {
  try {
    return await within(patience, ask());
  } catch (error) {
    const why = isDenied(error) ? "these credentials may not ask" : `AWS gave no answer (${(error as Error).message})`;
    return [unknown(`Of ${about} nothing is known: ${why}.`)];
  }
}

/** What a promise gives within so many milliseconds. The SDK's own time-outs do not cover an answer that stops half-way. */
export async function within<T>(patience: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${patience / 1_000} s`)), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
