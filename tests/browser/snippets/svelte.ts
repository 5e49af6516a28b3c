/** A component of Svelte with the runes. */

import { mount as mountComponent, unmount } from "svelte";
import Updates from "./Updates.svelte";

export function mount(target: HTMLElement, props: { url: string; login: string }) {
  const component = mountComponent(Updates, { target, props });
  return () => unmount(component);
}
