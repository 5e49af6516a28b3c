/** Which metrics, alarms and dashboard there are: what costs nothing, one alarm for each cause, or none of them. */
export type Observability = "free" | "full" | "none";
export const OBSERVABILITIES: readonly Observability[] = ["free", "full", "none"];
