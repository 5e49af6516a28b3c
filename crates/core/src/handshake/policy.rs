//! The policy for handshakes: where credentials may stand besides the subprotocol (the query string, cookies), and which
//! origins may connect.

use crate::OriginSecret;

/// The site's settings for handshakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakePolicy {
    /// The query parameter with the login.
    pub login_parameter: String,
    /// The query parameter with the chatter ID.
    pub chatter_parameter: String,
    /// The query parameter with the topics.
    pub topic_parameter: String,
    /// The cookies with login and chatter ID; `None` if cookies are not read.
    pub cookies: Option<CookieNames>,
    /// The values of `Origin` to accept; `None` accepts all. Cookies need a list: the same-origin policy does not apply to
    /// WebSockets, so any page could open one with its visitor's cookies.
    pub origins: Option<Vec<String>>,
    /// The secrets of which CloudFront sends one along with each handshake; none demands none. There are two while one takes
    /// the other's place.
    pub origin_secrets: Vec<OriginSecret>,
}

/// The names of the two cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieNames {
    /// The cookie with the login.
    pub login: String,
    /// The cookie with the chatter ID.
    pub chatter: String,
}
