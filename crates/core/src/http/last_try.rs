//! The last try of a request by the SDK: over a new connection, if an earlier try broke or timed out.

use crate::http::reconnector::Over;
use aws_sdk_dynamodb::config::Intercept;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            context::{BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextRef},
            dyn_dispatch_hint,
        },
        retries::RequestAttempts,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{
    config_bag::{ConfigBag, Storable, StoreReplace},
    retry::RetryConfig,
};

/// An interceptor of the SDK that asks the [`crate::http::reconnector::Reconnector`] for that connection.
#[derive(Debug)]
pub(crate) struct LastTry;

/// Is in the request's configuration once a try broke or timed out. A refusal or throttling is no reason for a new connection.
#[derive(Debug)]
struct HasBroken;

impl Storable for HasBroken {
    type Storer = StoreReplace<HasBroken>;
}

#[dyn_dispatch_hint]
impl Intercept for LastTry {
    fn name(&self) -> &'static str {
        "LastTry"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let attempt = config.load::<RequestAttempts>().map(RequestAttempts::attempts);
        let last = config.load::<RetryConfig>().map(RetryConfig::max_attempts);
        if attempt == last && config.load::<HasBroken>().is_some() {
            context.request_mut().add_extension(Over::Fresh);
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Err(error)) = context.output_or_error()
            && (error.is_timeout_error() || error.is_connector_error())
        {
            config.interceptor_state().store_put(HasBroken);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Connections, Login,
        aws::{Aws, Endpoints},
        lock::lock,
    };
    use aws_smithy_runtime_api::client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    };
    use aws_smithy_types::body::SdkBody;
    use std::sync::{Arc, Mutex};

    /// Breaks, or answers with a status; and keeps which connection each request asked for.
    #[derive(Clone, Debug)]
    struct Wire {
        answers: [Option<u16>; 3],
        asked: Arc<Mutex<Vec<Over>>>,
    }

    impl HttpConnector for Wire {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let mut asked = lock(&self.asked);
            let answer = self.answers[asked.len()];
            asked.push(request.extension().copied().unwrap_or(Over::Kept));
            HttpConnectorFuture::ready(match answer {
                Some(status) => Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from("{}"))),
                None => Err(ConnectorError::io("broken".into())),
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_try_asks_for_a_new_connection_if_one_before_it_broke() {
        use Over::{Fresh, Kept};
        for (answers, expected) in [
            ([None, None, None], &[Kept, Kept, Fresh][..]),
            ([None, Some(500), Some(200)], &[Kept, Kept, Fresh]),
            ([Some(500), None, Some(200)], &[Kept, Kept, Fresh]),
            ([Some(500), Some(500), Some(200)], &[Kept, Kept, Kept]),
            ([None, Some(200), None], &[Kept, Kept]),
            ([Some(200), None, None], &[Kept]),
        ] {
            let asked = Arc::default();
            let wire = Wire {
                answers,
                asked: Arc::clone(&asked),
            };
            let endpoints = Endpoints {
                dynamodb: Some("http://127.0.0.1".to_owned()),
                ..Endpoints::default()
            };
            let client = Aws::over(SharedHttpConnector::new(wire), endpoints).dynamodb();
            let _ = Connections::new(client, "connections")
                .of(&Login::parse("a").unwrap())
                .await;
            assert_eq!(*lock(&asked), expected, "{answers:?}");
        }
    }
}
