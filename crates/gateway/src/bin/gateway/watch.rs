//! `--watch`: what has changed on the disk since it was started.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chatterbox_gateway::{Config, Function};

/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(250);
/// The most files of one folder that it looks at.
const MOST_FILES: usize = 10_000;

/// What has changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The file that describes the API.
    Description,
    /// The program of a function, or a file beside it.
    Function(String),
}

/// Files, and what they were like when they were last taken up. It looks at their times and sizes every quarter of a second,
/// which needs no help of the operating system, and works in containers and on network drives too.
#[derive(Debug)]
pub(crate) struct Watch {
    description: Option<(PathBuf, Print)>,
    functions: BTreeMap<String, (Vec<PathBuf>, Print)>,
}

/// What files are like: their names, times and sizes, hashed. `None`: one of them is missing.
type Print = Option<u64>;

impl Watch {
    /// Watches what an API is made of, as it is now.
    pub(crate) fn new(description: Option<&Path>, config: &Config) -> Watch {
        let description = description.map(|file| (file.to_owned(), print(&[file.to_owned()])));
        let functions = config.functions.iter().map(|(name, function)| {
            let paths = paths(function);
            let seen = print(&paths);
            (name.clone(), (paths, seen))
        });
        Watch {
            description,
            functions: functions.collect(),
        }
    }

    /// Waits for a change. A file that is still being written is waited for until it stays as it is.
    pub(crate) async fn next(&mut self) -> Change {
        loop {
            tokio::time::sleep(INTERVAL).await;
            if let Some((file, seen)) = &mut self.description
                && settle(std::slice::from_ref(file), seen).await
            {
                return Change::Description;
            }
            for (name, (paths, seen)) in &mut self.functions {
                if settle(paths, seen).await {
                    return Change::Function(name.clone());
                }
            }
        }
    }
}

/// Whether files have changed, and are complete again.
async fn settle(paths: &[PathBuf], seen: &mut Print) -> bool {
    let mut now = print(paths);
    if now == *seen {
        return false;
    }
    loop {
        tokio::time::sleep(INTERVAL).await;
        let then = print(paths);
        if then.is_some() && then == now {
            let has_changed = *seen != now;
            *seen = now;
            return has_changed;
        }
        now = then;
    }
}

/// The files and folders that a function is made of: its program, if that is given by a path; those of its arguments that are
/// files; and its folder, if it has one of its own.
fn paths(function: &Function) -> Vec<PathBuf> {
    let folder = function.working_folder().unwrap_or_default();
    let is_path = function.command.components().count() > 1;
    let program = is_path.then(|| function.command.clone());
    let arguments = function.arguments.iter().map(|argument| folder.join(argument));
    let arguments = arguments.filter(|path| path.is_file());
    program
        .into_iter()
        .chain(arguments)
        .chain(function.folder.clone())
        .collect()
}

fn print(paths: &[PathBuf]) -> Print {
    let (mut hasher, mut left) = (DefaultHasher::new(), MOST_FILES);
    for path in paths {
        look(path, &mut hasher, &mut left)?;
    }
    Some(hasher.finish())
}

/// Adds a file, or what is in a folder, to a print.
fn look(path: &Path, hasher: &mut DefaultHasher, left: &mut usize) -> Option<()> {
    let metadata = path.metadata().ok()?;
    if !metadata.is_dir() {
        *left = left.saturating_sub(1);
        path.hash(hasher);
        metadata.len().hash(hasher);
        metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH).hash(hasher);
        return Some(());
    }
    let entries = path.read_dir().ok()?.filter_map(Result::ok);
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries.iter().filter(|entry| is_source(entry)) {
        if *left == 0 {
            break;
        }
        // A file may be gone by now, as editors' files often are.
        let _ = look(entry, hasher, left);
    }
    Some(())
}

/// Whether a file or folder may be somebody's source, and not what a tool has put there.
fn is_source(path: &Path) -> bool {
    const TOOLS: [&str; 4] = ["node_modules", "target", "__pycache__", "venv"];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && !TOOLS.contains(&&*name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_changes_with_a_source_and_not_with_what_tools_write() {
        let folder = std::env::temp_dir().join(format!("watch-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("node_modules")).unwrap();
        let paths = [folder.clone()];
        let empty = print(&paths);
        std::fs::write(folder.join("node_modules/a.js"), "a").unwrap();
        assert_eq!(print(&paths), empty);
        std::fs::write(folder.join("a.js"), "a").unwrap();
        let one = print(&paths);
        assert!(one != empty && one.is_some());
        std::fs::write(folder.join("a.js"), "ab").unwrap();
        assert_ne!(print(&paths), one);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(print(&paths), None);
    }
}
