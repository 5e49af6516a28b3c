//! How the functions see a run of the model.

use super::names;
use super::page_trace::PushMessage;
use super::server_trace::{
    Answer, Event, LogState, Missed, Newest, Posting, Recorded, ServerInput, ServerReply, ServerStep,
};
use super::walk::{Projection, Transition};
use crate::state::{Connection, Cursor, Log, Notify, Reply, Revocation, Row, State, Sync as Asking};
use crate::topics::{TOPICS, Topics};
use crate::{Action, Protocol};

/// What tells one step from another: the step, and what the functions find in the tables or have in memory.
#[derive(Debug, Eq, Hash, PartialEq)]
pub(super) struct Key {
    input: ServerInput,
    logs: Vec<Log>,
    rows: Vec<(usize, Row, Topics)>,
    notify: Option<Notify>,
    revocation: Option<Revocation>,
}

/// The view of the functions.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerView;

impl Projection for ServerView {
    type Step = ServerStep;
    type Key = Key;

    /// notify deletes rows when all its posts are answered, and `$connect`'s transaction is one call. The model leaves both
    /// open.
    fn allows(&self, _: &Protocol, state: &State, action: &Action) -> bool {
        let checked = state
            .connections
            .iter()
            .position(|connection| connection.row == Row::Checked);
        if let Some(socket) = checked {
            return *action == Action::Store { socket };
        }
        match action {
            Action::Prune { notify, .. } => match &state.notifies[*notify] {
                Notify::Posting(_, posts) => posts.iter().all(|post| post.gone),
                _ => true,
            },
            _ => true,
        }
    }

    fn steps(&self, transition: &Transition<'_>) -> Vec<ServerStep> {
        let killed = match transition.action {
            Action::Retry { notify } if transition.before.notifies[*notify] != Notify::Done => {
                Some(after(transition.before, ServerInput::Kill { notify: *notify }))
            }
            _ => None,
        };
        let step = input(transition).map(|input| after(transition.after, input));
        killed.into_iter().chain(step).collect()
    }

    fn key(&self, before: &State, step: &ServerStep) -> Key {
        let mut key = Key {
            input: step.input.clone(),
            logs: Vec::new(),
            rows: Vec::new(),
            notify: None,
            revocation: None,
        };
        match &step.input {
            ServerInput::Record { .. } | ServerInput::NewLog => key.logs.clone_from(&before.logs),
            ServerInput::Read { notify, .. } => {
                key.notify = Some(before.notifies[*notify].clone());
                key.rows = before.connections.iter().map(row).collect();
            }
            ServerInput::Post { notify, socket, .. } | ServerInput::Prune { notify, socket } => {
                key.notify = Some(before.notifies[*notify].clone());
                key.rows.push(row(&before.connections[*socket]));
            }
            ServerInput::Kill { notify } => key.notify = Some(before.notifies[*notify].clone()),
            ServerInput::Sync { socket, .. } => {
                key.logs.clone_from(&before.logs);
                key.rows.push(row(&before.connections[*socket]));
            }
            ServerInput::Admit { socket, .. } | ServerInput::Disconnect { socket } => {
                key.rows.push(row(&before.connections[*socket]));
                key.revocation = Some(before.revocation.clone());
            }
            ServerInput::Revoke { .. } | ServerInput::QueryRevoked { .. } | ServerInput::CloseRevoked { .. } => {
                key.rows = before.connections.iter().map(row).collect();
                key.revocation = Some(before.revocation.clone());
            }
        }
        key
    }

    fn join(&self, steps: Vec<ServerStep>) -> Vec<ServerStep> {
        steps
    }
}

/// What a function can know of a connection: whose it is, its row, and its topics.
fn row(connection: &Connection) -> (usize, Row, Topics) {
    (connection.browser, connection.row, connection.topics)
}

/// The step, with the tables in this state.
fn after(state: &State, input: ServerInput) -> ServerStep {
    let listed = (0..state.connections.len()).filter(|at| state.connections[*at].row == Row::Stored);
    let logs = state.logs.iter().enumerate();
    ServerStep {
        input,
        rows: listed.collect(),
        logs: logs.map(|(login, log)| (names::login(login), log_state(log))).collect(),
    }
}

fn log_state(log: &Log) -> Option<LogState> {
    let newest = (0..TOPICS).filter_map(|topic| {
        let newest = log.newest(topic)?;
        let newest = Newest {
            version: newest.version,
            id: names::update(newest.update),
        };
        Some((names::topic(topic), newest))
    });
    (!log.entries.is_empty()).then(|| LogState {
        epoch: names::epoch(log.epoch),
        version: log.version(),
        newest: newest.collect(),
    })
}

