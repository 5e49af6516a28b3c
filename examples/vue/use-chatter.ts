import { LoggedOut, connect, type State, type Update } from "chatterbox-client";
import { shallowRef, toValue, watchEffect, type MaybeRefOrGetter, type ShallowRef } from "vue";

/** What a component shows: whether there is a socket, and the newest update of each topic. */
export interface Chatter {
  state: Readonly<ShallowRef<State>>;
  updates: Readonly<ShallowRef<Record<string, Update>>>;
}

/**
 * Listens for a user's updates for as long as the component is there: `const { state, updates } = useChatter(url, login)`,
 * in its setup. Components of one page, and tabs of one browser, that call it with the same url and login share one socket.
 */
export function useChatter(url: MaybeRefOrGetter<string>, login: MaybeRefOrGetter<string>): Chatter {
  const state = shallowRef<State>("connecting");
  const updates = shallowRef<Record<string, Update>>({});

  watchEffect((onCleanup) => {
    const chatter = connect({ url: toValue(url), login: toValue(login), credentials });
    chatter.addEventListener("state", ({ detail }) => (state.value = detail.state));
    chatter.addEventListener("stats-updated", ({ detail }) => {
      updates.value = { ...updates.value, ...Object.fromEntries(detail.topics.map((topic) => [topic, detail])) };
    });
    onCleanup(() => {
      chatter.close();
      updates.value = {};
    });
  });

  return { state, updates };
}

/** Asks the site's backend for the user's chatter ID. */
async function credentials(): Promise<{ chatterId: string }> {
  const response = await fetch("/chatter-id", { method: "POST" });
  if (response.status === 401) throw new LoggedOut();
  if (!response.ok) throw new Error(`no chatter ID: ${response.status}`);
  return response.json();
}
