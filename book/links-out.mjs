/**
 * A preprocessor of mdBook: links that lead out of docs/ become links into the repository that the root Cargo.toml names. As long
 * as it names none, they become text.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DOCS = join(ROOT, "docs");
const REPOSITORY = readFileSync(join(ROOT, "Cargo.toml"), "utf8").match(/^repository = "(.+)"/m)?.[1];

/**
 * @param {string} text Markdown.
 * @param {string} path The chapter's file, from docs/.
 */
export function linksOut(text, path, repository = REPOSITORY) {
  return text.replace(/(?<!!)\[((?:[^\[\]`]|`[^`]*`)+)\]\(([^()\s]+)\)/g, (link, words, href) => {
    if (/^[a-z]+:|^#/i.test(href)) return link;
    const [file, anchor] = href.split("#");
    const target = join(DOCS, dirname(path), file);
    const isPage = !relative(DOCS, target).startsWith("..") && existsSync(target) && statSync(target).isFile();
    if (isPage) return link;
    if (!repository) return words;
    const kind = existsSync(target) && statSync(target).isDirectory() ? "tree" : "blob";
    return `[${words}](${repository}/${kind}/main/${relative(ROOT, target)}${anchor ? `#${anchor}` : ""})`;
  });
}

function everyChapter(items, change) {
  for (const { Chapter } of items) {
    if (!Chapter) continue;
    if (Chapter.path) change(Chapter);
    everyChapter(Chapter.sub_items, change);
  }
}

// mdBook first asks, with the word `supports`, whether this preprocessor is for its output; then it sends the book.
if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] !== "supports") {
  const [, book] = JSON.parse(readFileSync(0, "utf8"));
  everyChapter(book.items ?? book.sections, (chapter) => {
    chapter.content = linksOut(chapter.content, chapter.path);
  });
  process.stdout.write(JSON.stringify(book));
}
