//! API Gateway's sockets, each with what is under way on it in both directions.

use std::{collections::VecDeque, time::Duration};

/// A socket, from the beginning of its handshake.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    /// Its connection ID.
    pub(super) id: String,
    /// The browser that asked for it.
    pub(super) browser: usize,
    /// The topics that it listens to; `None` for all.
    pub(super) topics: Option<Vec<String>>,
    pub(super) state: State,
    /// When it was opened.
    pub(super) since: Duration,
    /// Since when nothing passes any more, if so. The gateway does not know.
    pub(super) cut: Option<Duration>,
    /// On its way to the browser, oldest first.
    pub(super) to_browser: VecDeque<Frame>,
    /// On its way to the gateway, oldest first.
    pub(super) to_gateway: VecDeque<String>,
}

/// A socket's state, as the gateway sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// `$connect` has not returned: a post is answered 410.
    Connecting,
    /// A post is accepted.
    Open,
    /// A post is answered 410.
    Dead,
}

/// What comes to a browser on a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The handshake has succeeded.
    Open,
    /// The handshake has failed with this status.
    Refused(u16),
    /// A message.
    Text(String),
    /// The socket has ended.
    Close,
}

/// The sockets, by their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Gateway {
    pub(super) sockets: Vec<Socket>,
}

impl Socket {
    /// The longest life that API Gateway gives a socket.
    pub(super) const LIFE: Duration = Duration::from_secs(2 * 3_600);
    /// How long the gateway takes a socket for open on which nothing comes.
    pub(super) const IDLE: Duration = Duration::from_secs(600);

    /// Whether it works at both ends.
    pub(super) fn works(&self) -> bool {
        self.state == State::Open && self.cut.is_none()
    }

    /// Sends a frame to the browser.
    pub(super) fn send(&mut self, frame: Frame) {
        if self.cut.is_none() {
            self.to_browser.push_back(frame);
        }
    }

    /// When the gateway ends it by itself.
    pub(super) fn ends_at(&self) -> Option<Duration> {
        let end = self.since + Self::LIFE;
        let is_open = self.state == State::Open;
        is_open.then(|| self.cut.map_or(end, |cut| end.min(cut + Self::IDLE)))
    }
}

impl Gateway {
    /// A handshake begins.
    pub(super) fn ask(&mut self, browser: usize, topics: Option<Vec<String>>, now: Duration) -> usize {
        let number = self.sockets.len();
        self.sockets.push(Socket {
            id: format!("S{number:03}="),
            browser,
            topics,
            state: State::Connecting,
            since: now,
            cut: None,
            to_browser: VecDeque::new(),
            to_gateway: VecDeque::new(),
        });
        number
    }

    /// The socket with this connection ID.
    pub(super) fn number(&self, id: &str) -> usize {
        let number = id.strip_prefix('S').and_then(|id| id.strip_suffix('='));
        number
            .and_then(|digits| digits.parse().ok())
            .expect("a connection ID of ours")
    }

    /// A post: the status with which it is answered.
    pub(super) fn post(&mut self, socket: usize, text: &str) -> u16 {
        let socket = &mut self.sockets[socket];
        if socket.state != State::Open {
            return 410;
        }
        socket.send(Frame::Text(text.to_owned()));
        200
    }

    /// The handshake is answered.
    pub(super) fn answer_handshake(&mut self, socket: usize, status: u16) {
        let socket = &mut self.sockets[socket];
        if status == 200 {
            socket.state = State::Open;
            socket.send(Frame::Open);
        } else {
            socket.state = State::Dead;
            socket.send(Frame::Refused(status));
        }
    }

    /// A socket ends, and the browser is told if it can be.
    pub(super) fn end(&mut self, socket: usize) {
        let socket = &mut self.sockets[socket];
        socket.state = State::Dead;
        socket.to_gateway.clear();
        socket.send(Frame::Close);
    }

    /// When a socket ends by itself next.
    pub(super) fn next_end(&self) -> Option<Duration> {
        self.sockets.iter().filter_map(Socket::ends_at).min()
    }
}
