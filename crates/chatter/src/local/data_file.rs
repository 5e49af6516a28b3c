//! The file that keeps the tables, and the lock that keeps a second `chatter local` out of it.
//!
//! Two systems on one file would each forget the sockets of the other: a connection ID of the other's gateway is `gone` to
//! one's own. SQLite itself lets several processes in, so the lock is ours.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A file for the tables that nobody else uses while this value lives. The operating system lets go of the lock when the
/// process ends, however it ends.
#[derive(Debug)]
pub(super) struct DataFile {
    path: String,
    lock: File,
}

impl DataFile {
    /// Makes the file if there is none, and locks it. Its lock is another file next to it, whose name ends in `.lock` and
    /// which stays: a lock on the file itself would be in the way of SQLite's own on systems where both are of one kind,
    /// such as a Mac.
    ///
    /// # Errors
    /// A sentence that says why this file cannot be used.
    pub(super) fn open(given: &Path) -> Result<DataFile, String> {
        let path = real_path(given).map_err(|error| cannot_be_made(given, &error))?;
        let metadata = path.metadata().map_err(|error| error.to_string())?;
        if !metadata.is_file() {
            return Err("it is not a file".to_owned());
        }
        if metadata.nlink() > 1 {
            // SQLite names its journal after the file, and loses what was written under another name.
            return Err("it has more than one name (hard links), and SQLite can work with one only".to_owned());
        }
        let path = path.into_os_string().into_string();
        let path = path.map_err(|_| "its path must be UTF-8".to_owned())?;
        let lock = lock(Path::new(&format!("{path}.lock")))?;
        let file = OpenOptions::new().read(true).append(true).open(&path);
        let file = file.map_err(|error| format!("it cannot be written: {error}"))?;
        if !may_hold_tables(file).map_err(|error| format!("it cannot be read: {error}"))? {
            return Err("it holds something else, which is no database of SQLite".to_owned());
        }
        Ok(DataFile { path, lock })
    }

    /// Where it is, whatever it was called: absolute, without links.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Lets others use it, at once and not with the last handle.
    pub(super) fn release(&self) {
        // It fails where it was never locked, and then there is nothing to do.
        let _ = self.lock.unlock();
    }
}

/// Whether it is empty or begins as SQLite's files do: <https://www.sqlite.org/fileformat.html>, 1.3.1.
fn may_hold_tables(file: File) -> io::Result<bool> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == MAGIC)
}

/// One path for all that lead to the file, which is made if it is not there.
fn real_path(given: &Path) -> io::Result<PathBuf> {
    match given.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // Through a link that leads to no file yet, as SQLite would.
            OpenOptions::new().append(true).create(true).open(given)?;
            given.canonicalize()
        }
        path => path,
    }
}

fn cannot_be_made(given: &Path, error: &io::Error) -> String {
    // A name alone is in the present folder.
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

/// The lock, with this process's number in it for whoever comes second.
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
    // The number is a help and no more: it may not have been written yet.
    let who = match lock.read_to_string(&mut process) {
        Ok(_) if process.parse::<u32>().is_ok() => format!("another `chatter local` (process {process})"),
        _ => "another `chatter local`".to_owned(),
    };
    format!(
        "{who} uses this file, and each would forget the other's open sockets. Stop that one, or choose another file with --data"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_file_is_one_file_by_whichever_path() {
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
            let used = DataFile::open(first).unwrap();
            assert_eq!(used.path(), file.canonicalize().unwrap().to_str().unwrap());
            for second in &paths {
                let error = DataFile::open(second).unwrap_err();
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
        drop(DataFile::open(&file).unwrap());
        let first = DataFile::open(&file).unwrap();
        first.release();
        DataFile::open(&file).unwrap();
    }

    #[test]
    fn two_files_of_one_folder_do_not_stand_in_each_others_way() {
        let folder = tempfile::tempdir().unwrap();
        let _one = DataFile::open(&folder.path().join("one.sqlite")).unwrap();
        DataFile::open(&folder.path().join("two.sqlite")).unwrap();
    }

    #[test]
    fn what_the_file_holds_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tables.sqlite");
        let tables = "SQLite format 3\0and so on";
        std::fs::write(&file, tables).unwrap();
        DataFile::open(&file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), tables);
    }

    #[test]
    fn what_cannot_keep_tables_is_refused_with_a_sentence() {
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
            (letter, "no database"),
            (loops, "cannot be made"),
        ] {
            let error = DataFile::open(&path).unwrap_err();
            assert!(error.contains(reason), "{}: {error}", path.display());
        }
    }
}
