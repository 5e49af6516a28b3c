//! The callback endpoint (`src/bin/callback.rs`), as a separate process.

use crate::{
    Fallible,
    process::{Process, command, program},
};
use bench::{Manner, Posts};

/// The running endpoint.
#[derive(Debug)]
pub(crate) struct CallbackEndpoint {
    /// Host and port, without TLS.
    pub(crate) address: String,
    /// URL with TLS, and HTTP/2 or HTTP/1.1.
    pub(crate) http2: String,
    /// URL with TLS and HTTP/1.1 alone.
    pub(crate) http1: String,
    http: reqwest::Client,
    _process: Process,
}

impl CallbackEndpoint {
    /// Starts it.
    pub(crate) async fn start() -> Fallible<CallbackEndpoint> {
        let (process, words) = Process::start_and_hear(&mut command(program("bench-callback"))).await?;
        let [port, http2, http1] = &words[..] else {
            return Err("the callback endpoint did not print its ports".into());
        };
        Ok(CallbackEndpoint {
            address: format!("127.0.0.1:{port}"),
            http2: format!("https://localhost:{http2}/dev"),
            http1: format!("https://localhost:{http1}/dev"),
            http: reqwest::Client::new(),
            _process: process,
        })
    }

    /// URL of `@connections`, for the functions' environment.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/dev", self.address)
    }

    /// Certificate (PEM) of the URLs with TLS.
    pub(crate) async fn certificate(&self) -> Fallible<String> {
        let request = self.http.get(format!("http://{}/certificate", self.address));
        Ok(request.send().await?.text().await?)
    }

    /// Sets the behaviour, and resets the counters.
    pub(crate) async fn behave(&self, manner: &Manner) -> Fallible<()> {
        let request = self.http.put(format!("http://{}/", self.address)).json(manner);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Counters since the behaviour was last set.
    pub(crate) async fn posts(&self) -> Fallible<Posts> {
        let request = self.http.get(format!("http://{}/", self.address));
        Ok(request.send().await?.json().await?)
    }
}
