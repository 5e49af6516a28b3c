/** The repository's documents, and what stands in them. */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import GithubSlugger from "github-slugger";
import { marked } from "marked";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What is built or installed, and so is no part of the repository. */
const NOT_OURS = new Set([".git", ".tools", "cdk.out", "dist", "node_modules", "target", "__pycache__"]);

/** All files below the root whose names end in one of these, by their paths from the root. */
export function files(...endings) {
  const inFolder = (folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : inFolder(path);
      return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : [];
    });
  return inFolder(".").sort();
}

/** The text of a file. */
export function read(path) {
  return readFileSync(join(ROOT, path), "utf8");
}

/** One Markdown document. */
export class Document {
  /** Every token, outer before inner, in the document's order. */
  tokens = [];

  /**
   * @param {string} path From the root.
   * @param {string} text
   */
  constructor(path, text = read(path)) {
    this.path = path;
    marked.walkTokens(marked.lexer(text), (token) => {
      this.tokens.push(token);
    });
  }

  /** The names by which a link may lead to a heading, as GitHub makes them. */
  get anchors() {
    const slugger = new GithubSlugger();
    return new Set(this.#of("heading").map((heading) => slugger.slug(plain(heading))));
  }

  /** Fenced code: its language, the marks after that (`message=ping`), and its text. */
  get code() {
    return this.#of("code").filter(({ lang }) => lang).map(readCode);
  }

  /** Code that is indented, and so has no language. */
  get indented() {
    return this.#of("code").filter(({ codeBlockStyle }) => codeBlockStyle === "indented").map(({ text }) => text);
  }

  /** The texts of all headings. */
  get headings() {
    return this.#of("heading").map(plain);
  }

  /** Every link and picture that leads to a file of the repository, or to a heading. */
  get links() {
    const all = [...this.#of("link"), ...this.#of("image")];
    return all.map((token) => ({ href: token.href, words: token.text, symbol: symbol(token) })).filter(({ href }) => !/^[a-z]+:/i.test(href));
  }

  #of(type) {
    return this.tokens.filter((token) => token.type === type);
  }
}

/** @returns {{ language: string, marks: Record<string, string>, text: string }} */
export function readCode({ lang, text }) {
  const [language, ...marks] = lang.split(/\s+/);
  return { language, marks: Object.fromEntries(marks.map((mark) => mark.split("="))), text };
}

/** The text of a heading, or of a table's cell, without its marks. */
export function plain({ tokens, text }) {
  return tokens ? tokens.map(plain).join("") : text;
}

/** If a link's text is code, like `Notifier::serve`: the name that the file it leads to must have, here `serve`. */
function symbol({ tokens }) {
  const code = tokens?.length === 1 && tokens[0].type === "codespan" && tokens[0].text;
  return code && /^[#\w:]+$/.test(code) ? code.split("::").at(-1) : undefined;
}

/**
 * What is wrong with a link, if anything.
 * @param {Document} document
 * @param {{ href: string, symbol?: string | undefined }} link
 */
export function problem(document, { href, symbol }) {
  const [path, anchor] = href.split("#");
  const target = path ? normalize(join(dirname(document.path), decodeURIComponent(path))) : document.path;
  if (path && target.startsWith("..")) return "leads out of the repository";
  if (path && !existsSync(join(ROOT, target))) return "there is no such file";
  if (anchor !== undefined) {
    if (!target.endsWith(".md")) return "only documents have headings";
    const { anchors } = target === document.path ? document : new Document(target);
    if (!anchors.has(anchor)) return "there is no such heading";
  }
  if (symbol && !target.endsWith(".md") && !declares(read(target), symbol)) return `${symbol} is not declared in that file`;
  return undefined;
}

/** Whether a source declares this name: as a type, a function, a constant, a method or a field, in Rust or in JavaScript. */
function declares(source, symbol) {
  const words = "fn|struct|enum|trait|type|mod|const|static|class|function";
  return new RegExp(`\\b(?:${words})\\s+${symbol}\\b|^\\s*(?:pub |async )*${symbol}\\s*[(:]`, "m").test(source);
}
