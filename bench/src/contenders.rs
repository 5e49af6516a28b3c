//! The compared programs: Chatterbox's functions and the baselines.

use crate::{Bench, database::environment, lambda::Program, process::program};

/// Addresses of the services that a program calls.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    /// DynamoDB's URL.
    pub(crate) dynamodb: String,
    /// URL of `@connections`.
    pub(crate) callback: String,
    /// Additional environment variables.
    pub(crate) more: Vec<(&'static str, String)>,
}

impl Services {
    /// The bench's own DynamoDB, and this URL of `@connections`.
    pub(crate) fn of(bench: &Bench, callback: &str) -> Services {
        Services {
            dynamodb: bench.database.url.clone(),
            callback: callback.to_owned(),
            more: Vec::new(),
        }
    }

    /// The same with another DynamoDB.
    pub(crate) fn with_dynamodb(&self, url: &str) -> Services {
        Services {
            dynamodb: url.to_owned(),
            ..self.clone()
        }
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = environment(&self.dynamodb, &self.callback);
        environment.extend(self.more.iter().cloned());
        environment
    }
}

/// A function of Chatterbox.
pub(crate) fn ours(function: &'static str, services: &Services) -> Program {
    Program {
        name: function,
        command: program(function),
        arguments: Vec::new(),
        environment: services.environment(),
    }
}

/// A baseline in Rust.
pub(crate) fn rust(name: &'static str, binary: &str, services: &Services) -> Program {
    Program {
        name,
        command: program(binary),
        arguments: Vec::new(),
        environment: services.environment(),
    }
}

/// A baseline in Node.
pub(crate) fn node(bench: &Bench, name: &'static str, script: &str, services: &Services) -> Program {
    Program {
        name,
        command: "node".into(),
        arguments: vec![bench.file("node/dist").join(script)],
        environment: services.environment(),
    }
}
