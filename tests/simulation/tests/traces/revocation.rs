//! The revocation of a chatter ID, call by call. It closes sockets side by side, so several of its calls are held at once.

use crate::{
    notify::{deletes, is_post_to},
    player::{Difference, Player},
    tables::connection_id,
};
use chatterbox_core::Login;
use model::trace::ServerInput;
use serde_json::{Value, json};
use simulation::{Answer, Call, Outcome};
use std::collections::BTreeSet;

/// A revocation that is played.
#[derive(Debug)]
pub(crate) struct Revoking {
    invocation: usize,
    /// The sockets that it is still to close.
    open: BTreeSet<usize>,
    /// Those that it has closed since it last read the rows.
    closed: BTreeSet<usize>,
    /// How many it has closed in all.
    count: usize,
}

impl Player<'_> {
    /// It begins, by deleting the chatter ID.
    pub(crate) fn revoke(&mut self, login: String, chatter: String) -> Result<ServerInput, Difference> {
        let hash = self.chatter_id(&login, &chatter).hash();
        let revoke = self.functions.revoke(&Login::parse(&login).unwrap(), &hash);
        let invocation = self.invocations.start(revoke);
        self.expect_running(invocation)?;
        let (number, call) = self.only_call(invocation, "DeleteItem chatters")?;
        self.must(call.is("DeleteItem", "chatters"), "DeleteItem chatters", &call)?;
        self.let_through(invocation, number);
        self.revoking = Some(Revoking {
            invocation,
            open: BTreeSet::new(),
            closed: BTreeSet::new(),
            count: 0,
        });
        Ok(ServerInput::Revoke { login, chatter })
    }

    /// It reads the rows. Before it does so a second time, it closes again what it has closed.
    pub(crate) fn query_revoked(&mut self, closes: Vec<usize>) -> Result<ServerInput, Difference> {
        let Revoking { invocation, closed, .. } = self.revoking.as_mut().unwrap();
        let (invocation, closed) = (*invocation, std::mem::take(closed));
        for socket in closed {
            let closing = |call: &Call| closes_socket(call, socket);
            let Ok((number, _)) = self.wait_for_call(invocation, closing) else {
                return Err(self.difference("a socket is closed again", "the end of the revocation"));
            };
            self.wire.take(number).unwrap().answer(Answer::status(410));
            self.must_go_on(invocation)?;
        }
        let Ok((number, call)) = self.wait_for_call(invocation, |_| true) else {
            return Err(self.difference("Query connections", "the end of the revocation"));
        };
        self.must(call.is("Query", "connections"), "Query connections", &call)?;
        self.must_be_consistent(&call)?;
        let ended = self.let_through(invocation, number);
        self.revoking.as_mut().unwrap().open = closes.iter().copied().collect();
        self.check_revocation(ended)?;
        Ok(ServerInput::QueryRevoked { closes })
    }

    /// It tells a socket, deletes its row and closes it, in this order, while it waits for the answers of the others.
    pub(crate) fn close_revoked(&mut self, of: usize) -> Result<ServerInput, Difference> {
        let invocation = self.revoking.as_ref().unwrap().invocation;
        let (number, call) = self.call_that(invocation, "the message `closing`", |call| is_post_to(call, of))?;
        let told = match &call {
            Call::Post { text, .. } => serde_json::from_str(text).unwrap(),
            _ => Value::Null,
        };
        let must = json!({"type": "closing", "reason": "revoked", "retry": false});
        self.must(told == must, &must.to_string(), call)?;
        self.wire.take(number).unwrap().answer(Answer::status(200));
        self.must_go_on(invocation)?;
        let deletion = |call: &Call| deletes(call) == Some(of);
        let (number, _) = self.call_that(invocation, "the deletion of its row", deletion)?;
        self.let_through(invocation, number);
        let closing = |call: &Call| closes_socket(call, of);
        let (number, _) = self.call_that(invocation, "the closing of the socket", closing)?;
        self.wire.take(number).unwrap().answer(Answer::status(204));
        let ended = self.invocations.resume(invocation);
        let state = self.revoking.as_mut().unwrap();
        state.open.remove(&of);
        state.closed.insert(of);
        state.count += 1;
        self.check_revocation(ended)?;
        Ok(ServerInput::CloseRevoked { socket: of })
    }

    fn must_go_on(&mut self, invocation: usize) -> Result<(), Difference> {
        match self.invocations.resume(invocation) {
            None => Ok(()),
            Some(outcome) => Err(self.difference("the revocation goes on", format!("{outcome:?}"))),
        }
    }

    /// It waits for the answers to its messages to just the sockets that are still to be closed; if there are none, it asks
    /// for nothing until its pause is over, and if it has ended, it says how many sockets it closed.
    fn check_revocation(&self, ended: Option<Outcome>) -> Result<(), Difference> {
        let state = self.revoking.as_ref().unwrap();
        let calls = self.calls(state.invocation);
        let open = state.open.iter();
        let must: BTreeSet<String> = open
            .map(|socket| format!("post to {}", connection_id(*socket)))
            .collect();
        let was: BTreeSet<String> = calls.iter().map(|(_, call)| call.to_string()).collect();
        self.must(must == was, &format!("{must:#?}"), format!("{was:#?}"))?;
        match ended {
            Some(Outcome::Revoked(Some(closed))) => {
                self.must(closed == state.count, &format!("{} closed", state.count), closed)
            }
            Some(outcome) => Err(self.difference("it was revoked", format!("{outcome:?}"))),
            None => Ok(()),
        }
    }
}

fn closes_socket(call: &Call, of: usize) -> bool {
    matches!(call, Call::Close { socket } if *socket == connection_id(of))
}
