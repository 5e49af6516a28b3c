// Compares what came with what has to come. A pattern is a value, which has to be the same; an object, whose members have to be
// there; or a condition, an object with one of these members:
//   $: absent, string, number, milliseconds     $match: an expression
//   $not: a pattern      $any: one of these patterns      $all: all of them
//   $length: of a text    $most: the largest    $least: the smallest    $parsed: a pattern for the JSON in a text
//   $same: a member of the whole that has the same value
//   $keep, $kept: the value is remembered under a name, and the same again
export function differs(pattern, actual, kept, whole = actual, path = "") {
  const at = path || "it";
  const wrong = (wanted) => `${at} is ${JSON.stringify(actual)?.slice(0, 300)}, not ${wanted}`;
  if (pattern === null || typeof pattern !== "object" || Array.isArray(pattern)) {
    return JSON.stringify(pattern) === JSON.stringify(actual) ? undefined : wrong(JSON.stringify(pattern));
  }
  const kinds = {
    absent: () => actual === undefined,
    string: () => typeof actual === "string",
    number: () => typeof actual === "number",
    milliseconds: () => Number.isInteger(actual) && Math.abs(Date.now() - actual) < 3_600_000,
  };
  const conditions = {
    $: (kind) => kinds[kind](),
    $match: (expression) => typeof actual === "string" && new RegExp(expression, "u").test(actual),
    $not: (inner) => differs(inner, actual, kept, whole) !== undefined,
    $all: (inner) => inner.every((one) => differs(one, actual, kept, whole) === undefined),
    $any: (inner) => inner.some((one) => differs(one, actual, kept, whole) === undefined),
    $length: (length) => actual?.length === length,
    $most: (most) => actual <= most,
    $least: (least) => actual >= least,
    $parsed: (inner) => typeof actual === "string" && differs(inner, JSON.parse(actual), kept) === undefined,
    $same: (names) => actual !== undefined && actual === names.reduce((from, name) => from?.[name], whole),
    $keep: (name) => ((kept[name] = actual), actual !== undefined),
    $kept: (name) => actual === kept[name],
  };
  const [name] = Object.keys(pattern);
  if (name in conditions) return conditions[name](pattern[name]) ? undefined : wrong(JSON.stringify(pattern));
  for (const [member, inner] of Object.entries(pattern)) {
    const difference = differs(inner, actual?.[member], kept, whole, path ? `${path}.${member}` : member);
    if (difference) return difference;
  }
  return undefined;
}
