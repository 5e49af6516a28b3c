//! A local API Gateway WebSocket API and Lambda host that behave as AWS does: the same events, statuses, frames, limits
//! and close codes. It runs any program that speaks the Lambda Runtime API, and knows nothing of what the program does.
//!
//! [`Gateway::builder`] makes an API on a port of this machine:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use chatterbox_gateway::{Function, Gateway, Route};
//!
//! let api = Gateway::builder()
//!     .function("echo", Function::new("./bootstrap"))
//!     .route("$default", Route::two_way("echo"))
//!     .start()
//!     .await?;
//! println!("{}", api.url());
//! # Ok(())
//! # }
//! ```
//!
//! [`Gateway::start`] and [`Server`] are for those who want more: to add routes of their own, to serve TLS, to let others
//! than this machine in.
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
//! 9. `router`, `gateway`: the parts put together; `local_api`, `builder`: on a port of this machine.
//!
//! A test holds that no file and no room depends on itself in a circle.

mod activity;
mod bucket;
mod builder;
mod clock;
mod config;
mod faults;
mod feeds;
mod gateway;
mod host;
mod http;
mod ids;
mod local_api;
mod lock;
mod mapping;
mod program;
mod reply;
mod router;
mod server;
mod socket;

pub use activity::{Activity, ActivityEntry};
pub use builder::{Builder, StartError};
pub use config::{
    Authorizer, Config, ConfigError, Domain, Endpoint, Faults, FaultsError, Function, IdentitySource, Integration,
    Limits, Route, RouteSelection, Throttle,
};
pub use feeds::{Exchange, Line, Reason};
pub use gateway::Gateway;
pub use local_api::LocalApi;
pub use program::{Interrupts, Printer, raise_open_files};
pub use server::{Access, Certificate, CertificateError, Server};
