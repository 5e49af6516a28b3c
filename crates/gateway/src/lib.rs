//! A local API Gateway WebSocket API and Lambda host that behave as AWS does: the same events, statuses, frames, limits
//! and close codes. It runs any program that speaks the Lambda Runtime API, and knows nothing of what the program does.
//!
//! [`run()`] is the whole of it in one call:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use chatterbox_gateway::{Config, Function, Route, run};
//!
//! let mut config = Config::default();
//! config.functions.insert("echo".into(), Function::new("./bootstrap"));
//! config.routes.insert("$default".into(), Route::two_way("echo"));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! run(config, listener, async { let _ = tokio::signal::ctrl_c().await; }).await?;
//! # Ok(())
//! # }
//! ```
//!
//! A [`Gateway`] is for those who want more: to watch its feeds, to add routes of their own, to serve TLS, to inject
//! faults.
//!
//! # Reading order
//!
//! The source is in rooms, each of which uses only those before it:
//!
//! 1. `config`: what a gateway is told, and AWS's limits.
//! 2. `activity`, `feeds`: what it tells; and the small helpers `clock`, `ids`, `bucket`, `lock`, `reply`.
//! 3. `server`: the port, with or without TLS, and who may call it; `program`: what a command needs of its system.
//! 4. `host`: Lambda. Processes, their queue, the Runtime API.
//! 5. `socket`: the life of a WebSocket, from the handshake to `$disconnect`.
//! 6. `http`: `@connections`, and Lambda's Invoke.
//! 7. `faults`: faults on purpose, in layers around the rooms before.
//! 8. `mapping`: the paths of a custom domain.
//! 9. `router`, `gateway`, `run`: the parts put together.
//!
//! A test holds that no file and no room depends on itself in a circle.

mod activity;
mod bucket;
mod clock;
mod config;
mod faults;
mod feeds;
mod gateway;
mod host;
mod http;
mod ids;
mod lock;
mod mapping;
mod program;
mod reply;
mod router;
mod run;
mod server;
mod socket;

pub use activity::{Activity, ActivityEntry};
pub use config::{
    Authorizer, Config, ConfigError, Domain, Endpoint, Faults, FaultsError, Function, IdentitySource, Integration,
    Limits, Route, RouteSelection, Throttle,
};
pub use feeds::{Exchange, Line, Reason};
pub use gateway::Gateway;
pub use program::{Interrupts, Printer, raise_open_files};
pub use run::{RunError, run};
pub use server::{Access, Certificate, CertificateError, Server};
