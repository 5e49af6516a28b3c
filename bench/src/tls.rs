//! TLS endpoint in front of an address without TLS, with a certificate of its own.

use crate::Fallible;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

/// The endpoint. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Tls {
    /// URL of the endpoint: `https://localhost:` and its port.
    pub(crate) url: String,
    folder: TempDir,
    server: JoinHandle<()>,
}

impl Tls {
    /// Starts an endpoint in front of this URL's host and port.
    pub(crate) async fn start(upstream: &str) -> Fallible<Tls> {
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()])?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join(CERTIFICATE), cert.pem())?;
        let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
        let provider = tokio_rustls::rustls::crypto::ring::default_provider();
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://localhost:{}", listener.local_addr()?.port());
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(forward(acceptor.clone(), stream, upstream.clone()));
            }
        });
        Ok(Tls { url, folder, server })
    }

    /// Environment variables by which our functions and Node trust the certificate.
    pub(crate) fn trust(&self) -> [(&'static str, String); 2] {
        let path = self.folder.path().join(CERTIFICATE).to_string_lossy().into_owned();
        ["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"].map(|name| (name, path.clone()))
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.server.abort();
    }
}

const CERTIFICATE: &str = "certificate.pem";

async fn forward(acceptor: TlsAcceptor, stream: TcpStream, upstream: String) -> Fallible<()> {
    stream.set_nodelay(true)?;
    let mut stream = acceptor.accept(stream).await?;
    let mut upstream = TcpStream::connect(upstream).await?;
    upstream.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut stream, &mut upstream).await?;
    Ok(())
}
