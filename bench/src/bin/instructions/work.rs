//! The pieces of work whose instructions are counted.

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use bench::connection_id;
use chatterbox_core::{
    Batch, Body, Connections, Handshake, HandshakePolicy, Invocation, Login, Notifier, SocketEvent, Timestamp, Topic,
    Updates,
    aws::{Aws, Endpoints},
    outgoing::Outgoing,
};
use serde_json::{Value, json, value::RawValue};
use std::{error::Error, fmt, hint::black_box};

/// A piece of work.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// Reading API Gateway's event of a handshake.
    HandshakeEvent,
    /// Reading the credentials of a handshake, and hashing the chatter ID.
    Handshake,
    /// Reading the pipeline's event.
    PipelineEvent,
    /// Encoding a push.
    Message,
    /// The whole of notify for one login with a thousand sockets, except the network: record, read, sign and post.
    ThousandSockets,
}

type Fallible = Result<(), Box<dyn Error>>;

const SOCKETS: u64 = 1_000;

impl Work {
    pub(crate) const ALL: [Work; 5] = [
        Work::HandshakeEvent,
        Work::Handshake,
        Work::PipelineEvent,
        Work::Message,
        Work::ThousandSockets,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Work::HandshakeEvent => "handshake-event",
            Work::Handshake => "credentials",
            Work::PipelineEvent => "pipeline-event",
            Work::Message => "message",
            Work::ThousandSockets => "a-thousand-sockets",
        }
    }

    /// Number of times that the work is done in a run.
    pub(crate) fn times(self) -> u32 {
        match self {
            Work::ThousandSockets => 3,
            _ => 200,
        }
    }

    pub(crate) fn run(self, times: u32) -> Fallible {
        match self {
            Work::HandshakeEvent => handshake_event(times),
            Work::Handshake => credentials(times),
            Work::PipelineEvent => pipeline_event(times),
            Work::Message => message(times),
            Work::ThousandSockets => thousand_sockets(times),
        }
    }
}

fn handshake_event(times: u32) -> Fallible {
    let event = raw(include_str!("connect.json"))?;
    for _ in 0..times {
        black_box(SocketEvent::parse(black_box(&event))?);
    }
    Ok(())
}

fn credentials(times: u32) -> Fallible {
    let event = SocketEvent::parse(&raw(include_str!("connect.json"))?)?;
    let policy = HandshakePolicy {
        login_parameter: "login".to_owned(),
        chatter_parameter: "chatter".to_owned(),
        topic_parameter: "topic".to_owned(),
        cookies: None,
        origins: Some(vec!["https://www.example.com".to_owned()]),
        origin_secrets: Vec::new(),
    };
    for _ in 0..times {
        let credentials = Handshake::read(black_box(&event), &policy);
        black_box(credentials.map_err(|refusal| refusal.reason())?);
    }
    Ok(())
}

fn pipeline_event(times: u32) -> Fallible {
    let (event, invocation) = (raw(&update(100).to_string())?, invocation()?);
    for _ in 0..times {
        black_box(Batch::parse(black_box(&event), &invocation).map_err(|bad| format!("{bad:?}"))?);
    }
    Ok(())
}

fn message(times: u32) -> Fallible {
    let (login, topic) = (Login::parse("friendless").ok_or("no login")?, Topic::fallback());
    let body = Body::new(&raw(&body().to_string())?).ok_or("no body")?;
    for version in 0..times {
        let message = Outgoing::StatsUpdated {
            login: &login,
            topic: &topic,
            topics: &[&topic],
            epoch: "6b29fc40-ca47-4067-b31d-00dd010662da",
            version: (version + 1).into(),
            prev: version.into(),
            id: "6b29fc40-ca47-4067-b31d-00dd010662db",
            at: Timestamp::from_millis(1_795_515_300_000).ok_or("no time")?,
            body: &body,
        };
        black_box(message.to_text());
    }
    Ok(())
}

fn thousand_sockets(times: u32) -> Fallible {
    let aws = Aws::over(SharedHttpConnector::new(Services::new()), Endpoints::default());
    let notifier = Notifier {
        updates: Updates::new(aws.dynamodb(), "updates"),
        connections: Connections::new(aws.dynamodb(), "connections"),
        poster: aws.poster("https://abc.execute-api.us-east-1.amazonaws.com/prod"),
        deferral: None,
        max_connections_per_login: 100_000,
    };
    let (event, invocation) = (raw(&update(1).to_string())?, invocation()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for _ in 0..times {
            let report = notifier.notify(&event, &invocation).await.report;
            if report.sent as u64 != SOCKETS {
                return Err(format!("{report:?}").into());
            }
        }
        Ok(())
    })
}

/// Fake AWS for notify: it records every update, returns a thousand sockets for a login, and accepts every post.
#[derive(Clone)]
struct Services {
    rows: String,
}

impl Services {
    fn new() -> Services {
        let row = |n| {
            json!({
                "login": {"S": "login-0"},
                "connection_id": {"S": connection_id(n)},
                "connected_at": {"N": "1795515300000"},
                "expires_at": {"N": "4102444800"},
                "chatter_hash": {"S": "0".repeat(64)},
            })
        };
        let rows: Vec<Value> = (0..SOCKETS).map(row).collect();
        let rows = json!({"Count": rows.len(), "Items": rows});
        Services { rows: rows.to_string() }
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Services")
    }
}

impl HttpConnector for Services {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = match request.headers().get("x-amz-target") {
            Some("DynamoDB_20120810.Query") => self.rows.clone(),
            Some(_) => "{}".to_owned(),
            None => String::new(),
        };
        let answer = HttpResponse::new(200.try_into().expect("200 is a status"), SdkBody::from(answer));
        HttpConnectorFuture::ready(Ok(answer))
    }
}

/// Event of an update for this many logins.
fn update(logins: u32) -> Value {
    let logins: Vec<String> = (0..logins).map(|n| format!("login-{n}")).collect();
    json!({"logins": logins, "topics": ["updates"], "body": body()})
}

fn body() -> Value {
    json!({"plays": 1234, "players": 17, "last": {"game": 822, "name": "Crokinole", "at": "2026-11-24T10:15:00Z"}})
}

fn invocation() -> Result<Invocation, Box<dyn Error>> {
    Ok(Invocation {
        request_id: "6b29fc40-ca47-4067-b31d-00dd010662da".to_owned(),
        received_at: Timestamp::from_millis(1_795_515_300_000).ok_or("no time")?,
        deadline: Timestamp::MAX,
    })
}

fn raw(json: &str) -> Result<Box<RawValue>, Box<dyn Error>> {
    Ok(RawValue::from_string(json.to_owned())?)
}
