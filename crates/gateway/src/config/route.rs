//! A route of the API.

/// A route: where its events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The integration that gets its events.
    pub integration: Integration,
    /// Whether the route has a route response: then the answer's `body` goes to the sender.
    pub two_way: bool,
}

/// The integration of a route, which answers its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Integration {
    /// The function of this name (`AWS_PROXY`).
    Lambda(String),
    /// A static response body (`MOCK`).
    Mock(String),
}

impl Route {
    /// A one-way route: the function's answer goes to nobody.
    pub fn lambda(function: impl Into<String>) -> Route {
        Route {
            integration: Integration::Lambda(function.into()),
            two_way: false,
        }
    }

    /// A two-way route: the `body` of the function's answer goes to the sender.
    pub fn two_way(function: impl Into<String>) -> Route {
        Route {
            integration: Integration::Lambda(function.into()),
            two_way: true,
        }
    }

    /// A route without a function. Each message is answered with the same text.
    pub fn mock(body: impl Into<String>) -> Route {
        Route {
            integration: Integration::Mock(body.into()),
            two_way: true,
        }
    }
}
