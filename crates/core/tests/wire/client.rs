//! The clients of Chatterbox, at an endpoint.

use crate::endpoint::{Endpoint, Protocol};
use aws_sdk_dynamodb::types::AttributeValue;
use chatterbox_core::{
    ConnectionId, Payload, Posted, Poster,
    aws::{Aws, Endpoints},
};

/// What is asked of the endpoint: the three ways that Chatterbox has to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// A post to a socket, which is signed and tried by Chatterbox.
    Post,
    /// A read of DynamoDB, by the AWS SDK.
    Read,
    /// A message for SQS, by the AWS SDK, with little time for it.
    Send,
}

impl Call {
    pub(crate) const ALL: [Call; 3] = [Call::Post, Call::Read, Call::Send];
}

/// An endpoint, and the clients that a function has.
pub(crate) struct Clients {
    pub(crate) endpoint: Endpoint,
    pub(crate) poster: Poster,
    dynamodb: aws_sdk_dynamodb::Client,
    sqs: aws_sdk_sqs::Client,
}

impl Clients {
    pub(crate) async fn start(protocol: Protocol) -> Clients {
        let endpoint = Endpoint::start(protocol).await;
        let aws = Aws::local(Endpoints {
            dynamodb: Some(endpoint.url.clone()),
            sqs: Some(endpoint.url.clone()),
            ca_bundle: endpoint.certificate.clone(),
        });
        Clients {
            poster: aws.poster(&format!("{}/dev", endpoint.url)),
            dynamodb: aws.dynamodb(),
            sqs: aws.sqs(),
            endpoint,
        }
    }

    /// Asks for this name, with all the tries that there are, and says what was wrong if all of them failed.
    pub(crate) async fn call(&self, call: Call, name: &str) -> Result<(), String> {
        match call {
            Call::Post => match self.poster.post(&ConnectionId::new(name), &message()).await {
                Posted::Sent => Ok(()),
                other => Err(format!("{name}: {other:?}")),
            },
            Call::Read => {
                let get = self.dynamodb.get_item().table_name(name);
                let get = get.key("login", AttributeValue::S("somebody".to_owned()));
                get.send().await.map(drop).map_err(|error| format!("{name}: {error:?}"))
            }
            Call::Send => {
                let send = self.sqs.send_message().queue_url(name).message_body("{}");
                send.send()
                    .await
                    .map(drop)
                    .map_err(|error| format!("{name}: {error:?}"))
            }
        }
    }

    /// So many calls at once, each answered when all are there: over HTTP/1.1 that takes as many connections, which
    /// are then left open.
    pub(crate) async fn crowd(&self, call: Call, size: usize) {
        self.endpoint.state.expect_crowd(size);
        let results = self.all(call, (0..size).map(|n| format!("crowd-{n}"))).await;
        assert_eq!(results, vec![Ok(()); size]);
    }

    /// Calls at once.
    pub(crate) async fn all(&self, call: Call, names: impl Iterator<Item = String>) -> Vec<Result<(), String>> {
        let calls = names.map(|name| async move { self.call(call, &name).await });
        futures_util::future::join_all(calls).await
    }
}

fn message() -> Payload {
    Payload::new("{}".to_owned())
}
