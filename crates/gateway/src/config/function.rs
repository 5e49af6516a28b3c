//! A function: its program, where and with what it runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ConfigError;

/// A function: any program that speaks the Lambda Runtime API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The program: a path, or a bare name that is looked up in `PATH`.
    pub command: PathBuf,
    /// The program's arguments.
    pub arguments: Vec<String>,
    /// The folder in which it runs, as `/var/task` is on Lambda. Without one it is the folder of a program that is given by a
    /// path, and the gateway's own folder for a bare name.
    pub folder: Option<PathBuf>,
    /// What the process finds in its environment besides what Lambda itself sets.
    pub environment: BTreeMap<String, String>,
    /// What `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` says, in MB. Nothing is held to it.
    pub memory_mb: u32,
    /// How long one event may take before its process is killed.
    pub timeout: Duration,
    /// At most so many processes at a time, each with one event. Beyond it events wait.
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
    /// A relative path stands for nothing, because the gateway's own folder is not there any more.
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

    /// The program as the operating system is to be given it: its path, or its bare name.
    pub(crate) fn program(&self) -> std::io::Result<PathBuf> {
        if self.is_bare() {
            Ok(self.command.clone())
        } else {
            std::path::absolute(&self.command)
        }
    }

    /// Finds what cannot be run.
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

/// `PATH` is the one variable of its own that the gateway hands on, so that `node` or `python3` can be a command.
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
