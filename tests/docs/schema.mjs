/** Fields as docs/protocol.md writes them in its tables: name, type, whether always. */

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

/** Whether a value is of a type, by the type's name. */
const TYPES = {
  null: (value) => value === null,
  string: (value) => typeof value === "string",
  integer: Number.isSafeInteger,
  boolean: (value) => typeof value === "boolean",
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  time: (value) => TIME.test(value) && !Number.isNaN(Date.parse(value)),
  "list of strings": (value) => Array.isArray(value) && value.every(TYPES.string),
  "list of objects": (value) => Array.isArray(value) && value.every(TYPES.object),
  "any JSON": () => true,
};

/** @param {string} type One or more, as in `object or null`, or values, as in `"a", "b" or "c"`. */
function fits(value, type) {
  return type.split(/, | or /).some((one) => {
    if (one.startsWith('"')) return value === JSON.parse(one);
    if (!TYPES[one]) throw new Error(`no such type: ${one}`);
    return TYPES[one](value);
  });
}

/**
 * The names of the fields of an example that are missing, of another type, or not in the table.
 * @param {any} example
 * @param {string[][]} table
 */
export function problems(example, table) {
  const types = new Map(table.map(([name, type]) => [name, type]));
  const always = table.filter(([, , always]) => always === "yes").map(([name]) => name);
  const found = new Set();
  /** Whether the table says what is in the field, or leaves that to others. */
  const isDescribed = (name) => [...types.keys()].some((other) => other.startsWith(`${name}.`) || other.startsWith(`${name}[]`));
  const look = (value, prefix) => {
    for (const [key, field] of Object.entries(value)) {
      const name = prefix + key;
      if (!types.has(name) || !fits(field, types.get(name))) found.add(name);
      else if (Array.isArray(field) && isDescribed(name)) field.forEach((element) => look(element, `${name}[].`));
      else if (field && typeof field === "object" && isDescribed(name)) look(field, `${name}.`);
    }
    const own = always.filter((name) => name.startsWith(prefix) && !/[.[]/.test(name.slice(prefix.length)));
    for (const name of own) if (!(name.slice(prefix.length) in value)) found.add(name);
  };
  look(example, "");
  return [...found].sort();
}

/** The names of a message's fields, in their order, with their types; a body may be anything. */
export function shape(value, name) {
  if (name === "body" || value === null || typeof value !== "object") return name === "body" ? "body" : typeof value;
  if (Array.isArray(value)) return value.slice(0, 1).map((element) => shape(element));
  return Object.entries(value).map(([key, field]) => [key, shape(field, key)]);
}
