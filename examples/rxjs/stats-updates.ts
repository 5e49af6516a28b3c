import { connect, type Options, type Update } from "chatterbox-client";
import { Observable } from "rxjs";

export const statsUpdates = (options: Options) =>
  new Observable<Update>((subscriber) => {
    const chatter = connect(options);
    chatter.addEventListener("stats-updated", ({ detail }) => subscriber.next(detail));
    chatter.addEventListener("state", ({ detail }) => detail.state === "closed" && subscriber.complete());
    return () => chatter.close();
  });
