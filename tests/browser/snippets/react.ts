/** A component of React with the hook. */

import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { useChatter } from "../../../examples/react/use-chatter.ts";

function Updates({ url, login }: { url: string; login: string }) {
  const { state, updates } = useChatter(url, login);
  const lines = Object.entries(updates).map(([topic, { body }]) => createElement("li", { key: topic }, `${topic}: ${(body as any).message}`));
  return createElement("div", null, createElement("output", null, state), createElement("ul", null, lines));
}

export function mount(target: HTMLElement, user: { url: string; login: string }) {
  const root = createRoot(target);
  root.render(createElement(Updates, user));
  return () => root.unmount();
}
