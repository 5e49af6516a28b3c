//! A route of the API.

use std::str::FromStr;

/// A route: where its events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The integration that gets its events.
    pub integration: Integration,
    /// Whether the route has a route response: then the answer's `body` goes to the sender.
    pub two_way: bool,
    /// The most requests that it takes. `None` leaves it to the limits of all routes together.
    pub throttle: Option<Throttle>,
}

/// The limit of one route, by a token bucket: what is beyond it is answered by API Gateway itself, and no function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    /// Requests a second, in the long run.
    pub rate: u32,
    /// Requests at once.
    pub burst: u32,
}

impl FromStr for Throttle {
    type Err = &'static str;

    /// Reads `RATE,BURST`, as flags have it.
    fn from_str(text: &str) -> Result<Throttle, Self::Err> {
        let parts = text.split_once(',').map(|(rate, burst)| (rate.parse(), burst.parse()));
        let Some((Ok(rate), Ok(burst))) = parts else {
            return Err("a throttle is two whole numbers, RATE,BURST");
        };
        Ok(Throttle { rate, burst })
    }
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
            throttle: None,
        }
    }

    /// A two-way route: the `body` of the function's answer goes to the sender.
    pub fn two_way(function: impl Into<String>) -> Route {
        Route {
            integration: Integration::Lambda(function.into()),
            two_way: true,
            throttle: None,
        }
    }

    /// A route without a function. Each message is answered with the same text.
    pub fn mock(body: impl Into<String>) -> Route {
        Route {
            integration: Integration::Mock(body.into()),
            two_way: true,
            throttle: None,
        }
    }

    /// The same route with a limit of its own.
    pub fn throttled(self, throttle: Throttle) -> Route {
        Route {
            throttle: Some(throttle),
            ..self
        }
    }
}
