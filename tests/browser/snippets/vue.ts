/** A component of Vue with the composable. */

import { createApp, defineComponent, h } from "vue";
import { useChatter } from "../../../examples/vue/use-chatter.ts";

export function mount(target: HTMLElement, { url, login }: { url: string; login: string }) {
  const Updates = defineComponent(() => {
    const { state, updates } = useChatter(url, () => login);
    return () => [
      h("output", state.value),
      h("ul", Object.entries(updates.value).map(([topic, { body }]) => h("li", `${topic}: ${(body as any).message}`))),
    ];
  });
  const app = createApp(Updates);
  app.mount(target);
  return () => app.unmount();
}