/// What the action means to the functions; `None` if it is not theirs.
fn input(transition: &Transition<'_>) -> Option<ServerInput> {
    let Transition {
        protocol,
        before,
        action,
        after,
    } = *transition;
    let posted = |notify: usize, socket: usize, answer| Some(ServerInput::Post { notify, socket, answer });
    match *action {
        Action::Record { notify } | Action::Retry { notify } => Some(record(protocol, before, after, notify)),
        Action::Read { notify } => Some(ServerInput::Read {
            notify,
            posts: posts(protocol, after, notify),
        }),
        Action::Post { notify, socket } => posted(notify, socket, Answer::Sent),
        Action::PostEarly { notify, socket } => posted(notify, socket, Answer::Early),
        Action::PostGone { notify, socket } => posted(notify, socket, Answer::Gone),
        Action::PostFails { notify, socket } => posted(notify, socket, Answer::Busy),
        Action::PostTwice { notify, socket } => posted(notify, socket, Answer::Twice),
        Action::Prune { notify, socket } => Some(ServerInput::Prune { notify, socket }),
        Action::Store { socket } => Some(admit(protocol, after, socket, true)),
        Action::Refuse { socket } => Some(admit(protocol, after, socket, false)),
        Action::Disconnect { socket } => Some(ServerInput::Disconnect { socket }),
        Action::Answer { page, tab } => {
            let (asked, answered) = (
                &before.browsers[page].tabs[tab].sync,
                &after.browsers[page].tabs[tab].sync,
            );
            let (Some(Asking::Asked(login, cursor)), Some(Asking::Answered(reply))) = (asked, answered) else {
                return None;
            };
            Some(ServerInput::Sync {
                socket: before.browsers[page].socket?,
                login: names::login(*login),
                cursor: cursor.map(names::at),
                reply: server_reply(reply),
            })
        }
        Action::NewLog => Some(ServerInput::NewLog),
        Action::Revoke => Some(ServerInput::Revoke {
            login: names::login(0),
            chatter: names::chatter(0),
        }),
        Action::QueryRevoked => {
            let closes = match &after.revocation {
                Revocation::Closing { sockets, .. } => sockets.clone(),
                _ => Vec::new(),
            };
            Some(ServerInput::QueryRevoked { closes })
        }
        Action::CloseRevoked { socket } => Some(ServerInput::CloseRevoked { socket }),
        _ => None,
    }
}

fn record(protocol: &Protocol, before: &State, after: &State, notify: usize) -> ServerInput {
    let update = protocol.scenario.updates[notify];
    let grew = after.logs[update.login].entries.len() > before.logs[update.login].entries.len();
    let recorded = match &after.notifies[notify] {
        Notify::Recorded(push) => {
            let Cursor { epoch, version } = push.cursor;
            let epoch = names::epoch(epoch);
            if grew {
                Recorded::New { epoch, version }
            } else {
                Recorded::Repeat { epoch, version }
            }
        }
        _ => Recorded::Stale,
    };
    ServerInput::Record {
        notify,
        event: Event {
            login: names::login(update.login),
            id: names::update(update.id),
            topics: names::topics(update.topics),
            at: update.at,
        },
        recorded,
    }
}

fn posts(protocol: &Protocol, state: &State, notify: usize) -> Vec<Posting> {
    let Notify::Posting(_, posts) = &state.notifies[notify] else {
        return Vec::new();
    };
    let posting = posts.iter().filter_map(|post| {
        let (cursor, prev, entry) = state.push(protocol, notify, post.connection)?;
        let push = PushMessage {
            epoch: names::epoch(cursor.epoch),
            version: cursor.version,
            prev,
            topics: names::topics(entry.topics),
            id: names::update(entry.update),
        };
        Some(Posting {
            socket: post.connection,
            push,
        })
    });
    posting.collect()
}

fn admit(protocol: &Protocol, state: &State, socket: usize, admitted: bool) -> ServerInput {
    let connection = &state.connections[socket];
    let plan = protocol.scenario.browsers[connection.browser];
    ServerInput::Admit {
        socket,
        login: names::login(plan.login),
        chatter: names::chatter(plan.chatter),
        topics: names::topics(connection.topics),
        admitted,
    }
}

fn server_reply(reply: &Reply) -> ServerReply {
    match reply {
        Reply::UnknownConnection => ServerReply::Unknown,
        Reply::Nothing => ServerReply::Updates {
            cursor: None,
            reset: false,
            more: false,
            updates: Vec::new(),
        },
        Reply::Updates {
            cursor,
            reset,
            more,
            updates,
        } => ServerReply::Updates {
            cursor: Some(names::at(*cursor)),
            reset: *reset,
            more: *more,
            updates: updates
                .iter()
                .map(|(version, entry)| Missed {
                    version: *version,
                    topics: names::topics(entry.topics),
                    id: names::update(entry.update),
                })
                .collect(),
        },
    }
}
