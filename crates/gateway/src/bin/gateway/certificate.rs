//! `--tls FILE`: a certificate for this start, and the file with which clients trust it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chatterbox_gateway::Certificate;

/// The first line of a file that a gateway has made, and so may overwrite. Readers of PEM skip it.
const MARK: &str = "# Made by the local gateway at its last start: the certificate that its clients have to trust.\n";

/// Makes a certificate, also for these names, and writes the file. Returns both, the file by its absolute path.
pub(crate) fn made(file: &Path, names: &[String]) -> Result<(Certificate, PathBuf), String> {
    let named = |error: &dyn std::fmt::Display| format!("--tls {}: {error}", file.display());
    match std::fs::read_to_string(file) {
        Ok(text) if !text.starts_with(MARK) => {
            return Err(named(
                &"the file exists, and was not made by a gateway: name one that may be overwritten",
            ));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(named(&error)),
        _ => {}
    }
    let certificate = Certificate::new(names).map_err(|error| named(&error))?;
    std::fs::write(file, format!("{MARK}{}", certificate.authority())).map_err(|error| named(&error))?;
    let file = std::path::absolute(file).map_err(|error| named(&error))?;
    Ok((certificate, file))
}
