import { App } from "aws-cdk-lib";
import { ChatterboxStack } from "../lib/chatterbox-stack";
import { given, orRefuse } from "./given";

/**
 * The stack by settings.ts. `-c settings=FILE` takes a JSON file in its place, for a second deployment, and
 * `-c architecture=…` says what `make` built for.
 */
const app = new App({ analyticsReporting: false });
const context = (name: string) => app.node.tryGetContext(name) as string | undefined;
orRefuse(() => new ChatterboxStack(app, given(context("settings"), context("architecture"))));
