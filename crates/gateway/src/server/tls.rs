//! TLS with a certificate that is made at the start, for clients and functions that speak only `wss` and `https`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use time::OffsetDateTime;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

/// A certificate for this machine's own names, `localhost`, 127.0.0.1 and ::1, and others that lead to it; and the authority that has signed it.
/// The authority can sign nothing else, since its key is dropped at once. The certificate's key is never written to a
/// file.
#[derive(Debug, Clone)]
pub struct Certificate {
    authority: String,
    config: Arc<ServerConfig>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It cannot be made.
    #[error("the certificate cannot be made: {0}")]
    Made(#[from] rcgen::Error),
    /// It cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Used(#[from] tokio_rustls::rustls::Error),
}

impl Certificate {
    /// The names that every certificate is for.
    const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
    /// How long the certificate is valid. Some clients refuse one that is valid for more than 398 days.
    const LIFE: time::Duration = time::Duration::days(365);

    /// Makes a certificate that is valid for a year, also for `further` names, such as those of a custom domain or a tunnel.
    ///
    /// # Errors
    /// One of the names is neither a host name nor an address.
    pub fn new(further: &[String]) -> Result<Certificate, CertificateError> {
        let mut params = Self::params(Vec::new(), "Local gateway: authority")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let names = Self::NAMES.into_iter().map(String::from).chain(further.iter().cloned());
        let mut params = Self::params(names.collect(), "Local gateway")?;
        params.use_authority_key_identifier_extension = true;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &authority)?;
        let chain = vec![certificate.der().clone(), authority.der().clone()];
        Ok(Certificate {
            authority: authority.pem(),
            config: Arc::new(Self::config(chain, key)?),
        })
    }

    /// The authority's certificate in PEM. Clients have to trust it.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    fn params(names: Vec<String>, common_name: &str) -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, common_name);
        // From yesterday on, for clients whose clock is behind.
        params.not_before = OffsetDateTime::now_utc() - time::Duration::DAY;
        params.not_after = params.not_before + Self::LIFE;
        Ok(params)
    }

    fn config(chain: Vec<CertificateDer<'static>>, key: KeyPair) -> Result<ServerConfig, tokio_rustls::rustls::Error> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A listener whose connections speak TLS. One client's handshake does not hold up another's.
pub(super) struct TlsListener<L> {
    listener: L,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl<L> TlsListener<L> {
    pub(super) fn new(listener: L, certificate: &Certificate) -> TlsListener<L> {
        TlsListener {
            listener,
            acceptor: TlsAcceptor::from(Arc::clone(&certificate.config)),
            handshakes: JoinSet::new(),
        }
    }
}

impl<L: Listener<Io = TcpStream, Addr = SocketAddr>> Listener for TlsListener<L> {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                (stream, address) = self.listener.accept() => {
                    let handshake = self.acceptor.accept(stream);
                    self.handshakes.spawn(async move {
                        // A client whose handshake fails is hung up on.
                        let stream = timeout(HANDSHAKE, handshake).await.ok()?.ok()?;
                        Some((stream, address))
                    });
                }
                Some(done) = self.handshakes.join_next(), if !self.handshakes.is_empty() => {
                    if let Ok(Some(accepted)) = done {
                        return accepted;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
