use super::*;
use crate::{
    ConnectionId, Payload,
    aws::{Aws, Endpoints},
    http::reconnector::Over,
};
use aws_config::Region;
use aws_credential_types::{Credentials, provider::future::ProvideCredentials as Provided};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The credentials that `Aws::over` signs with.
const SECRET: &str = "local";

/// Verifies a signature as API Gateway does, by the request alone and AWS's rule. An error says what is wrong.
fn verify(request: &HttpRequest) -> Result<(), String> {
    let header = |name: &str| request.headers().get(name).map(str::trim);
    let url = request.uri().split_once("://").ok_or("no URL")?.1;
    let (host, path) = url.split_at(url.find('/').ok_or("no path")?);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let authorization = header("authorization").ok_or("not signed")?;
    let part = |name: &str| {
        let (_, rest) = authorization.split_once(&format!("{name}="))?;
        rest.split(',').next()
    };
    let (Some(credential), Some(names), Some(signature)) =
        (part("Credential"), part("SignedHeaders"), part("Signature"))
    else {
        return Err("the header has not its three parts".to_owned());
    };
    let scope = credential.split_once('/').ok_or("no scope")?.1;
    let [day, region, service, "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..] else {
        return Err(format!("scope {scope}"));
    };
    let date = header("x-amz-date").ok_or("no date")?;
    for must in ["host", "x-amz-date"] {
        names
            .split(';')
            .find(|name| *name == must)
            .ok_or("too little is signed")?;
    }
    const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~')
        .remove(b'/');
    let path = utf8_percent_encode(path, UNRESERVED);
    let headers = names.split(';').map(|name| {
        let value = if name == "host" { Some(host) } else { header(name) };
        Ok(format!(
            "{name}:{}\n",
            value.ok_or(format!("{name} is signed and absent"))?
        ))
    });
    let headers = headers.collect::<Result<String, String>>()?;
    let body = hex(&Sha256::digest(request.body().bytes().unwrap_or_default()));
    let canonical = format!("{}\n{path}\n{query}\n{headers}\n{names}\n{body}", request.method());
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex(&Sha256::digest(&canonical))
    );
    let time = Timestamp::parse(&format!("{}-{}-{}T00:00:00Z", &day[..4], &day[4..6], &day[6..8]));
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(time.ok_or("no day")?.millis().unsigned_abs());
    let key = generate_signing_key(SECRET, time, region, service);
    let right = date.starts_with(day) && calculate_signature(key, to_sign.as_bytes()) == signature;
    right.then_some(()).ok_or_else(|| format!("signature of {canonical}"))
}

/// Answers 200 to what is signed well and 403, as AWS does, to the rest.
#[derive(Debug)]
struct Gatekeeper {
    spoil: fn(&mut HttpRequest),
}

impl HttpConnector for Gatekeeper {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        (self.spoil)(&mut request);
        let status = if verify(&request).is_ok() { 200 } else { 403 };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::empty())))
    }
}

fn aws(spoil: fn(&mut HttpRequest)) -> Aws {
    Aws::over(SharedHttpConnector::new(Gatekeeper { spoil }), Endpoints::default())
}

/// The statuses that a post by hand and one by the SDK get.
async fn statuses(aws: &Aws, url: &str, id: &str) -> [u16; 2] {
    let text = r#"{"type":"stats-updated"}"#.to_owned();
    let poster = aws.poster(url);
    let by_hand = poster
        .connections_api
        .post(&ConnectionId::new(id), &Payload::new(text.clone()), Over::Kept)
        .await;
    let post = poster.client.post_to_connection().connection_id(id);
    let by_sdk = match post.data(text.into_bytes().into()).send().await {
        Ok(_) => 200,
        Err(error) => error.raw_response().unwrap().status().as_u16(),
    };
    [by_hand.unwrap(), by_sdk]
}

#[tokio::test]
async fn posts_are_signed_as_the_sdk_signs_them() {
    for url in [
        "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/dev",
        "https://socks.example.com/",
        "http://127.0.0.1:8080/a/stage~1",
    ] {
        for id in ["L0SM9cOFvHcCIhw=", "a+b/c=", "-_."] {
            assert_eq!(statuses(&aws(|_| {}), url, id).await, [200; 2], "{url} {id}");
        }
    }
}

