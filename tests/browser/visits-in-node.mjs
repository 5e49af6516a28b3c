/** A page in a process of Node, with a clock of its own. As in a browser the clock is set before the client is loaded. */

import { createRequire } from "node:module";
import { serve } from "../harness/node-process.mjs";
import { Visits } from "./visits.mjs";
import { useWrongClock } from "../harness/wrong-clock.mjs";

useWrongClock(Number(process.argv[2]));
const { WebSocket } = createRequire(new URL("../../web/package.json", import.meta.url))("ws");
const { connect } = await import("../../web/src/index.js");
serve(new Visits(connect, WebSocket));
