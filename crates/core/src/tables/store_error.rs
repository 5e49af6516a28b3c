//! A table that did not do what it was asked: the server's fault, and an alarm.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

/// Why a table did not answer as it should. It says what was tried and DynamoDB's own code, never what was sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoreError {
    /// DynamoDB refused or could not be reached.
    #[error("{operation}: {code}")]
    Failed {
        /// The operation of DynamoDB's API.
        operation: &'static str,
        /// DynamoDB's error code, or what kind of failure kept it from answering.
        code: String,
    },
    /// A row is not as Chatterbox writes it.
    #[error("a row of {table} has no usable {attribute}")]
    Corrupt {
        /// Which of the tables.
        table: &'static str,
        /// The attribute that is missing or has the wrong type.
        attribute: &'static str,
    },
}

const TIME_OUT: &str = "time-out";
const NO_CONNECTION: &str = "no connection";

impl StoreError {
    /// Whether the same may work in some seconds: DynamoDB had too much to do, or did not answer.
    pub fn is_passing(&self) -> bool {
        let StoreError::Failed { code, .. } = self else {
            return false;
        };
        matches!(
            code.as_str(),
            "ThrottlingException"
                | "ProvisionedThroughputExceededException"
                | "RequestLimitExceeded"
                | "InternalServerError"
                | "ServiceUnavailable"
                | TIME_OUT
                | NO_CONNECTION
        )
    }

    /// The code of a failed call: the service's own if it answered, else the kind of failure.
    pub(crate) fn of<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> StoreError {
        let silence = match error {
            SdkError::TimeoutError(_) => TIME_OUT,
            SdkError::DispatchFailure(_) => NO_CONNECTION,
            SdkError::ConstructionFailure(_) => "the request could not be built",
            SdkError::ResponseError(_) => "the response could not be read",
            _ => "unknown error",
        };
        StoreError::Failed {
            operation,
            code: error.code().unwrap_or(silence).to_owned(),
        }
    }
}
