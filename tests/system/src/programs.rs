//! The functions' programs, as cargo built them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::SystemTime,
};

/// Chatterbox's functions, which most tests run.
pub const FUNCTIONS: [&str; 5] = ["connect", "disconnect", "default", "notify", "revoke"];

/// Folder with Chatterbox's functions, checked once.
pub(crate) fn folder() -> PathBuf {
    static CHECKED: OnceLock<PathBuf> = OnceLock::new();
    CHECKED.get_or_init(|| folder_with(&FUNCTIONS)).clone()
}

/// Folder into which cargo puts this workspace's programs: the one above that of the tests, and that of `attack`. `cargo test` does not build
/// programs.
///
/// # Panics
/// If one of these programs is missing, or older than one of its sources: the test would then test older code.
pub fn folder_with(programs: &[&str]) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    // Tests are in a folder below it.
    let is_folder = |folder: &&Path| folder.file_name().is_none_or(|name| name != "deps");
    let folder = own.ancestors().skip(1).find(is_folder).unwrap().to_owned();
    let stale: Vec<String> = programs.iter().filter_map(|name| problem(&folder.join(name))).collect();
    assert!(
        stale.is_empty(),
        "{}. Build the programs first: cargo build --workspace --bins",
        stale.join("; ")
    );
    folder
}

/// Reason why a program is not up to date; `None` if it is. Cargo lists a program's sources beside it, in a file that
/// ends in `.d`.
fn problem(program: &Path) -> Option<String> {
    let Some(built) = modified(program) else {
        return Some(format!("{} is missing", program.display()));
    };
    let Ok(list) = fs::read_to_string(program.with_extension("d")) else {
        return Some(format!("{} has no list of its sources", program.display()));
    };
    let sources = sources(&list);
    let newer = sources
        .iter()
        .find(|source| modified(source).is_none_or(|changed| changed > built))?;
    Some(format!("{} is older than {}", program.display(), newer.display()))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// Sources in a list in `make`'s format: after the colon, separated by blanks; a blank within a name follows a
/// backslash.
fn sources(list: &str) -> Vec<PathBuf> {
    const BLANK: &str = "\0";
    let (_, sources) = list.split_once(": ").unwrap_or_default();
    let escaped = sources.replace("\\ ", BLANK);
    escaped
        .split_whitespace()
        .map(|source| PathBuf::from(source.replace(BLANK, " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_program_that_is_missing_or_older_than_a_source_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let write = |name: &str, text: &str, age: u64| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(now - Duration::from_secs(age)).unwrap();
            path
        };
        let program = folder.path().join("notify");
        assert!(problem(&program).unwrap().ends_with("is missing"));
        let program = write("notify", "", 60);
        assert!(problem(&program).unwrap().ends_with("no list of its sources"));
        let [old, new] = [write("old source.rs", "", 90), write("new.rs", "", 30)];
        let list = |sources: &[&Path]| {
            let sources = sources
                .iter()
                .map(|source| source.to_str().unwrap().replace(' ', "\\ "));
            write(
                "notify.d",
                &format!("{}: {}\n", program.display(), sources.collect::<Vec<_>>().join(" ")),
                60,
            )
        };
        list(&[&old]);
        assert_eq!(problem(&program), None);
        list(&[&old, &new]);
        assert!(problem(&program).unwrap().contains("new.rs"));
        list(&[&old, &folder.path().join("removed.rs")]);
        assert!(problem(&program).unwrap().contains("removed.rs"));
    }

    #[test]
    fn the_list_beside_notify_names_cores_sources() {
        let core = folder().join("notify.d");
        let list = fs::read_to_string(core).unwrap();
        assert!(
            sources(&list)
                .iter()
                .any(|source| source.ends_with("crates/core/src/notify/notifier.rs")),
            "{list}"
        );
    }
}
