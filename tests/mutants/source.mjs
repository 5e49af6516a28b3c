/**
 * Mutants of core as text: the small changes that cargo-mutants lists, such as a function that returns `Default::default()`, or
 * `<` in the place of `<=`.
 *
 * @typedef {{ line: number, column: number }} Place Both are counted from 1, and the column in characters.
 * @typedef {{ start: Place, end: Place }} Span
 * @typedef {{ id: number, name: string, file: string, genre: string, replacement: string, span: Span,
 *   function: { function_name: string, return_type: string, span: Span } | null }} Mutant
 */

/** What a list of accepted survivors calls it: its name without the line, which changes with every edit. */
export const keyOf = ({ name }) => name.replace(/^crates\/core\/src\//, "").replace(/:\d+:\d+:/, ":");

/** The source with this one mutant in it. */
export function mutated(source, mutant) {
  const [start, end] = range(source, mutant.span);
  return source.slice(0, start) + mutant.replacement + withoutComma(source.slice(end), mutant);
}

/**
 * The source with all these mutants of one file in it, each in a copy of its function's body, which runs in a process that
 * `MUTANT` names it to; and for each line of the result the mutant in whose copy it is, `null` for a body as it was and for a
 * switch, or `undefined` outside of all. Mutants outside of functions, or of a function within a function, are left out.
 *
 * @param {string} source
 * @param {Mutant[]} mutants
 */
export function withSwitches(source, mutants) {
  const bodies = bodiesOf(source, mutants);
  let text = "";
  let rest = 0;
  /** @type {({ mutant: Mutant | null, body: Body, isSwitch?: boolean } | undefined)[]} */ const lines = [];
  const add = (part, owner) => {
    text += part;
    for (let n = part.split("\n").length - 1; n > 0; n -= 1) lines.push(owner);
  };
  for (const body of bodies) {
    add(source.slice(rest, body.start), undefined);
    for (const mutant of body.mutants) {
      const [start, end] = range(source, mutant.span);
      const changed = source.slice(body.start, start) + mutant.replacement + withoutComma(source.slice(end, body.end), mutant);
      add(`\nif crate::mutants::runs(${mutant.id}) {${body.opening}\n`, { mutant: null, body, isSwitch: true });
      add(`${changed}\n`, { mutant, body });
      add(`${body.closing}} else\n`, { mutant: null, body });
    }
    add(`{${body.opening}\n${source.slice(body.start, body.end)}\n${body.closing}}\n`, { mutant: null, body });
    rest = body.end;
  }
  add(source.slice(rest), undefined);
  return { text, owners: lines, mutants: bodies.flatMap((body) => body.mutants) };
}

/** @typedef {{ start: number, end: number, opening: string, closing: string, mutants: Mutant[] }} Body */

/** What stands around each body of a function that returns some iterator, so that all are of one type. */
const BOXED = { opening: "Box::new({", closing: "}) as Box<dyn Iterator<Item = _> + '_>" };
const AS_IT_IS = { opening: "", closing: "" };

/** The bodies of the functions that have mutants, in order. @returns {Body[]} */
function bodiesOf(source, mutants) {
  const bodies = new Map();
  for (const mutant of mutants.filter((mutant) => mutant.function)) {
    const [from, to] = range(source, mutant.function.span);
    const end = source.lastIndexOf("}", to - 1);
    const start = opening(source, from, end) + 1;
    const around = /^-> impl Iterator<[^+]*>$/.test(mutant.function.return_type) ? BOXED : AS_IT_IS;
    if (!bodies.has(start)) bodies.set(start, { start, end, ...around, mutants: [] });
    bodies.get(start).mutants.push(mutant);
  }
  const sorted = [...bodies.values()].sort((a, b) => a.start - b.start);
  return sorted.filter((body, n) => !sorted.slice(0, n).some((outer) => outer.end > body.start));
}

/** Where the brace is that the one at `end` closes. Braces in strings come in pairs, as formats have them. */
function opening(source, from, end) {
  let depth = 0;
  for (let at = end; at >= from; at -= 1) {
    if (source[at] === "}") depth += 1;
    if (source[at] === "{") depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error(`no function's body ends at ${end}`);
}

/** An arm or a field that is deleted takes its comma along. */
function withoutComma(rest, { genre }) {
  return genre === "MatchArm" || genre === "StructField" ? rest.replace(/^\s*,/, "") : rest;
}

/** @param {Span} span */
function range(source, { start, end }) {
  const lines = source.split("\n");
  const offset = ({ line, column }) =>
    lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + [...lines[line - 1]].slice(0, column - 1).join("").length;
  return [offset(start), offset(end)];
}