#[tokio::test]
async fn a_request_that_is_changed_after_it_was_signed_is_refused() {
    let spoils: [fn(&mut HttpRequest); 4] = [
        |request| *request.body_mut() = SdkBody::from("another"),
        |request| request.set_uri("http://127.0.0.1/dev/@connections/another").unwrap(),
        |request| drop(request.headers_mut().insert("x-amz-date", "20200101T000000Z")),
        |request| drop(request.headers_mut().remove("authorization")),
    ];
    for spoil in spoils {
        let statuses = statuses(&aws(spoil), "http://127.0.0.1/dev", "L0SM9cOFvHcCIhw=").await;
        assert_eq!(statuses, [403; 2]);
    }
}

/// Gives credentials that are good for an hour, each with a name of its own.
#[derive(Debug, Default)]
struct Hourly(AtomicUsize);

/// 2026-11-24T09:00:00Z, in seconds.
const MORNING: u64 = 1_795_510_800;

impl ProvideCredentials for Hourly {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        let n = self.0.fetch_add(1, Relaxed);
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(MORNING + 3_600 * (n as u64 + 1));
        let token = Some(format!("token {n}"));
        Provided::ready(Ok(Credentials::new(
            format!("key-{n}"),
            SECRET,
            token,
            Some(end),
            "test",
        )))
    }
}

#[tokio::test]
async fn a_key_is_kept_for_a_day_or_as_long_as_its_credentials_are_good() {
    let signer = |provider: SharedCredentialsProvider| {
        let shared = SdkConfig::builder().region(Region::from_static("us-east-1"));
        Signer::new("execute-api", &shared.credentials_provider(provider).build())
    };
    let hourly = signer(SharedCredentialsProvider::new(Hourly::default()));
    for (seconds, key) in [(0, 0), (3_589, 0), (3_590, 1), (3_599, 1), (7_189, 1), (7_190, 2)] {
        let now = Timestamp::from_millis((MORNING as i64 + seconds) * 1_000).unwrap();
        let headers = hourly.sign("h", "/", "", now).await.unwrap();
        let (_, authorization) = &headers[1];
        assert!(
            authorization.contains(&format!("Credential=key-{key}/20261124/us-east-1/")),
            "{seconds}"
        );
        assert_eq!(headers[2], ("x-amz-security-token", format!("token {key}")));
    }
    let lasting = signer(SharedCredentialsProvider::new(Credentials::new(
        "k", SECRET, None, None, "test",
    )));
    for (hours, day) in [(0, "20261124"), (14, "20261124"), (15, "20261125")] {
        let now = Timestamp::from_millis((MORNING as i64 + hours * 3_600) * 1_000).unwrap();
        let headers = lasting.sign("h", "/", "", now).await.unwrap();
        assert!(
            headers[1].1.contains(&format!("Credential=k/{day}/us-east-1/")),
            "{hours}"
        );
    }
}

#[tokio::test]
async fn a_key_that_is_made_in_the_last_seconds_of_a_day_is_that_days() {
    let signer = || {
        let shared = SdkConfig::builder().region(Region::from_static("us-east-1"));
        let credentials = SharedCredentialsProvider::new(Credentials::new("k", SECRET, None, None, "test"));
        Signer::new("execute-api", &shared.credentials_provider(credentials).build())
    };
    let morning = Timestamp::from_millis(MORNING as i64 * 1_000).unwrap();
    let evening = Timestamp::from_millis((MORNING as i64 + 15 * 3_600 - 1) * 1_000).unwrap();
    let (early, late) = (signer(), signer());
    early.sign("h", "/", "", morning).await.unwrap();
    let by_the_early_key = early.sign("h", "/", "", evening).await.unwrap();
    assert_eq!(by_the_early_key, late.sign("h", "/", "", evening).await.unwrap());
}

#[test]
fn a_key_does_not_show_itself() {
    let key = Key {
        access_key_id: "AKID".to_owned(),
        session_token: Some("token".to_owned()),
        day: "20261124".to_owned(),
        scope: "20261124/us-east-1/execute-api/aws4_request".to_owned(),
        secret: vec![115, 101, 99],
        good_until: None,
    };
    let shown = format!("{key:?}");
    assert!(shown.contains("execute-api") && !shown.contains("token") && !shown.contains("115"));
}

#[test]
fn bytes_become_two_lower_case_digits_each() {
    assert_eq!(hex(&[0x00, 0x0f, 0xa5, 0xff]), "000fa5ff");
}
