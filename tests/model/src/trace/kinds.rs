//! Kinds of steps: a step without its names and numbers.

use super::page_trace::{PageInput, PageStep};
use super::server_trace::{ServerInput, ServerReply, ServerStep};

/// What is given, and what follows, without names and numbers.
pub(super) fn page_kind(step: &PageStep) -> String {
    let follows = step.then.iter().map(|tab| (tab.shows.len(), tab.asks.len()));
    let given = match &step.input {
        PageInput::Reply { reply, .. } => format!("{} {} {}", reply.reset, reply.more, reply.updates.len()),
        PageInput::Push { push } => format!("{}", push.topics.len()),
        _ => String::new(),
    };
    let versions = match (&step.input, step.then.first().and_then(|tab| tab.cursor.as_ref())) {
        (PageInput::Reply { reply, .. }, Some(cursor)) => {
            reply.cursor.as_ref().map(|at| at.version.cmp(&cursor.version))
        }
        (PageInput::Push { push }, Some(cursor)) => Some(push.version.cmp(&cursor.version)),
        _ => None,
    };
    let name = std::mem::discriminant(&step.input);
    format!(
        "{name:?} {given} {versions:?} {:?} {}",
        follows.collect::<Vec<_>>(),
        step.hangs_up
    )
}

/// What is called, and what comes of it, without names and numbers.
pub(super) fn server_kind(step: &ServerStep) -> String {
    let of_it = match &step.input {
        ServerInput::Admit { admitted, .. } => format!("{admitted}"),
        ServerInput::Record { recorded, event, .. } => {
            format!("{:?} {}", std::mem::discriminant(recorded), event.topics.len())
        }
        ServerInput::Read { posts, .. } => format!("{} of {}", posts.len(), step.rows.len()),
        ServerInput::Post { answer, .. } => format!("{answer:?}"),
        ServerInput::Sync { reply, cursor, .. } => match reply {
            ServerReply::Unknown => "unknown".to_owned(),
            ServerReply::Updates {
                reset, more, updates, ..
            } => {
                format!("{} {reset} {more} {}", cursor.is_some(), updates.len())
            }
        },
        _ => String::new(),
    };
    format!("{:?} {of_it}", std::mem::discriminant(&step.input))
}
