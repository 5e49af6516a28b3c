/** The npm package chatterbox-cdk: what a CDK app of one's own needs. docs/other-ways.md shows it. */
export { Chatterbox, type ChatterboxProps } from "./chatterbox";
export { FUNCTION_NAMES, type FunctionName } from "./functions";
export type { FunctionSettings } from "./function-settings";
export type { TableMaxima } from "./limits";
export { ApiGatewayLogRole } from "./log-role";
export type { OriginSecretSettings } from "./origin-secret";
export type { Observability } from "./observability";
export { OwnHost, type OwnHostProps } from "./own-host";
export { ROUTES, type Route } from "./routes";
export { SettingsError } from "./settings";
export type { ExistingTables } from "./tables";
export { DEFAULT_THROTTLES, type Throttle, type Throttles } from "./throttles";
export { zips } from "./zips";
export type { EventPipe, EventRule, WaysIn } from "./ways-in";
