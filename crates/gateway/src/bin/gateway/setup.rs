//! What one start of the command is told, by its flags or by a file.

use std::path::PathBuf;

use chatterbox_gateway::{Access, Config};

/// An API, and the port that it is served on.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) port: u16,
    /// Who may call.
    pub(crate) access: Access,
    /// The file for the certificate that clients have to trust, if it serves TLS.
    pub(crate) tls: Option<PathBuf>,
    /// The name by which the API would be called in AWS, where functions' variables may have it: it is replaced by the
    /// gateway's address.
    pub(crate) host_in_aws: Option<String>,
    /// What is no error, but may be a mistake.
    pub(crate) notices: Vec<String>,
}

impl Setup {
    /// The port unless another is given.
    pub(crate) const PORT: u16 = 8080;

    /// The setup, if its configuration can work; else all that is wrong with it, a line for each.
    pub(crate) fn checked(mut self) -> Result<Setup, String> {
        let problems: Vec<String> = self.config.problems().iter().map(ToString::to_string).collect();
        if !problems.is_empty() {
            return Err(problems.join("\ngateway: "));
        }
        // Whoever gives the API a name means that it may be called by it.
        self.access
            .hosts
            .extend(self.config.domain.iter().map(|domain| domain.name.clone()));
        Ok(self)
    }
}
