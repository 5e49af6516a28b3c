//! Refusals of a handshake.

use crate::Standing;

/// The reason why a handshake is refused. It is a value, not an error: nothing is wrong with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Credentials are missing, incomplete, or not of their form.
    Malformed,
    /// Credentials came in a subprotocol, but `chatterbox.v1` was not offered: without a subprotocol that it offered in the
    /// answer, the client would close the socket.
    NoSubprotocol,
    /// The list of topics cannot be one: too many, or one that is no topic, or two lists that differ. The credentials may be
    /// good, and another login would not help.
    Topics,
    /// The page's origin is not on the list of allowed origins.
    Origin,
    /// The origin secret is missing or wrong: the handshake did not come through CloudFront.
    OriginSecret,
    /// The login is unknown, or the chatter ID is not one of this login's. The table is asked for both in one key, so the
    /// function does not know which.
    Unknown,
    /// The chatter ID was valid and has expired.
    Expired,
    /// The site stored the chatter ID with an `expires_at` that is no number, or negative, or more than ten years ahead, as
    /// milliseconds in place of seconds are. Refused, so that the mistake shows at the first login.
    BadExpiry,
    /// The login has several times as many sockets as notify leaves it ([`Admission::TIMES_THE_CAP`](crate::Admission)).
    TooManySockets,
}

impl Refusal {
    /// The refusal of a chatter ID by its standing; `None` if it is good.
    pub(crate) fn by(standing: Standing) -> Option<Refusal> {
        match standing {
            Standing::Good => None,
            Standing::Unknown => Some(Refusal::Unknown),
            Standing::Expired => Some(Refusal::Expired),
            Standing::BadExpiry => Some(Refusal::BadExpiry),
        }
    }

    /// All of them.
    pub const ALL: [Refusal; 9] = [
        Refusal::Malformed,
        Refusal::NoSubprotocol,
        Refusal::Topics,
        Refusal::Origin,
        Refusal::OriginSecret,
        Refusal::Unknown,
        Refusal::Expired,
        Refusal::BadExpiry,
        Refusal::TooManySockets,
    ];

    /// The HTTP status of the handshake. An unknown, a wrong and an expired chatter ID get the same one, so that a stranger cannot
    /// tell them apart.
    pub fn status(self) -> u16 {
        match self {
            Refusal::Malformed | Refusal::Unknown | Refusal::Expired | Refusal::BadExpiry => 401,
            Refusal::NoSubprotocol | Refusal::Topics => 400,
            Refusal::Origin | Refusal::OriginSecret => 403,
            Refusal::TooManySockets => 429,
        }
    }

    /// The word for logs and metrics.
    pub fn reason(self) -> &'static str {
        match self {
            Refusal::Malformed => "malformed",
            Refusal::NoSubprotocol => "no-subprotocol",
            Refusal::Topics => "topics",
            Refusal::Origin => "origin",
            Refusal::OriginSecret => "origin-secret",
            Refusal::Unknown => "unknown",
            Refusal::Expired => "expired",
            Refusal::BadExpiry => "bad-expiry",
            Refusal::TooManySockets => "too-many-sockets",
        }
    }
}
