//! The flags in other forms: as completions for a shell, and as a page for `man`.

use std::io;

use clap::{Args, Command};
use clap_complete::Shell;

/// The flags that print about the others, and start nothing.
#[derive(Debug, Clone, Args)]
pub(crate) struct Manual {
    /// Prints the completions of a shell, for the file from which it reads them
    #[arg(long, value_name = "SHELL", exclusive = true)]
    completions: Option<Shell>,
    /// Prints the manual page: `gateway --man | man -l -`
    #[arg(long, exclusive = true)]
    man: bool,
}

impl Manual {
    /// Whether one of them is given.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.man || self.completions.is_some()
    }

    /// Prints what is asked for, about the flags of this command.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn print(&self, mut command: Command, mut to: impl io::Write) -> io::Result<()> {
        if let Some(shell) = self.completions {
            let name = command.get_name().to_owned();
            clap_complete::generate(shell, &mut command, name, &mut to);
        }
        if self.man {
            clap_mangen::Man::new(command).render(&mut to)?;
        }
        Ok(())
    }
}
