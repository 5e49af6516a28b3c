/**
 * The lowest versions of the browsers that have all that the client uses. What it uses is read from its built module: its
 * syntax, its free names, and the members of what these are. Since when a browser has it, MDN's data says
 * (https://github.com/mdn/browser-compat-data). A member counts if any interface that the client uses has one of that name:
 * where that is another's, the answer is too high rather than too low.
 */

import { createRequire } from "node:module";
import { parse } from "acorn";
import { full } from "acorn-walk";
import { ESSENTIAL_SYNTAX, SYNTAX } from "./syntax.mjs";
import { render } from "./table.mjs";

const data = createRequire(import.meta.url)("@mdn/browser-compat-data");

/** Browsers by MDN's names. Of those in one column the highest version counts. */
const BROWSERS = {
  "Chrome, Edge": ["chrome", "edge", "chrome_android"],
  "Firefox": ["firefox", "firefox_android"],
  "Safari, iOS": ["safari", "safari_ios"],
};

/** Interfaces of the objects that have a name of their own. */
const OBJECTS = {
  document: "api.Document",
  navigator: "api.Navigator",
  performance: "api.Performance",
  crypto: "api.Crypto",
  console: "api.console",
  globalThis: "api.Window",
};
/** Interfaces of values without a name, beside those that the client makes by `new`: what these hand out, and literals. */
const VALUES = [
  ...["AbortSignal", "LockManager", "PerformanceNavigationTiming", "SubtleCrypto", "URLSearchParams", "WebSocket"].map((name) => `api.${name}`),
  ...["Array", "Function", "Number", "Promise", "RegExp", "String"].map((name) => `javascript.builtins.${name}`),
];
/** Members that only have the name of one of the client's own. */
const OWN = ["api.AbortSignal.reason", "api.URLSearchParams.size", "javascript.builtins.Array.at", "javascript.builtins.String.at"];

/** What the parser cannot see: parameters, and classes that are extended. */
const HIDDEN = [
  "api.EventTarget.addEventListener.options_parameter.options_signal_parameter",
  "api.EventTarget.EventTarget",
  "api.CustomEvent.CustomEvent",
  "api.WebSocket.WebSocket",
];

/** What tabs need to share a socket: without it, each has its own. */
const SHARING = ["api.BroadcastChannel", "api.LockManager", "api.Navigator.locks", "api.SubtleCrypto", "api.Crypto.subtle"];
/** What the client asks only where a browser has it: whether the page came from a cache. */
const IGNORED = ["api.PerformanceNavigationTiming", "api.Performance.getEntriesByType"];

const isOf = (keys) => (key) => keys.some((one) => key === one || key.startsWith(`${one}.`));
const at = (path) => path.split(".").reduce((found, name) => (found && Object.hasOwn(found, name) ? found[name] : undefined), data);

/** MDN's keys of all that a module uses. */
export function featuresOf(code) {
  const { nodes, declared, names, members } = partsOf(code);
  const features = new Set([...HIDDEN, ...nodes.flatMap(syntaxOf)]);
  const free = names.filter((name) => !declared.has(name) && name !== "undefined");
  const anyMember = new Set([...members.values()].flatMap((names) => [...names]));
  const add = (owner, names, ending = "") => {
    for (const name of names) if (at(`${owner}.${name}${ending}`)?.__compat) features.add(`${owner}.${name}${ending}`);
  };
  for (const owner of [...free.map(keyOf), ...VALUES]) {
    const name = owner.split(".").at(-1);
    features.add(owner);
    add(owner, anyMember);
    // A static member has the class before it.
    add(owner, members.get(name) ?? [], "_static");
  }
  for (const [name, owner] of Object.entries(OBJECTS)) {
    // The bundler gives a variable with the name of a free one a number.
    for (const [object, names] of members) if (object.replace(/\d+$/, "") === name) add(owner, names), add(owner, names, "_static");
  }
  const isLeftOut = isOf([...OWN, ...IGNORED]);
  return [...features].filter((key) => !isLeftOut(key)).sort();
}

/** MDN's key of what a free name stands for. */
function keyOf(name) {
  const key = [`javascript.builtins.${name}`, `api.${name}`, `api.Window.${name}`].find((key) => at(key));
  if (!key) throw new Error(`MDN's data does not know ${name}`);
  return key;
}

