//! The callback endpoint, a process apart: see `src/bin/callback.rs`.

use crate::{
    Outcome,
    process::{Process, command, program},
};
use bench::{Manner, Posts};

/// The running endpoint.
#[derive(Debug)]
pub(crate) struct Callback {
    /// Its host and port.
    pub(crate) address: String,
    /// Its URL with TLS, and HTTP/2 or HTTP/1.1.
    pub(crate) http2: String,
    /// Its URL with TLS and HTTP/1.1 alone.
    pub(crate) http1: String,
    http: reqwest::Client,
    _process: Process,
}

impl Callback {
    /// Starts it.
    pub(crate) async fn start() -> Outcome<Callback> {
        let (process, words) = Process::start_and_hear(&mut command(program("bench-callback"))).await?;
        let [port, http2, http1] = &words[..] else {
            return Err("the callback endpoint does not tell its ports".into());
        };
        Ok(Callback {
            address: format!("127.0.0.1:{port}"),
            http2: format!("https://localhost:{http2}/dev"),
            http1: format!("https://localhost:{http1}/dev"),
            http: reqwest::Client::new(),
            _process: process,
        })
    }

    /// The URL that functions are told.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/dev", self.address)
    }

    /// The certificate (PEM) that its URLs with TLS have.
    pub(crate) async fn certificate(&self) -> Outcome<String> {
        let request = self.http.get(format!("http://{}/certificate", self.address));
        Ok(request.send().await?.text().await?)
    }

    /// Begins to count anew, and answers in this manner from now on.
    pub(crate) async fn behave(&self, manner: &Manner) -> Outcome<()> {
        let request = self.http.put(format!("http://{}/", self.address)).json(manner);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// What it has seen since.
    pub(crate) async fn posts(&self) -> Outcome<Posts> {
        let request = self.http.get(format!("http://{}/", self.address));
        Ok(request.send().await?.json().await?)
    }
}
