import { HEARTBEAT, HEARTBEAT_BOUNDS, noticedWithin } from "./client";
import { estimate, type Choice, type Site } from "./estimate";

/** What each length of the client's heartbeat costs, and how late a dead link is noticed with it. */
export function heartbeatTable(site: Site, { observability, heartbeat: chosen = HEARTBEAT }: Choice = {}): string {
  const [shortest, longest] = HEARTBEAT_BOUNDS;
  const minutes = Array.from({ length: Math.floor(longest) - shortest + 1 }, (_, n) => shortest + n);
  const lengths = [...new Set([...minutes, longest, chosen])].sort((a, b) => a - b);
  const total = (heartbeat: number) =>
    estimate(site, { heartbeat, observability }).reduce((sum, { afterFree }) => sum + afterFree, 0);
  const row = (length: string, late: string, dollars: string, mark = "") =>
    `${length.padStart(9)}${late.padStart(22)}${dollars.padStart(14)}${mark}`.trimEnd();
  return [
    "The client's option heartbeat, in minutes of silence; how soon a page that is looked at notices a dead link, at the",
    "latest; and the sum above with it",
    "",
    row("heartbeat", "noticed after", "after free"),
    ...lengths.map((length) =>
      row(`${length}`, `${noticedWithin(length).toFixed(1)} minutes`, total(length).toFixed(2), length === chosen ? "  as above" : ""),
    ),
  ].join("\n");
}