/** MDN's keys of the syntax of a node, beyond what every browser with modules has. */
function syntaxOf(node) {
  const found = SYNTAX.filter(([, holds]) => holds(node)).map(([key]) => key);
  if (!found.length && !ESSENTIAL_SYNTAX.has(node.type)) throw new Error(`syntax.mjs does not know ${node.type}`);
  return found;
}

/** The nodes of a module, the names that it declares, all names that it uses, and the members that it reads, by their object. */
function partsOf(code) {
  const nodes = [];
  const declared = new Set();
  const names = new Set();
  /** @type {Map<string, Set<string>>} */
  const members = new Map();
  const read = (object, name) => members.set(object, (members.get(object) ?? new Set()).add(name));
  full(parse(code, { ecmaVersion: "latest", sourceType: "module" }), (node) => {
    nodes.push(node);
    if (node.type === "Identifier") names.add(node.name);
    if (node.type === "MemberExpression" && !node.computed) read(node.object.name ?? node.object.property?.name ?? "", node.property.name);
    if (node.type === "VariableDeclarator") declareNames(node.id, declared);
    if (node.type === "VariableDeclarator" && node.init?.type === "Identifier")
      for (const { key } of node.id.properties ?? []) if (key) read(node.init.name, key.name);
    if (node.type === "CatchClause" && node.param) declareNames(node.param, declared);
    if (/^(Class|Function)/.test(node.type)) declareNames(node.id, declared);
    for (const parameter of node.params ?? []) declareNames(parameter, declared);
  });
  return { nodes, declared, names: [...names], members };
}

/** Adds the names that a pattern declares, and not the defaults in it. */
function declareNames(pattern, declared) {
  if (pattern?.type === "Identifier") declared.add(pattern.name);
  for (const property of pattern?.properties ?? []) declareNames(property.value ?? property.argument, declared);
  for (const element of pattern?.elements ?? []) declareNames(element, declared);
  if (pattern?.type === "AssignmentPattern") declareNames(pattern.left, declared);
  if (pattern?.type === "RestElement") declareNames(pattern.argument, declared);
}

/** Version since which a browser has a feature: all of it, without a prefix or a setting. */
function since(key, browser) {
  const { support } = at(key).__compat ?? at(key)[key.split(".").at(-1)].__compat;
  const isWhole = ({ flags, prefix, alternative_name, partial_implementation, version_removed }) =>
    !flags && !prefix && !alternative_name && !partial_implementation && !version_removed;
  const versions = [support[browser]].flat().filter(isWhole).map((one) => String(one.version_added).replace("≤", ""));
  const [first] = versions.filter((version) => Number(version) >= 0).sort(byVersion);
  if (first === undefined) throw new Error(`${browser} has no ${key}`);
  return first;
}

const byVersion = (one, other) => one.localeCompare(other, "en", { numeric: true });

/** The lowest version with all these features, and the features that decide it. */
function lowest(features, browser) {
  const all = features.map((key) => [since(key, browser), key]);
  const version = all.map(([version]) => version).sort(byVersion).at(-1);
  return { version, because: all.filter(([one]) => one === version).map(([, key]) => key) };
}

/** A table: for the client, and for the sharing of sockets, the lowest versions, and what decides them. */
export function tableOf(code) {
  const features = featuresOf(code);
  const isOfSharing = isOf(SHARING);
  const rows = { "the client": features.filter((key) => !isOfSharing(key)), "one socket for all tabs": features };
  const engines = Object.entries(BROWSERS).map(([name, browsers]) => {
    const cells = new Map(Object.entries(rows).map(([what, keys]) => [what, cellOf(browsers.map((browser) => lowest(keys, browser)))]));
    return { name, cells };
  });
  return render(engines, Object.keys(rows));
}

function cellOf(all) {
  const { version, because } = all.sort((one, other) => byVersion(one.version, other.version)).at(-1);
  const [first] = because.map((key) => key.replace(/^(api|javascript\.\w+)\./, "")).sort((one, other) => one.length - other.length);
  return `${version}, for \`${first}\``;
}
