import type { Place } from "../lib/places";
import type { Complete } from "../lib/settings";
import type { Planned } from "./planned";

/** What each check knows. */
export interface Question {
  readonly settings: Complete;
  readonly place: Place;
  readonly planned: Planned;
  /** Whether the stack as it is deployed has a resource of this name; undefined where these credentials may not ask. */
  readonly isOwn: (name: string) => boolean | undefined;
}
