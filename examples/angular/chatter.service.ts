import { DestroyRef, Injectable, inject, signal, type Signal } from "@angular/core";
import { LoggedOut, connect, type State, type Update } from "chatterbox-client";
import { Subject, type Observable } from "rxjs";

/** What the site's backend answers to POST /chatter-id. */
interface Session {
  url: string;
  login: string;
  chatterId: string;
}

/** One socket for the application: `inject(ChatterService).updates`, or `toSignal(service.updates)`. */
@Injectable({ providedIn: "root" })
export class ChatterService {
  /** Every update of the user's stats, as it happens. */
  readonly updates: Observable<Update>;
  /** Whether there is a socket, and if not, what is done about it. */
  readonly state: Signal<State>;

  readonly #updates = new Subject<Update>();
  readonly #state = signal<State>("connecting");
  #end: (() => void) | undefined;

  constructor() {
    this.updates = this.#updates.asObservable();
    this.state = this.#state.asReadonly();
    inject(DestroyRef).onDestroy(() => this.stop());
  }

  /** To be called once the user is logged in. It rejects if the site gives no chatter ID. */
  async start(): Promise<void> {
    this.stop();
    const { url, login } = await session();
    const chatter = connect({ url, login, credentials: session });
    chatter.addEventListener("stats-updated", ({ detail }) => this.#updates.next(detail));
    chatter.addEventListener("state", ({ detail }) => this.#state.set(detail.state));
    this.#end = () => chatter.close();
  }

  stop(): void {
    this.#end?.();
    this.#end = undefined;
  }
}

async function session(): Promise<Session> {
  const response = await fetch("/chatter-id", { method: "POST" });
  if (response.status === 401) throw new LoggedOut();
  if (!response.ok) throw new Error(`no chatter ID: ${response.status}`);
  return response.json();
}
