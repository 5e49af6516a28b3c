//! Prints the tables. Given the path of a document, also writes each table into it, between the marks with its name.

use scale::{document::Document, scenario};
use std::{
    env, fs,
    io::{self, Write},
};

fn main() -> io::Result<()> {
    let tables = scenario::all();
    let mut out = io::stdout().lock();
    for table in &tables {
        writeln!(out, "{}\n{table}", table.name)?;
    }
    if let Some(path) = env::args().nth(1) {
        let mut document = Document(fs::read_to_string(&path)?);
        for table in &tables {
            document.put(table).map_err(io::Error::other)?;
        }
        fs::write(path, document.0)?;
    }
    Ok(())
}
