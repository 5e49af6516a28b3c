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

/// Codes of DynamoDB for too many requests; the last two are those of a transaction's items.
pub(crate) const THROTTLING: [&str; 5] = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
];

/// Codes of a transaction that met with others at the same items.
pub(crate) const CONFLICTS: [&str; 2] = ["TransactionConflict", "TransactionInProgressException"];

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

    /// Whether a table was asked too much: by one login, whose items or partition have a limit of their own, or by all
    /// together, beyond the account's quota or the table's maximum. Anybody who may open a socket can bring that about.
    pub fn is_throttling(&self) -> bool {
        matches!(self, StoreError::Failed { code, .. } if THROTTLING.contains(&code.as_str()) || CONFLICTS.contains(&code.as_str()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::{error::ErrorMetadata, operation::get_item::GetItemError};
    use aws_smithy_runtime_api::client::result::ConnectorError;

    fn failed(code: &str) -> StoreError {
        StoreError::Failed {
            operation: "GetItem",
            code: code.to_owned(),
        }
    }

    #[test]
    fn what_may_work_in_some_seconds_is_passing() {
        for code in [
            "ThrottlingException",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "InternalServerError",
            "ServiceUnavailable",
            TIME_OUT,
            NO_CONNECTION,
        ] {
            assert!(failed(code).is_passing(), "{code}");
        }
        for code in [
            "AccessDeniedException",
            "ResourceNotFoundException",
            "ValidationException",
        ] {
            assert!(!failed(code).is_passing(), "{code}");
        }
        let corrupt = StoreError::Corrupt {
            table: "updates",
            attribute: "epoch",
        };
        assert!(!corrupt.is_passing());
    }

    #[test]
    fn the_code_is_dynamodbs_own_or_says_what_kept_it_from_answering() {
        type Error = SdkError<GetItemError, ()>;
        let unhandled = |code: &str| GetItemError::generic(ErrorMetadata::builder().code(code).build());
        for (error, code) in [
            (Error::timeout_error("x"), TIME_OUT),
            (Error::dispatch_failure(ConnectorError::io("x".into())), NO_CONNECTION),
            (Error::construction_failure("x"), "the request could not be built"),
            (Error::response_error("x", ()), "the response could not be read"),
            (
                Error::service_error(unhandled("AccessDeniedException"), ()),
                "AccessDeniedException",
            ),
            (
                Error::service_error(GetItemError::generic(ErrorMetadata::builder().build()), ()),
                "unknown error",
            ),
        ] {
            assert_eq!(StoreError::of("GetItem", &error), failed(code));
        }
    }

    #[test]
    fn only_what_somebody_can_bring_about_by_asking_too_much_is_throttling() {
        for code in THROTTLING.into_iter().chain(CONFLICTS) {
            assert!(failed(code).is_throttling(), "{code}");
        }
        for code in [
            "AccessDeniedException",
            "ResourceNotFoundException",
            "InternalServerError",
            "TransactionCanceledException",
            TIME_OUT,
            NO_CONNECTION,
        ] {
            assert!(!failed(code).is_throttling(), "{code}");
        }
        let corrupt = StoreError::Corrupt {
            table: "updates",
            attribute: "epoch",
        };
        assert!(!corrupt.is_throttling());
    }
}
