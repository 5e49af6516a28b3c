//! What a command that serves needs of the operating system: lines that hold nothing up (`printer`), signals that end it
//! in any case (`interrupts`), and enough open files (`open_files`).

mod interrupts;
mod open_files;
mod printer;

pub use interrupts::Interrupts;
pub use open_files::raise_open_files;
pub use printer::Printer;
