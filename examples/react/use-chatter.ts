import { LoggedOut, connect, type State, type Update } from "chatterbox-client";
import { useEffect, useState } from "react";

/** What a component shows: whether there is a socket, and the newest update of each topic. */
export interface Chatter {
  state: State;
  updates: Record<string, Update>;
}

/**
 * Listens for a user's updates for as long as the component is there: `const { state, updates } = useChatter(url, login)`.
 * Components of one page, and tabs of one browser, that call it with the same url and login share one socket.
 */
export function useChatter(url: string, login: string): Chatter {
  const [state, setState] = useState<State>("connecting");
  const [updates, setUpdates] = useState<Record<string, Update>>({});

  useEffect(() => {
    setUpdates({});
    const chatter = connect({ url, login, credentials });
    chatter.addEventListener("state", ({ detail }) => setState(detail.state));
    chatter.addEventListener("stats-updated", ({ detail }) => {
      setUpdates((before) => ({ ...before, ...Object.fromEntries(detail.topics.map((topic) => [topic, detail])) }));
    });
    return () => chatter.close();
  }, [url, login]);

  return { state, updates };
}

/** Asks the site's backend for the user's chatter ID. */
async function credentials(): Promise<{ chatterId: string }> {
  const response = await fetch("/chatter-id", { method: "POST" });
  if (response.status === 401) throw new LoggedOut();
  if (!response.ok) throw new Error(`no chatter ID: ${response.status}`);
  return response.json();
}
