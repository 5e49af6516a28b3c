import { LoggedOut, connect, type State, type Update } from "chatterbox-client";

/** What a component shows: whether there is a socket, and the newest update of each topic. */
export interface Chatter {
  readonly state: State;
  readonly updates: Record<string, Update>;
}

/**
 * Listens for a user's updates for as long as the component is there: `const chatter = useChatter(() => url, () => login)`,
 * in its script, and `{chatter.state}` in its markup. Components of one page, and tabs of one browser, that call it with the
 * same url and login share one socket.
 */
export function useChatter(url: () => string, login: () => string): Chatter {
  let state = $state.raw<State>("connecting");
  let updates = $state.raw<Record<string, Update>>({});

  $effect(() => {
    const chatter = connect({ url: url(), login: login(), credentials });
    chatter.addEventListener("state", ({ detail }) => (state = detail.state));
    chatter.addEventListener("stats-updated", ({ detail }) => {
      updates = { ...updates, ...Object.fromEntries(detail.topics.map((topic) => [topic, detail])) };
    });
    return () => {
      chatter.close();
      updates = {};
    };
  });

  return {
    get state() {
      return state;
    },
    get updates() {
      return updates;
    },
  };
}

/** Asks the site's backend for the user's chatter ID. */
async function credentials(): Promise<{ chatterId: string }> {
  const response = await fetch("/chatter-id", { method: "POST" });
  if (response.status === 401) throw new LoggedOut();
  if (!response.ok) throw new Error(`no chatter ID: ${response.status}`);
  return response.json();
}
