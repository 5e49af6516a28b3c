/** Event patterns, as EventBridge and its pipes have them ("Amazon EventBridge event patterns"). */

/** What is wrong with a pattern, as the rest of a sentence that begins with `path`, for each place in it that AWS would refuse. */
export function patternProblems(path: string, pattern: unknown): string[] {
  if (!isObject(pattern) || Object.keys(pattern).length === 0) {
    return [`${path} must be an object with at least one name, such as { source: ["stats"] }.`];
  }
  return Object.entries(pattern).flatMap(([name, value]) => {
    const place = `${path}.${name}`;
    // Of these, one pattern has to match.
    if (name === "$or") return Array.isArray(value) && value.length > 1 ? value.flatMap((one) => patternProblems(place, one)) : [`${place} must be a list of two patterns or more.`];
    if (Array.isArray(value)) return value.length > 0 && value.every(isMatcher) ? [] : [`${place} must list what it may be: texts, numbers, true, false, null, or objects with one operator such as { prefix: "a" }.`];
    if (isObject(value)) return patternProblems(place, value);
    return [`${place} must be a list of what it may be, such as [${JSON.stringify(value)}], or an object of further names.`];
  });
}

/** A value that has to be met as it is, or an object with one operator. */
function isMatcher(value: unknown): boolean {
  if (isObject(value)) return Object.keys(value).length === 1;
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
