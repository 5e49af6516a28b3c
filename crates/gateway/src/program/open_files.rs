//! The limit of open files. Each socket is one, and some systems let a program have no more than 256 unless it asks.

/// As many as a program that serves many thousands of sockets has. A limit of a billion, which some containers have, would
/// slow down functions' programs that close every possible file when they start.
const MOST: u64 = 1024 * 1024;
/// With fewer the user has to know.
const FEW: u64 = 1024;

/// Lets this program, and those that it starts, open as many files as the system allows, at most a million. If these are
/// few, it returns a sentence about that.
pub fn raise_open_files() -> Option<String> {
    match rlimit::increase_nofile_limit(MOST) {
        Ok(limit) if limit >= FEW => None,
        Ok(limit) => Some(format!(
            "this system lets a program open {limit} files only, and each socket is one: more sockets will be refused \
             (`ulimit -Hn` shows the limit)"
        )),
        Err(error) => Some(format!("the limit of open files cannot be raised: {error}")),
    }
}
