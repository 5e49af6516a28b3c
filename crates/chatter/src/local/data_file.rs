//! The file that keeps the tables, and the lock that keeps a second `chatter local` out of it.
//!
//! Two systems on one file would delete each other's connections: to one gateway, a connection ID of the other is gone.
//! SQLite itself lets several processes use a file, so it takes a lock of our own.

mod contents;

use chatterbox_core::schema::Table;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A file for the tables, which nobody else uses while this value lives. The operating system releases the lock when
/// the process ends, however it ends.
#[derive(Debug)]
pub(super) struct DataFile {
    path: String,
    lock: File,
}

impl DataFile {
    /// Creates the file if there is none, and locks it. The lock is on another file next to it, whose name ends in
    /// `.lock`, and which stays. A lock on the file itself would conflict with SQLite's own where both are of one kind,
    /// as on a Mac.
    ///
    /// A file of another program, or with other tables of these names, is refused and left as it is.
    ///
    /// # Errors
    /// A sentence that says why this file cannot be used.
    pub(super) fn open(given: &Path, tables: &[Table<'_>]) -> Result<DataFile, String> {
        let path = real_path(given).map_err(|error| cannot_be_made(given, &error))?;
        let metadata = path.metadata().map_err(|error| error.to_string())?;
        if !metadata.is_file() {
            return Err("it is not a file".to_owned());
        }
        if metadata.nlink() > 1 {
            // SQLite names its journal after the file, and would lose what was written under the other name.
            return Err("it has more than one name (hard links), and SQLite needs a file with only one".to_owned());
        }
        let path = path.into_os_string().into_string();
        let path = path.map_err(|_| "its path must be UTF-8".to_owned())?;
        let lock = lock(Path::new(&format!("{path}.lock")))?;
        let file = OpenOptions::new().read(true).append(true).open(&path);
        let file = file.map_err(|error| format!("it cannot be written: {error}"))?;
        if !may_hold_tables(file).map_err(|error| format!("it cannot be read: {error}"))? {
            return Err("it is not an SQLite database".to_owned());
        }
        contents::check(&path, tables)?;
        Ok(DataFile { path, lock })
    }

    /// The file's absolute path, without links.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Releases the lock at once, and not only when the last handle is closed.
    pub(super) fn release(&self) {
        // It fails only if the file is not locked, and then there is nothing to release.
        let _ = self.lock.unlock();
    }
}

/// Whether it is empty, or begins as SQLite's files do (<https://www.sqlite.org/fileformat.html>, section 1.3.1).
fn may_hold_tables(file: File) -> io::Result<bool> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == MAGIC)
}

/// The one path of a file that may be given by several. The file is created if it does not exist.
fn real_path(given: &Path) -> io::Result<PathBuf> {
    match given.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // This follows a link that leads to no file yet, as SQLite would.
            OpenOptions::new().append(true).create(true).open(given)?;
            given.canonicalize()
        }
        path => path,
    }
}

fn cannot_be_made(given: &Path, error: &io::Error) -> String {
    // A bare name has an empty parent: the present folder.
    let folder = given.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return "there is no such folder".to_owned();
    }
    cannot_be_written(given, error)
}

fn cannot_be_written(file: &Path, error: &io::Error) -> String {
    format!(
        "{} cannot be made ({error}): its folder must be one that you may write to",
        file.display()
    )
}

/// Locks a file, and writes this process's id into it, for the error of a second process.
fn lock(path: &Path) -> Result<File, String> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    let mut file = file.map_err(|error| cannot_be_written(path, &error))?;
    match file.try_lock() {
        Ok(()) => {
            let noted = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
            noted.map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => Err(is_used(file)),
        Err(TryLockError::Error(error)) => Err(format!("{} cannot be locked: {error}", path.display())),
    }
}

fn is_used(mut lock: File) -> String {
    let mut process = String::new();
    // The id only helps the reader. It may not have been written yet.
    let who = match lock.read_to_string(&mut process) {
        Ok(_) if process.parse::<u32>().is_ok() => format!("another `chatter local` (process {process})"),
        _ => "another `chatter local`".to_owned(),
    };
    format!(
        "{who} uses this file, and each would delete the other's connections. Stop that one, or choose another file with --data"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn open(path: &Path) -> Result<DataFile, String> {
        DataFile::open(path, &[])
    }

    #[test]
    fn a_file_is_locked_whichever_path_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tables.sqlite");
        let (link, folder_link) = (folder.path().join("link"), folder.path().join("folder"));
        symlink(&file, &link).unwrap();
        symlink(folder.path(), &folder_link).unwrap();
        let paths = [
            file.clone(),
            link,
            folder_link.join("tables.sqlite"),
            folder.path().join(".").join("tables.sqlite"),
            folder_link
                .join("..")
                .join(folder.path().file_name().unwrap())
                .join("tables.sqlite"),
        ];
        for first in &paths {
            let used = open(first).unwrap();
            assert_eq!(used.path(), file.canonicalize().unwrap().to_str().unwrap());
            for second in &paths {
                let error = open(second).unwrap_err();
                let process = format!("(process {})", std::process::id());
                assert!(
                    error.starts_with("another `chatter local`") && error.contains(&process),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_file_is_free_again_once_it_is_released_or_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tables.sqlite");
        drop(open(&file).unwrap());
        let first = open(&file).unwrap();
        first.release();
        open(&file).unwrap();
    }

    #[test]
    fn two_files_in_one_folder_have_a_lock_each() {
        let folder = tempfile::tempdir().unwrap();
        let _one = open(&folder.path().join("one.sqlite")).unwrap();
        open(&folder.path().join("two.sqlite")).unwrap();
    }

    #[test]
    fn opening_a_file_leaves_its_content_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tables.sqlite");
        drop(dynoxide::Database::new(file.to_str().unwrap()).unwrap());
        let tables = std::fs::read(&file).unwrap();
        open(&file).unwrap();
        assert!(std::fs::read(&file).unwrap() == tables);
    }

    #[test]
    fn a_file_that_cannot_keep_tables_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tables.sqlite");
        std::fs::write(&file, "").unwrap();
        let linked = folder.path().join("linked.sqlite");
        std::fs::hard_link(&file, &linked).unwrap();
        let letter = folder.path().join("letter.txt");
        std::fs::write(&letter, "Dear Sir or Madam").unwrap();
        let loops = folder.path().join("loop");
        symlink(&loops, &loops).unwrap();
        for (path, reason) in [
            (folder.path().to_owned(), "not a file"),
            (PathBuf::from("/dev/null"), "not a file"),
            (PathBuf::new(), "cannot be made"),
            (folder.path().join("missing").join("tables.sqlite"), "no such folder"),
            (file.join("tables.sqlite"), "no such folder"),
            (linked, "hard links"),
            (letter, "not an SQLite database"),
            (loops, "cannot be made"),
        ] {
            let error = open(&path).unwrap_err();
            assert!(error.contains(reason), "{}: {error}", path.display());
        }
    }
}
