/** notify, one post after the other. */

import { notify } from "./notify.mjs";

notify(async (connections, post) => {
  for (const connection of connections) await post(connection);
});
