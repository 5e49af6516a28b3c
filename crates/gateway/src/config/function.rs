//! A function: its program, its folder, its environment, its limits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::ConfigError;

/// A function: any program that speaks the Lambda Runtime API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The program: a path, or a bare name that is looked up in `PATH`.
    pub command: PathBuf,
    /// The program's arguments.
    pub arguments: Vec<String>,
    /// The folder in which it runs, like `/var/task` on Lambda. `None` is the program's own folder if the program is
    /// given by a path, and the gateway's present folder if it is given by a bare name.
    pub folder: Option<PathBuf>,
    /// The environment of its processes, beside what Lambda itself sets.
    pub environment: BTreeMap<String, String>,
    /// Its memory in MB, as `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` says. It is not enforced.
    pub memory_mb: u32,
    /// How long one event may take before its process is killed.
    pub timeout: Duration,
    /// The number of processes that may run at a time, each with one event. Further events wait.
    pub max_processes: usize,
}

impl Function {
    /// A function with Lambda's own defaults: 128 MB, 3 seconds; and at most 16 processes.
    pub fn new(command: impl Into<PathBuf>) -> Function {
        Function {
            command: command.into(),
            arguments: Vec::new(),
            folder: None,
            environment: BTreeMap::new(),
            memory_mb: 128,
            timeout: Duration::from_secs(3),
            max_processes: 16,
        }
    }

    /// The folder in which its processes run.
    ///
    /// # Errors
    /// The path is relative, and the gateway's present folder does not exist any more.
    pub fn working_folder(&self) -> std::io::Result<PathBuf> {
        match &self.folder {
            Some(folder) => std::path::absolute(folder),
            None if self.is_bare() => std::env::current_dir(),
            None => {
                let program = std::path::absolute(&self.command)?;
                Ok(program.parent().unwrap_or(Path::new("/")).to_owned())
            }
        }
    }

    /// The program as the operating system is given it: its absolute path, or its bare name.
    pub(crate) fn program(&self) -> std::io::Result<PathBuf> {
        if self.is_bare() {
            Ok(self.command.clone())
        } else {
            std::path::absolute(&self.command)
        }
    }

    /// Checks that the function can be run.
    pub(super) fn check(&self, name: &str) -> Result<(), ConfigError> {
        let (function, command) = (name.to_owned(), self.command.clone());
        if self.max_processes == 0 {
            return Err(ConfigError::NoProcesses(function));
        }
        if let Some(folder) = self.folder.clone().filter(|folder| !folder.is_dir()) {
            return Err(ConfigError::NoFolder { function, folder });
        }
        let found = if self.is_bare() {
            look_up(&command)
        } else {
            Some(command.clone())
        };
        match found.and_then(|path| path.metadata().ok()) {
            Some(metadata) if metadata.is_file() && is_executable(&metadata) => Ok(()),
            Some(_) => Err(ConfigError::NotExecutable { function, command }),
            None => Err(ConfigError::NoCommand { function, command }),
        }
    }

    fn is_bare(&self) -> bool {
        self.command.components().count() == 1 && !self.command.is_absolute()
    }
}

/// The gateway's own `PATH`. It is the one variable that functions inherit, so that `node` or `python3` can be a
/// command.
#[expect(clippy::disallowed_methods, reason = "PATH is a fact of the machine, not a setting")]
pub(crate) fn path_variable() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into())
}

fn look_up(command: &Path) -> Option<PathBuf> {
    std::env::split_paths(&path_variable())
        .map(|folder| folder.join(command))
        .find(|path| path.is_file())
}

fn is_executable(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0
}
