/** A page with the observable. */

import { statsUpdates } from "../../../examples/rxjs/stats-updates.ts";

export function mount(target: HTMLElement, { url, login, chatterId }: { url: string; login: string; chatterId: string }) {
  const [state, list] = [document.createElement("output"), document.createElement("ul")];
  target.append(state, list);
  state.textContent = "open";
  const subscription = statsUpdates({ url, login, chatterId }).subscribe(({ topic, body }) => {
    const line = document.createElement("li");
    line.textContent = `${topic}: ${(body as any).message}`;
    list.append(line);
  });
  return () => subscription.unsubscribe();
}
