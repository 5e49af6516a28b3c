/**
 * Options of every client: an answer comes within seconds or not at all, and nothing is asked a second time, since a person
 * waits. The region and the credentials are those that every AWS program takes.
 */
export const QUICK = { maxAttempts: 1, requestHandler: { connectionTimeout: 5_000, requestTimeout: 10_000 } } as const;

/** Whether AWS refused to say: who may deploy need not be allowed to ask, since CDK deploys by roles of its own. */
export function isDenied(error: unknown): boolean {
  return /AccessDenied|NotAuthorized|UnauthorizedOperation/.test((error as Error).name);
}
