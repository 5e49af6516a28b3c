//! The properties of the protocol.

use stateright::Property;

use crate::Protocol;
use crate::state::{Cursor, Notify, Revocation, Row, Socket, State};

/// All the properties. Those with `always` must hold in every state, those with `sometimes` in at least one: that shows
/// that the scenario can come to its end.
pub(crate) fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always("seen", |protocol: &Protocol, state| {
            seen(protocol, state) || !protocol.calm(state)
        }),
        Property::always("kept", kept),
        Property::always("once", once),
        Property::always("listed", listed),
        Property::always("isolated", |_, state: &State| {
            !state.browsers.iter().any(|browser| browser.saw_foreign)
        }),
        Property::always("revoked", revoked),
        Property::always("settles", |protocol: &Protocol, state: &State| {
            state.connections.len() <= protocol.most_connections()
        }),
        Property::sometimes("all is done", all_is_done),
    ]
}

/// Every open tab shows the newest update of each of its topics, or has it in the data that it was loaded with.
fn seen(protocol: &Protocol, state: &State) -> bool {
    state
        .browsers
        .iter()
        .zip(protocol.scenario.browsers)
        .filter(|(browser, _)| !browser.refused)
        .all(|(browser, plan)| {
            let log = &state.logs[plan.login];
            browser.tabs.iter().filter(|tab| tab.open).all(|tab| {
                tab.topics.iter().all(|topic| {
                    let (Some(newest), shown) = (log.newest(topic), tab.shown[topic]) else {
                        return true;
                    };
                    let place = Cursor {
                        epoch: log.epoch,
                        version: newest.version,
                    };
                    let in_its_data = || protocol.scenario.own_data && place.precedes(tab.loaded);
                    shown.is_some_and(|shown| shown.update == newest.update && (!shown.left_out || in_its_data()))
                })
            })
        })
}

/// Each topic of a recorded update holds that update or one that is not older; unless the table was lost.
fn kept(protocol: &Protocol, state: &State) -> bool {
    let lost = state.left.new_logs < protocol.scenario.chances.new_logs;
    lost || state
        .notifies
        .iter()
        .zip(protocol.scenario.updates)
        .all(|(notify, update)| {
            let recorded = matches!(notify, Notify::Recorded(_) | Notify::Posting(..) | Notify::Done);
            let holds = |newest: usize| protocol.at(newest) >= protocol.at(update.id);
            let log = &state.logs[update.login];
            !recorded
                || update
                    .topics
                    .iter()
                    .all(|topic| log.newest(topic).is_some_and(|newest| holds(newest.update)))
        })
}

/// No update is recorded twice.
fn once(_: &Protocol, state: &State) -> bool {
    state.logs.iter().all(|log| {
        let ids = log.entries.iter().enumerate();
        ids.clone()
            .all(|(at, entry)| !log.entries[..at].iter().any(|earlier| earlier.update == entry.update))
    })
}

/// A socket that is open at both ends has a row, unless its chatter ID is being revoked.
fn listed(protocol: &Protocol, state: &State) -> bool {
    state.connections.iter().enumerate().all(|(at, connection)| {
        let open = connection.socket == Socket::Live && state.listens(connection.browser, at);
        let revoked = state.revocation != Revocation::None && protocol.revocable(connection);
        !open || connection.row == Row::Stored || revoked
    })
}

/// Once a revocation is done, its chatter ID has no row, and in a calm state no socket.
fn revoked(protocol: &Protocol, state: &State) -> bool {
    if state.revocation != Revocation::Done {
        return true;
    }
    let of_it = |at: usize| protocol.revocable(&state.connections[at]);
    let row = (0..state.connections.len()).any(|at| of_it(at) && state.connections[at].row == Row::Stored);
    let socket = state.browsers.iter().any(|browser| browser.socket.is_some_and(of_it));
    !(row || socket && protocol.calm(state))
}

/// Every update was handled by `notify`, every page shows the newest ones, and no step is possible.
fn all_is_done(protocol: &Protocol, state: &State) -> bool {
    let done = state.notifies.iter().all(|notify| *notify == Notify::Done);
    done && seen(protocol, state) && protocol.calm(state)
}
