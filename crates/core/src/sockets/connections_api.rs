//! The WebSocket API's `@connections`, at first hand.
//!
//! A fan-out is nothing but posts, and the SDK's machinery costs several times what a post itself does (`make bench`).
//! So a post is a request that is signed here and sent over the connections that the SDK's client for it uses too.

use crate::{
    ConnectionId, Timestamp,
    http::reconnector::{Over, Reconnector},
    http::signer::Signer,
    nouns::hex::hex,
};
use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::{orchestrator::HttpRequest, result::ConnectorError};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Characters that AWS does not encode in a path (RFC 3986, "unreserved").
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The `@connections` API of one WebSocket API stage: its address, and the signer of requests to it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionsApi {
    connector: Reconnector,
    signer: Arc<Signer>,
    /// The URL up to the connection's ID.
    url: String,
    /// The path as it is signed: the URL's path, encoded once more.
    signed_path: String,
    host: String,
}

/// A message, and its hash, for however many sockets: both are made once.
#[derive(Clone, Debug)]
pub struct Payload {
    text: Bytes,
    sha256: Arc<str>,
}

impl ConnectionsApi {
    /// Posts below this URL, a stage's.
    pub(crate) fn new(url: &str, shared: &SdkConfig, connector: Reconnector) -> ConnectionsApi {
        let url = url.trim_end_matches('/');
        let (_, address) = url.split_once("://").unwrap_or(("", url));
        let (host, stage) = address.split_once('/').unwrap_or((address, ""));
        let segments = stage.split('/').filter(|segment| !segment.is_empty());
        let signed = segments.map(|segment| format!("/{}", encode(segment)));
        ConnectionsApi {
            connector,
            signer: Arc::new(Signer::new("execute-api", shared)),
            url: format!("{url}/@connections/"),
            signed_path: signed.chain(["/%40connections/".to_owned()]).collect(),
            host: host.to_owned(),
        }
    }

    /// Posts a message, once, over such a connection, and returns the answer's status.
    ///
    /// # Errors
    /// If there is no answer, or nothing to sign with.
    pub(crate) async fn post(&self, to: &ConnectionId, message: &Payload, over: Over) -> Result<u16, ConnectorError> {
        let id = encode(to.as_str());
        let path = format!("{}{}", self.signed_path, id.replace('%', "%25"));
        let signed = self
            .signer
            .sign(&self.host, &path, &message.sha256, Timestamp::now())
            .await
            .map_err(|error| ConnectorError::user(error.into()))?;
        let mut request = HttpRequest::new(SdkBody::from(message.text.clone()));
        let user = |error| ConnectorError::user(Box::new(error));
        request.set_method("POST").map_err(user)?;
        request.set_uri(format!("{}{id}", self.url)).map_err(user)?;
        let headers = request.headers_mut();
        headers.insert("content-type", "application/octet-stream");
        for (name, value) in signed {
            headers.insert(name, value);
        }
        self.connector.status(request, over).await
    }
}

impl Payload {
    /// A message of this text.
    pub fn new(text: String) -> Payload {
        let sha256 = hex(&Sha256::digest(&text)).into();
        Payload {
            text: text.into(),
            sha256,
        }
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap()
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).collect()
}
