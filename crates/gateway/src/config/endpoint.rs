//! The address of an API, as its functions are told.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The address at which an API is served. Its functions find it in `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`, where
/// AWS's SDKs look for it, unless their own environment has that variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    address: SocketAddr,
    authority: Option<PathBuf>,
}

impl Endpoint {
    /// The address of an API that [`Server::serve`](crate::Server::serve) serves.
    pub fn http(address: SocketAddr) -> Endpoint {
        Endpoint {
            address,
            authority: None,
        }
    }

    /// The address of an API that [`Server::serve_tls`](crate::Server::serve_tls) serves, and the file with the
    /// certificate that its clients have to trust ([`Certificate::authority`](crate::Certificate::authority)). Functions find the file in
    /// `AWS_CA_BUNDLE` and `NODE_EXTRA_CA_CERTS`.
    pub fn https(address: SocketAddr, authority: impl Into<PathBuf>) -> Endpoint {
        Endpoint {
            address,
            authority: Some(authority.into()),
        }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.authority.is_some()
    }

    /// The variables of a function's environment that hold it.
    pub(crate) fn environment(&self, stage: &str) -> Vec<(&'static str, OsString)> {
        let scheme = if self.is_tls() { "https" } else { "http" };
        let url = format!("{scheme}://{}/{stage}", self.address);
        let url = ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", url.into());
        let authority = self
            .authority
            .iter()
            .flat_map(|file| ["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"].map(|name| (name, file.into())));
        std::iter::once(url).chain(authority).collect()
    }
}
