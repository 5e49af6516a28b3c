//! The revocation of a chatter ID, call by call.

use crate::{
    notify::deletes,
    player::{Difference, Player},
    tables::{connection_id, socket},
};
use chatterbox_core::Login;
use model::trace::ServerInput;
use serde_json::{Value, json};
use simulation::{Answer, Call, Outcome};

/// A revocation that is played.
#[derive(Debug)]
pub(crate) struct Revoking {
    invocation: usize,
    /// The sockets that it is still to close, in this order.
    closes: Vec<usize>,
    closed: usize,
}

impl Player<'_> {
    /// It begins, by deleting the chatter ID.
    pub(crate) fn revoke(&mut self, login: String, chatter: String) -> Result<ServerInput, Difference> {
        let hash = self.chatter_id(&login, &chatter).hash();
        let revoke = self.functions.revoke(&Login::parse(&login).unwrap(), &hash);
        let invocation = self.invocations.start(0, revoke);
        self.expect_running(invocation)?;
        let (number, call) = self.only_call(invocation, "DeleteItem chatters")?;
        self.must(call.is("DeleteItem", "chatters"), "DeleteItem chatters", &call)?;
        self.let_through(invocation, number);
        self.revoking = Some(Revoking {
            invocation,
            closes: Vec::new(),
            closed: 0,
        });
        Ok(ServerInput::Revoke { login, chatter })
    }

    /// It reads the rows. Before it does so a second time, it closes again what it has closed.
    pub(crate) async fn query_revoked(&mut self, closes: Vec<usize>) -> Result<ServerInput, Difference> {
        let invocation = self.revoking.as_ref().unwrap().invocation;
        let number = loop {
            let Ok((number, call)) = self.wait_for_call(invocation, |_| true).await else {
                return Err(self.difference("Query connections", "the end of the revocation"));
            };
            if call.is("Query", "connections") {
                self.must_be_consistent(&call)?;
                break number;
            }
            let is_closing = matches!(call, Call::Close { .. });
            self.must(is_closing, "Query connections, or a socket is closed again", &call)?;
            self.wire.take(number).unwrap().answer(Answer::status(410));
            self.must_go_on(invocation)?;
        };
        let ended = self.let_through(invocation, number);
        let first = self.calls(invocation).pop().and_then(|(_, call)| match &call {
            Call::Post { socket: id, .. } => Some(socket(id)),
            _ => None,
        });
        self.must(
            first == closes.first().copied(),
            &format!("closes first {:?}", closes.first()),
            format!("closes first {first:?}"),
        )?;
        self.revoking.as_mut().unwrap().closes.clone_from(&closes);
        self.check_revocation(ended)?;
        Ok(ServerInput::QueryRevoked { closes })
    }

    /// It tells a socket, deletes its row and closes it, in this order.
    pub(crate) fn close_revoked(&mut self, of: usize) -> Result<ServerInput, Difference> {
        let invocation = self.revoking.as_ref().unwrap().invocation;
        let (number, call) = self.only_call(invocation, "the message `closing`")?;
        let told = match &call {
            Call::Post { socket, text } if *socket == connection_id(of) => serde_json::from_str(text).unwrap(),
            _ => Value::Null,
        };
        let must = json!({"type": "closing", "reason": "revoked", "retry": false});
        self.must(told == must, &format!("{must} to {}", connection_id(of)), call)?;
        self.wire.take(number).unwrap().answer(Answer::status(200));
        self.must_go_on(invocation)?;
        let (number, call) = self.only_call(invocation, "DeleteItem connections")?;
        self.must(deletes(&call) == Some(of), "DeleteItem of its row", &call)?;
        self.let_through(invocation, number);
        let (number, call) = self.only_call(invocation, "the closing of the socket")?;
        let is_it = matches!(&call, Call::Close { socket } if *socket == connection_id(of));
        self.must(is_it, "the closing of the socket", call)?;
        self.wire.take(number).unwrap().answer(Answer::status(204));
        let ended = self.invocations.resume(invocation);
        let state = self.revoking.as_mut().unwrap();
        state.closes.retain(|socket| *socket != of);
        state.closed += 1;
        self.check_revocation(ended)?;
        Ok(ServerInput::CloseRevoked { socket: of })
    }

    fn must_go_on(&mut self, invocation: usize) -> Result<(), Difference> {
        match self.invocations.resume(invocation) {
            None => Ok(()),
            Some(outcome) => Err(self.difference("the revocation goes on", format!("{outcome:?}"))),
        }
    }

    /// While sockets are to be closed, it tells the next; afterwards it asks for nothing until its pause is over, and if it
    /// has ended, it says how many sockets it closed.
    fn check_revocation(&self, ended: Option<Outcome>) -> Result<(), Difference> {
        let state = self.revoking.as_ref().unwrap();
        let calls = self.calls(state.invocation);
        let must: Vec<String> = state
            .closes
            .first()
            .map(|socket| format!("post to {}", connection_id(*socket)))
            .into_iter()
            .collect();
        let was: Vec<String> = calls.iter().map(|(_, call)| call.to_string()).collect();
        self.must(must == was, &format!("{must:?}"), format!("{was:?}"))?;
        match ended {
            Some(Outcome::Revoked(Some(closed))) => {
                self.must(closed == state.closed, &format!("{} closed", state.closed), closed)
            }
            Some(outcome) => Err(self.difference("it was revoked", format!("{outcome:?}"))),
            None => Ok(()),
        }
    }
}
