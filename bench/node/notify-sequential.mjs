/** Baseline: notify that posts to one socket after the other. */

import { notify } from "./notify.mjs";

notify(async (connections, post) => {
  for (const connection of connections) await post(connection);
});
