//! The ends of sockets: close codes and their reasons, as the client gets them and as `$disconnect` is told.

use std::borrow::Cow;

use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// How a socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The gateway closes it, with this code and reason.
    Close(Goodbye),
    /// The client has closed it, with this code and reason.
    ClosedByClient(Goodbye),
    /// It ends without a close frame: the client is gone, or a fault cuts it off.
    Cut,
}

impl Ending {
    /// The code and the reason that `$disconnect` is told.
    pub(super) fn goodbye(&self) -> &Goodbye {
        const DIED: &Goodbye = &Goodbye::DIED;
        match self {
            Ending::Close(goodbye) | Ending::ClosedByClient(goodbye) => goodbye,
            Ending::Cut => DIED,
        }
    }

    /// The end of a socket whose client has made this error, or is gone.
    pub(super) fn of_error(error: &Error) -> Ending {
        Goodbye::of_error(error).map_or(Ending::Cut, Ending::Close)
    }
}

/// A close code and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Goodbye {
    pub(crate) code: u16,
    pub(crate) reason: Cow<'static, str>,
}

impl Goodbye {
    /// The one code that was registered after RFC 6455 and that the library does not know
    /// (<https://www.iana.org/assignments/websocket>).
    pub(super) const BAD_GATEWAY: u16 = 1014;
    /// `DELETE @connections`.
    pub(crate) const DELETED: Goodbye = Goodbye::new(1000, "Connection Closed Normally");
    /// Idle for too long, too old, or the gateway stops.
    pub(crate) const GOING_AWAY: Goodbye = Goodbye::new(1001, "Going away");
    /// A frame that breaks the protocol. AWS's reason is not known.
    const PROTOCOL: Goodbye = Goodbye::new(1002, "Protocol error");
    /// A binary message. AWS's reason is not known.
    pub(super) const BINARY: Goodbye = Goodbye::new(1003, "Binary frames are not supported");
    /// The client's close frame had no code.
    const NO_STATUS: Goodbye = Goodbye::new(1005, "Client-side close frame status not set");
    /// There was no close frame. AWS's reason is not known.
    const DIED: Goodbye = Goodbye::new(1006, "Connection closed abnormally");
    /// A text that is not UTF-8. AWS's reason is not known.
    const NOT_UTF8: Goodbye = Goodbye::new(1007, "Invalid UTF-8");
    /// A frame or message over its limit. AWS's reason is not known.
    const TOO_LARGE: Goodbye = Goodbye::new(1009, "Message too large");

    const fn new(code: u16, reason: &'static str) -> Goodbye {
        Goodbye {
            code,
            reason: Cow::Borrowed(reason),
        }
    }

    /// The code and reason of the client's close frame.
    pub(super) fn of_client(frame: Option<CloseFrame>) -> Goodbye {
        frame.map_or(Goodbye::NO_STATUS, |frame| Goodbye {
            code: frame.code.into(),
            reason: frame.reason.to_string().into(),
        })
    }

    /// The code and the reason for a client that has made this error; `None` if it is gone already.
    fn of_error(error: &Error) -> Option<Goodbye> {
        match error {
            Error::Capacity(_) => Some(Goodbye::TOO_LARGE),
            Error::Utf8(_) => Some(Goodbye::NOT_UTF8),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
            Error::Protocol(_) => Some(Goodbye::PROTOCOL),
            _ => None,
        }
    }

    pub(super) fn frame(&self) -> CloseFrame {
        CloseFrame {
            code: self.code.into(),
            reason: self.reason.as_ref().into(),
        }
    }
}
