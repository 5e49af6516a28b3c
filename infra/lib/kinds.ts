/** What kind of value each setting has: a JSON file may hold anything, and a misspelt name would be left out without a word. */

/** A kind of value; of an object, what may be in it. "object" stands for one whose own check knows what may be in it. */
export type Kind = "string" | "number" | "boolean" | "list" | "object" | Kinds;

export interface Kinds {
  readonly [name: string]: Kind;
}

/** One sentence for each name that is not known, and for each value of a wrong kind. `path` is where they are, ending in a dot. */
export function misfits(given: object, kinds: Kinds, path = ""): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    if (!Object.hasOwn(kinds, name)) {
      return [path ? `${path}${name} is not known: ${Object.keys(kinds).join(", ")} are.` : `${name} is not a setting; lib/settings.ts lists them.`];
    }
    if (value === undefined) return [];
    const kind = kinds[name]!;
    const [wanted, actual] = [typeof kind === "string" ? kind : "object", kindOf(value)];
    if (actual !== wanted) return [`${path}${name} must be of the kind ${wanted}; it is ${actual}.`];
    return typeof kind === "string" ? [] : misfits(value, kind, `${path}${name}.`);
  });
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "list" : value === null ? "null" : typeof value;
}
