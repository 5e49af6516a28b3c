//! The order of a crate's source: no file and no room (a folder of `src`, or a file beside the folders) depends on itself
//! in a circle, and each room uses only those that the reading order in `lib.rs` has before it.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on has failed the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// A module's path from the crate's root, such as `["host", "pool"]`; the root's is empty.
type Module = Vec<String>;
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Checks the crate in this folder (`CARGO_MANIFEST_DIR`).
///
/// # Panics
/// If there is a circle, which is named, or if a room uses one that comes after it in the numbered list of `src/lib.rs`.
pub fn check(manifest_folder: &str) {
    let root = Path::new(manifest_folder).join("src");
    let files = Source::read(&root).files();
    assert!(files.len() > 30, "only {} files were found", files.len());
    assert_eq!(circle(&files), None, "a circle of files");
    let rooms = rooms(&files);
    assert_eq!(circle(&rooms), None, "a circle of rooms");
    let order = reading_order(&std::fs::read_to_string(root.join("lib.rs")).unwrap());
    let place = |room: &str| {
        let place = order.get(room);
        *place.unwrap_or_else(|| panic!("{room} has no place in the reading order of lib.rs"))
    };
    for (room, used) in &rooms {
        for used in used {
            assert!(place(used) <= place(room), "{room} uses {used}, which comes after it");
        }
    }
}

/// The code of each module, without comments and tests.
struct Source(BTreeMap<Module, String>);

impl Source {
    /// The library in this folder. The command in `bin` only uses what the library exports.
    fn read(root: &Path) -> Source {
        let mut modules = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(root).unwrap();
                if path.is_dir() && name != Path::new("bin") {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") && !is_for_tests(name) {
                    modules.insert(module(name), code(&std::fs::read_to_string(&path).unwrap()));
                }
            }
        }
        Source(modules)
    }

    /// Which file uses which others.
    fn files(&self) -> Graph {
        let modules = self.0.keys().filter(|module| !module.is_empty());
        let graph = modules.map(|module| {
            let paths = paths(&self.0[module]).into_iter();
            let used = paths.filter_map(|path| self.resolve(module, &path, 0));
            let used = used.filter(|used| used != module && !used.is_empty());
            (module.join("::"), used.map(|used| used.join("::")).collect())
        });
        graph.collect()
    }

    /// The module in which the last name of a path is declared; `None` if it is in another crate.
    fn resolve(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        let mut at = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" => from.clone(),
            "super" => parent(from),
            child => {
                let child = [from.as_slice(), &[child.to_owned()]].concat();
                self.0.contains_key(&child).then_some(child)?
            }
        };
        for (index, name) in path.iter().enumerate().skip(1) {
            let inner = [at.as_slice(), std::slice::from_ref(name)].concat();
            if name == "super" {
                at = parent(&at);
            } else if self.0.contains_key(&inner) {
                at = inner;
            } else if depth < 5
                && let Some(exported) = self.exported(&at, name)
            {
                let path = [exported.as_slice(), &path[index + 1..]].concat();
                return self.resolve(&at, &path, depth + 1);
            } else {
                break;
            }
        }
        Some(at)
    }

    /// The path under which a module re-exports a name.
    fn exported(&self, module: &Module, name: &str) -> Option<Vec<String>> {
        let uses = use_paths(self.0.get(module)?).into_iter();
        let mut exports = uses.filter(|(is_public, _)| *is_public).map(|(_, path)| path);
        exports.find(|path| path.len() > 1 && path.last().is_some_and(|last| last == name))
    }
}

fn parent(module: &Module) -> Module {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// Whether a file is compiled for unit tests only: `tests.rs` in a module's folder, and `test_support.rs`.
fn is_for_tests(path: &Path) -> bool {
    path.ends_with("tests.rs") || path.ends_with("test_support.rs")
}

fn module(path: &Path) -> Module {
    if path == Path::new("lib.rs") {
        return Module::new();
    }
    let path = path.with_extension("");
    path.iter().map(|name| name.to_str().unwrap().to_owned()).collect()
}

/// A file's text without its comments and its tests, which stand last.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// All paths in a text that may lead to another module: those of `use`, and those that begin with `crate` or `super`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut paths: Vec<Vec<String>> = use_paths(code).into_iter().map(|(_, path)| path).collect();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let is_within = |character: char| character.is_alphanumeric() || "_:".contains(character);
            let end = code[at..].find(|character| !is_within(character));
            let path = &code[at..end.map_or(code.len(), |end| at + end)];
            // Not the middle of a longer path, and not the beginning of a group, which `use_paths` has expanded.
            if !code[..at].ends_with(is_within) && !path.ends_with("::") {
                paths.push(path.split("::").map(str::to_owned).collect());
            }
        }
    }
    paths
}

