//! What is in a file that somebody wants to keep the tables in. The engine adds its own tables to any SQLite database, and
//! leaves tables as they are that have our names: so it has to be looked at before.

use chatterbox_core::schema::Table;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde::Deserialize;
use std::path::Path;

/// A key of a table or an index, as the engine writes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    attribute_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Index {
    index_name: String,
    key_schema: Vec<Key>,
}

/// Checks that a file is empty, or has been made by the engine, and that those of these tables which it has are as they
/// have to be. It changes nothing.
///
/// # Errors
/// A sentence that says what the file is.
pub(super) fn check(path: &str, tables: &[Table<'_>]) -> Result<(), String> {
    look(path, tables).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(&error.to_string()),
        _ => format!("it cannot be read: {error}"),
    })?
}

fn damaged(how: &str) -> String {
    format!(
        "it is damaged ({how}), and stays as it is. Put a copy of it in its place, choose another file with --data, or delete this \
         one if nobody needs it"
    )
}

fn look(path: &str, tables: &[Table<'_>]) -> rusqlite::Result<Result<(), String>> {
    let file = open(path)?;
    let mut names = file.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if names.is_empty() {
        return Ok(Ok(()));
    }
    if !["_config", "_tables"]
        .iter()
        .all(|own| names.iter().any(|name| name == own))
    {
        return Ok(Err(
            "it is an SQLite database of another program, and stays as it is. Choose another file with --data"
                .to_owned(),
        ));
    }
    if let Some(damage) = damage(&file)? {
        return Ok(Err(damaged(&damage)));
    }
    let mut rows = file.prepare("SELECT table_name, key_schema, gsi_definitions FROM _tables")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (name, keys, indexes): (String, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(table) = tables.iter().find(|table| table.name == name) else {
            continue;
        };
        if !is_as_expected(table, &keys, indexes.as_deref()) {
            return Ok(Err(format!(
                "its table `{name}` has other keys than this version of Chatterbox needs, and stays as it is. Choose another \
                 file with --data, or delete this one if nobody needs it"
            )));
        }
    }
    Ok(Ok(()))
}

/// The first damage that SQLite finds when it reads every page; it would else be found by whatever comes across that page.
fn damage(file: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = file.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    // Above it, a line may say in which database.
    Ok((found != "ok").then(|| found.lines().last().unwrap_or_default().to_owned()))
}

/// Opens a file without changing it, or its folder. With the promise that nobody writes to it (`immutable`), SQLite makes no
/// files beside it, but does not read a journal either.
fn open(path: &str) -> rusqlite::Result<Connection> {
    let has_journal = Path::new(&format!("{path}-wal"))
        .metadata()
        .is_ok_and(|journal| journal.len() > 0);
    let mut url = url_of(path);
    if !has_journal {
        url.push_str("?immutable=1");
    }
    Connection::open_with_flags(url, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

/// The file's URL (<https://www.sqlite.org/uri.html>).
fn url_of(path: &str) -> String {
    let mut url = "file:".to_owned();
    for character in path.chars() {
        match character {
            '%' => url.push_str("%25"),
            '?' => url.push_str("%3f"),
            '#' => url.push_str("%23"),
            _ => url.push(character),
        }
    }
    url
}

fn is_as_expected(table: &Table<'_>, keys: &str, indexes: Option<&str>) -> bool {
    let Ok(keys) = serde_json::from_str::<Vec<Key>>(keys) else {
        return false;
    };
    let indexes = indexes.map_or(Ok(Vec::new()), serde_json::from_str::<Vec<Index>>);
    let has_index = match (table.index, indexes) {
        (_, Err(_)) => false,
        (None, Ok(_)) => true,
        (Some((name, key)), Ok(indexes)) => indexes
            .iter()
            .any(|index| index.index_name == name && names(&index.key_schema) == [key]),
    };
    let expected: Vec<&str> = std::iter::once(table.partition_key).chain(table.sort_key).collect();
    names(&keys) == expected && has_index
}

fn names(keys: &[Key]) -> Vec<&str> {
    keys.iter().map(|key| key.attribute_name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const TABLES: [Table<'_>; 2] = [
        Table {
            name: "connections",
            partition_key: "login",
            sort_key: Some("connection_id"),
            index: Some(("by_connection_id", "connection_id")),
            stream: None,
        },
        Table {
            name: "updates",
            partition_key: "login",
            sort_key: None,
            index: None,
            stream: None,
        },
    ];

    const KEYS: &str =
        r#"[{"AttributeName":"login","KeyType":"HASH"},{"AttributeName":"connection_id","KeyType":"RANGE"}]"#;
    const INDEX: &str =
        r#"[{"IndexName":"by_connection_id","KeySchema":[{"AttributeName":"connection_id","KeyType":"HASH"}]}]"#;

    /// A file in a new folder, made by these statements.
    fn file(statements: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder
            .path()
            .join("a #file? of 100 %.sqlite")
            .to_str()
            .unwrap()
            .to_owned();
        Connection::open(&path).unwrap().execute_batch(statements).unwrap();
        (folder, path)
    }

    /// A file of the engine, with a table that has these keys and indexes.
    fn engine_file(table: &str, keys: &str, indexes: &str) -> (tempfile::TempDir, String) {
        let (folder, path) = file("");
        drop(dynoxide::Database::new(&path).unwrap());
        let insert = "INSERT INTO _tables (table_name, key_schema, attribute_definitions, gsi_definitions, created_at)
                      VALUES (?1, ?2, '[]', NULLIF(?3, ''), 0)";
        let file = Connection::open(&path).unwrap();
        file.execute(insert, [table, keys, indexes]).unwrap();
        drop(file);
        (folder, path)
    }

    fn files(folder: &tempfile::TempDir) -> Vec<(std::ffi::OsString, Vec<u8>)> {
        let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries
            .map(|path| (path.file_name().unwrap().to_owned(), fs::read(&path).unwrap()))
            .collect();
        files.sort();
        files
    }

    #[test]
    fn an_empty_file_and_one_of_the_engine_with_the_right_tables_are_taken() {
        for (folder, path) in [
            file(""),
            file("CREATE TABLE a (b); DROP TABLE a"),
            engine_file("connections", KEYS, INDEX),
            engine_file("of another program", "[]", ""),
        ] {
            let before = files(&folder);
            assert_eq!(check(&path, &TABLES), Ok(()));
            assert!(files(&folder) == before, "nothing was changed");
        }
    }

    #[test]
    fn the_file_of_another_program_or_schema_is_refused_and_stays_as_it_is() {
        for ((folder, path), reason) in [
            (file("CREATE TABLE a (b)"), "of another program"),
            (
                file("PRAGMA journal_mode = WAL; CREATE TABLE a (b)"),
                "of another program",
            ),
            (file("CREATE TABLE _tables (b)"), "of another program"),
            (engine_file("connections", KEYS, ""), "`connections`"),
            (
                engine_file("connections", KEYS, &INDEX.replace("by_", "")),
                "`connections`",
            ),
            (
                engine_file("connections", &KEYS.replace("login", "user"), INDEX),
                "`connections`",
            ),
            (engine_file("updates", KEYS, ""), "`updates`"),
            (engine_file("updates", "nonsense", ""), "`updates`"),
        ] {
            let before = files(&folder);
            let error = check(&path, &TABLES).unwrap_err();
            assert!(error.contains(reason) && error.contains("--data"), "{error}");
            assert!(files(&folder) == before, "{reason}: nothing was changed");
        }
    }

    #[test]
    fn a_file_of_which_any_page_is_damaged_is_refused_and_stays_as_it_is() {
        const PAGE: usize = 4096;
        let (_folder, path) = engine_file("connections", KEYS, INDEX);
        let whole = fs::read(&path).unwrap();
        assert!(whole.len() > PAGE);
        for page in 0..whole.len() / PAGE {
            let mut damaged = whole.clone();
            // The first page begins with what says that it is SQLite's file, and how large its pages are.
            let start = if page == 0 { 100 } else { page * PAGE };
            damaged[start..(page + 1) * PAGE].fill(0xa5);
            fs::write(&path, &damaged).unwrap();
            let error = check(&path, &TABLES).expect_err(&format!("page {page} was not missed"));
            assert!(
                error.contains("it is damaged (") && error.contains("--data"),
                "page {page}: {error}"
            );
            assert!(fs::read(&path).unwrap() == damaged, "page {page}");
        }
        fs::write(&path, &whole[..whole.len() - PAGE]).unwrap();
        let error = check(&path, &TABLES).unwrap_err();
        assert!(error.contains("it is damaged ("), "cut short: {error}");
    }

    #[test]
    fn what_is_still_in_a_journal_counts() {
        let (_folder, path) = file("PRAGMA journal_mode = WAL");
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch("PRAGMA wal_autocheckpoint = 0; CREATE TABLE a (b)")
            .unwrap();
        assert!(check(&path, &TABLES).unwrap_err().contains("of another program"));
    }
}
