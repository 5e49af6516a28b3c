//! AWS's Signature Version 4, for requests that have a body and no query.
//!
//! The rule: [Create a signed AWS API request](https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html).
//! The key that signs is derived from the secret by four hashes, and the same for a whole day: it is kept.

use crate::{Timestamp, lock::lock, nouns::hex::hex};
use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError};
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

/// Signs requests to one service with whatever credentials are good at the time.
#[derive(Debug)]
pub(crate) struct Signer {
    service: &'static str,
    region: String,
    credentials: Option<SharedCredentialsProvider>,
    key: Mutex<Option<Arc<Key>>>,
}

/// A signing key, for a day or for as long as its credentials are good.
struct Key {
    access_key_id: String,
    session_token: Option<String>,
    /// The day, as `20261124`.
    day: String,
    /// Day, region and service.
    scope: String,
    secret: Vec<u8>,
    good_until: Option<SystemTime>,
}

/// Headers that a request gains.
type Headers = Vec<(&'static str, String)>;

impl Signer {
    /// Credentials that end this soon are asked for anew, as the SDK does: a request takes its time.
    const MARGIN: Duration = Duration::from_secs(10);

    pub(crate) fn new(service: &'static str, shared: &SdkConfig) -> Signer {
        Signer {
            service,
            region: shared.region().map(ToString::to_string).unwrap_or_default(),
            credentials: shared.credentials_provider(),
            key: Mutex::default(),
        }
    }

    /// The headers that make a POST good: to this host and path (encoded as the signature wants it), of a body with this
    /// hash, at this time.
    pub(crate) async fn sign(
        &self,
        host: &str,
        path: &str,
        body_sha256: &str,
        now: Timestamp,
    ) -> Result<Headers, CredentialsError> {
        let at = basic_format(now);
        let key = self.key(&at, now).await?;
        let Key {
            access_key_id, scope, ..
        } = &*key;
        let (token, names) = match &key.session_token {
            Some(token) => (
                format!("x-amz-security-token:{token}\n"),
                "host;x-amz-date;x-amz-security-token",
            ),
            None => (String::new(), "host;x-amz-date"),
        };
        let request = format!("POST\n{path}\n\nhost:{host}\nx-amz-date:{at}\n{token}\n{names}\n{body_sha256}");
        let request = hex(&Sha256::digest(request));
        let signature = calculate_signature(
            &key.secret,
            format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{request}").as_bytes(),
        );
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
        let mut headers = vec![("x-amz-date", at), ("authorization", authorization)];
        headers.extend(key.session_token.clone().map(|token| ("x-amz-security-token", token)));
        Ok(headers)
    }

    /// The key in use, or a new one when its day or its credentials are over.
    async fn key(&self, at: &str, now: Timestamp) -> Result<Arc<Key>, CredentialsError> {
        let soon = SystemTime::UNIX_EPOCH + Duration::from_millis(now.millis().unsigned_abs()) + Self::MARGIN;
        let is_good = |key: &Arc<Key>| at.starts_with(&key.day) && key.good_until.is_none_or(|end| end > soon);
        let kept = lock(&self.key).clone();
        if let Some(key) = kept.filter(is_good) {
            return Ok(key);
        }
        let provider = self.credentials.as_ref();
        let provider = provider.ok_or_else(|| CredentialsError::not_loaded("there is no provider"))?;
        let credentials = provider.provide_credentials().await?;
        let day = at[..8].to_owned();
        let secret = generate_signing_key(
            credentials.secret_access_key(),
            soon - Self::MARGIN,
            &self.region,
            self.service,
        );
        let key = Arc::new(Key {
            access_key_id: credentials.access_key_id().to_owned(),
            session_token: credentials.session_token().map(ToOwned::to_owned),
            scope: format!("{day}/{}/{}/aws4_request", self.region, self.service),
            day,
            secret: secret.as_ref().to_vec(),
            good_until: credentials.expiry(),
        });
        *lock(&self.key) = Some(Arc::clone(&key));
        Ok(key)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// ISO 8601's basic format, to the second: `20261124T090000Z`.
fn basic_format(time: Timestamp) -> String {
    let whole = Timestamp::from_millis(time.seconds() * 1_000).unwrap_or(time);
    let mut text = whole.to_string();
    text.retain(|character| !matches!(character, '-' | ':'));
    text
}

#[cfg(test)]
mod tests;