/// The paths of the `use` declarations, and whether they are re-exports.
fn use_paths(code: &str) -> Vec<(bool, Vec<String>)> {
    let mut paths = Vec::new();
    for declaration in code.split(';') {
        let Some((before, tree)) = declaration.split_once("use ") else {
            continue;
        };
        let before = before.lines().last().unwrap_or_default().trim();
        if before.is_empty() || before.starts_with("pub") {
            let mut expanded = Vec::new();
            expand(&[], tree, &mut expanded);
            paths.extend(expanded.into_iter().map(|path| (!before.is_empty(), path)));
        }
    }
    paths
}

/// Expands `a::{b, c::d}` to `a::b` and `a::c::d`.
fn expand(prefix: &[String], tree: &str, paths: &mut Vec<Vec<String>>) {
    let (head, group) = match tree.split_once('{') {
        None => (tree, None),
        Some((head, rest)) => (head, Some(rest.trim_end().strip_suffix('}').unwrap_or(rest))),
    };
    let head = head.split(" as ").next().unwrap_or_default();
    let names = head
        .split("::")
        .map(str::trim)
        .filter(|name| !name.is_empty() && *name != "*");
    let own = names
        .filter(|name| *name != "self" || prefix.is_empty())
        .map(str::to_owned);
    let path: Vec<String> = prefix.iter().cloned().chain(own).collect();
    match group {
        None => paths.push(path),
        Some(group) => {
            let (mut depth, mut start) = (0, 0);
            for (at, character) in group.char_indices() {
                match character {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        expand(&path, &group[start..at], paths);
                        start = at + 1;
                    }
                    _ => {}
                }
            }
            if !group[start..].trim().is_empty() {
                expand(&path, &group[start..], paths);
            }
        }
    }
}

/// Which room uses which others.
fn rooms(files: &Graph) -> Graph {
    let room = |file: &str| file.split("::").next().unwrap_or_default().to_owned();
    let mut graph = Graph::new();
    for (file, used) in files {
        let rooms = graph.entry(room(file)).or_default();
        rooms.extend(used.iter().map(|used| room(used)).filter(|used| *used != room(file)));
    }
    graph
}

/// A circle, written as the way along it.
fn circle(graph: &Graph) -> Option<String> {
    fn walk(graph: &Graph, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<String> {
        let here = way.last()?.clone();
        for next in graph.get(&here).into_iter().flatten() {
            if let Some(start) = way.iter().position(|passed| passed == next) {
                return Some([&way[start..], std::slice::from_ref(next)].concat().join(" → "));
            }
            if !done.contains(next) {
                way.push(next.clone());
                let found = walk(graph, way, done);
                if found.is_some() {
                    return found;
                }
                way.pop();
            }
        }
        done.insert(here);
        None
    }
    let mut done = BTreeSet::new();
    graph
        .keys()
        .find_map(|start| walk(graph, &mut vec![start.clone()], &mut done))
}

/// The number of each room in the list of `lib.rs`: ``//! 1. `room`, `room`: …``.
fn reading_order(lib: &str) -> BTreeMap<String, usize> {
    let mut order = BTreeMap::new();
    for line in lib.lines().filter_map(|line| line.strip_prefix("//! ")) {
        if let Some((number, rest)) = line.split_once(". ")
            && let Ok(number) = number.parse()
        {
            let names = rest.split('`').skip(1).step_by(2);
            order.extend(names.map(|name| (name.to_owned(), number)));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_found_and_named() {
        let source = |files: &[(&str, &str)]| {
            let parse = |(path, text): &(&str, &str)| (module(Path::new(path)), code(text));
            Source(files.iter().map(parse).collect())
        };
        // Through a re-export, through `super`, through a path within the code; not through a test or a comment.
        for text in [
            "use crate::a::One;",
            "pub(crate) use crate::a::{One, Two};",
            "use super::super::a::One;",
            "fn f() { crate::a::one(); }",
        ] {
            let source = source(&[
                ("a.rs", "mod one;\npub(crate) use one::One;\nfn one() {}"),
                ("a/one.rs", "use crate::b::three::Three;"),
                ("b.rs", "mod three;"),
                ("b/three.rs", text),
            ]);
            let rooms = circle(&rooms(&source.files())).unwrap();
            assert!(rooms == "a → b → a" || rooms == "b → a → b", "{text}: {rooms}");
        }
        let two = source(&[
            ("a.rs", "mod x;\nmod y;"),
            ("a/x.rs", "use super::y::Y;"),
            ("a/y.rs", "use super::x::X;"),
        ]);
        assert_eq!(circle(&two.files()).as_deref(), Some("a::x → a::y → a::x"));
        assert_eq!(circle(&rooms(&two.files())), None);
        let none = source(&[
            ("a.rs", "use crate::b::B;"),
            (
                "b.rs",
                "// use crate::a::A;\n#[cfg(test)]\nmod tests { use crate::a::A; }",
            ),
        ]);
        assert_eq!(circle(&none.files()), None);
    }
}
