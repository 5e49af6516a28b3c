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
