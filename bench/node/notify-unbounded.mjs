/** Baseline: notify that posts to all sockets at once. */

import { notify } from "./notify.mjs";

notify((connections, post) => Promise.all(connections.map(post)));
