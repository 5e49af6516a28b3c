//! Ctrl-C: the first asks a program to end in good order, the second ends it at once.

use std::io;
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Hears the signals INT (Ctrl-C) and TERM. It hears them in a thread of its own, so that the second one ends the program
/// whatever else has come to a standstill.
#[derive(Debug, Clone)]
pub struct Interrupts {
    first: CancellationToken,
}

impl Interrupts {
    /// The exit status after a second signal, as a shell has it for a program that INT has ended.
    const AT_ONCE: i32 = 130;

    /// Listens from now on.
    ///
    /// # Errors
    /// The operating system has no thread for it, or the signals cannot be listened to.
    pub fn listen() -> io::Result<Interrupts> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let first = CancellationToken::new();
        let interrupts = Interrupts { first: first.clone() };
        let listening = {
            let _runtime = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        thread::Builder::new().name("interrupts".into()).spawn(move || {
            let (mut interrupt, mut terminate) = listening;
            let mut next = async || {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            runtime.block_on(async {
                next().await;
                first.cancel();
                next().await;
            });
            std::process::exit(Self::AT_ONCE);
        })?;
        Ok(interrupts)
    }

    /// Waits for the first signal. If there has been one already, it returns at once.
    pub async fn first(&self) {
        self.first.cancelled().await;
    }
}
