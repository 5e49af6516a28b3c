//! The effect of each atomic action on the state.

use crate::Protocol;
use crate::action::Action;
use crate::scenario::Chances;
use crate::state::{Notify, Row, Socket, State, Sync};

impl State {
    /// Takes one action, which must be possible.
    pub(crate) fn apply(&mut self, protocol: &Protocol, action: Action) {
        match action {
            Action::Record { notify } => self.record(protocol, notify),
            Action::Read { notify } | Action::ReadFirst { notify } => self.read(protocol, notify, None),
            Action::ReadMissing { notify, socket } => self.read(protocol, notify, Some(socket)),
            Action::Post { notify, socket } => {
                self.deliver(protocol, notify, socket);
                self.finish(notify, socket);
            }
            Action::PostEarly { notify, socket } => self.finish(notify, socket),
            Action::PostGone { notify, socket } => self.gone(notify, socket),
            Action::Prune { notify, socket } => {
                self.unlist(socket);
                self.finish(notify, socket);
            }
            Action::Check { socket } => self.connections[socket].row = Row::Checked,
            Action::Store { socket } => self.connections[socket].row = Row::Stored,
            Action::Open { socket } => self.open(protocol, socket),
            Action::Refuse { socket } => self.refuse(socket),
            Action::Disconnect { socket } | Action::Expire { socket } => self.unlist(socket),
            Action::Connect { page } => self.connect(page),
            Action::Notice { page } => self.leave(page),
            Action::Widen { page } => self.hang_up(page),
            Action::Answer { page, tab } => self.answer(protocol, page, tab, true),
            Action::AnswerStale { page, tab } => self.answer(protocol, page, tab, false),
            Action::Hear { page, tab } => {
                if let Some(Sync::Answered(reply)) = self.browsers[page].tabs[tab].sync.take() {
                    self.hear_reply(protocol, page, tab, reply);
                }
            }
            Action::HearOlder { page, tab } => {
                let reply = self.browsers[page].tabs[tab].older.remove(0);
                self.hear_reply(protocol, page, tab, reply);
            }
            Action::SyncAgain { page, tab } | Action::GapSync { page, tab } | Action::PeriodicSync { page, tab } => {
                self.sync(protocol, page, tab);
            }
            Action::QueryRevoked => self.query_revoked(protocol),
            Action::CloseRevoked { socket } => self.close_revoked(socket),
            chance => self.take_chance(protocol, chance),
        }
    }

    /// Takes a chance.
    fn take_chance(&mut self, protocol: &Protocol, action: Action) {
        if let Some(left) = self.left.of_kind(&action) {
            *left -= 1;
        }
        match action {
            Action::PostFails { notify, socket } => {
                self.owe(socket);
                if !protocol.rules.failed_keeps_row {
                    self.unlist(socket);
                }
                self.finish(notify, socket);
            }
            Action::PostTwice { notify, socket } => self.deliver(protocol, notify, socket),
            Action::Retry { notify } => {
                self.notifies[notify] = Notify::Idle;
                self.record(protocol, notify);
            }
            Action::Kill { socket } => self.connections[socket].socket = Socket::Dead,
            Action::Vanish { page } => self.leave(page),
            Action::Reload { page } => self.reload(protocol, page),
            Action::LoseSync { page, tab } => self.browsers[page].tabs[tab].sync = Some(Sync::Lost),
            Action::NeedlessSync { page, tab } => self.sync(protocol, page, tab),
            Action::Snoop { page } => self.browsers[page].tabs[0].sync = Some(Sync::Asked(0, None)),
            Action::OpenTab { page, tab } => self.open_tab(protocol, page, tab),
            Action::CloseTab { page, tab } => self.close_tab(page, tab),
            Action::NewLog => {
                self.logs[0].entries.clear();
                self.logs[0].epoch += u8::from(protocol.rules.new_epoch);
            }
            Action::Revoke => self.revoke(protocol),
            other => unreachable!("{other:?} is a step of the system"),
        }
    }
}

impl Chances {
    /// The counter that the action uses up; `None` if its number is not limited.
    fn of_kind(&mut self, action: &Action) -> Option<&mut u8> {
        Some(match action {
            Action::Kill { .. } | Action::Vanish { .. } | Action::Reload { .. } => &mut self.drops,
            Action::PostFails { .. } => &mut self.failed_posts,
            Action::PostTwice { .. } => &mut self.repeated_posts,
            Action::LoseSync { .. } => &mut self.lost_syncs,
            Action::NeedlessSync { .. } => &mut self.needless_syncs,
            Action::Retry { .. } => &mut self.retries,
            Action::NewLog => &mut self.new_logs,
            Action::OpenTab { .. } | Action::CloseTab { .. } => &mut self.tab_changes,
            Action::Snoop { .. } => &mut self.snoops,
            Action::Revoke => &mut self.revocations,
            _ => return None,
        })
    }
}
