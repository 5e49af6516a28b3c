//! What a seed decides before anything happens: how large the system is, and what may go wrong in it.

use fastrand::Rng;
use std::collections::BTreeSet;

/// The plan of one run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Logins, each with some browsers.
    pub(super) logins: usize,
    /// Browsers in all.
    pub(super) browsers: usize,
    /// Actions before everything calms down.
    pub(super) actions: usize,
    /// The most sockets of a login.
    pub(super) max_connections: usize,
    /// What may go wrong, or happen.
    pub(super) troubles: BTreeSet<Trouble>,
}

/// Something that may happen in a run. Each run has some of them: so one does not hide another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Trouble {
    /// An answer comes long after its call was carried out.
    SlowAnswers,
    /// A call is carried out after its caller gave it up.
    LateEffects,
    /// DynamoDB throttles, fails, or finds a conflict.
    TableErrors,
    /// DynamoDB serves nobody for a while.
    Outages,
    /// API Gateway throttles or fails a post.
    PostErrors,
    /// No try of a post succeeds.
    FailedPosts,
    /// A connection breaks before or after a call was carried out.
    BrokenConnections,
    /// A call is never answered.
    Silence,
    /// An invocation ends between any two awaits.
    Crashes,
    /// A browser loses its socket, and the gateway does not know.
    Vanishing,
    /// The gateway closes a socket.
    Kills,
    /// A socket passes nothing on any more, and nobody knows.
    CutSockets,
    /// `$disconnect` is not invoked.
    LostDisconnects,
    /// The index does not hold a row yet.
    IndexLag,
    /// A page is loaded anew.
    Reloads,
    /// Tabs are opened and closed, which share a socket.
    Tabs,
    /// A browser opens a new socket before it closes the old one.
    ChangeOvers,
    /// The table of updates is lost.
    NewLogs,
    /// A chatter ID is revoked.
    Revocations,
    /// An event is delivered twice.
    Duplicates,
    /// A page asks for another login's updates.
    Snoops,
    /// The machines' clocks differ by minutes.
    Skew,
    /// Minutes pass.
    LongPauses,
    /// Pages are loaded with data of their own (R10). Not together with `Skew`: their ages are told by two machines'
    /// clocks, which in AWS agree.
    OwnData,
    /// More sockets are opened than a login may have.
    Cap,
    /// There is no queue for what notify has no time for.
    NoQueue,
}

impl Trouble {
    const ALL: [Trouble; 26] = [
        Trouble::SlowAnswers,
        Trouble::LateEffects,
        Trouble::TableErrors,
        Trouble::Outages,
        Trouble::PostErrors,
        Trouble::FailedPosts,
        Trouble::BrokenConnections,
        Trouble::Silence,
        Trouble::Crashes,
        Trouble::Vanishing,
        Trouble::Kills,
        Trouble::CutSockets,
        Trouble::LostDisconnects,
        Trouble::IndexLag,
        Trouble::Reloads,
        Trouble::Tabs,
        Trouble::ChangeOvers,
        Trouble::NewLogs,
        Trouble::Revocations,
        Trouble::Duplicates,
        Trouble::Snoops,
        Trouble::Skew,
        Trouble::LongPauses,
        Trouble::OwnData,
        Trouble::Cap,
        Trouble::NoQueue,
    ];
}

impl Plan {
    pub(super) fn new(rng: &mut Rng) -> Plan {
        // Few troubles at a time, or many.
        let share = rng.f64();
        let mut troubles: BTreeSet<Trouble> = Trouble::ALL.into_iter().filter(|_| rng.f64() < share).collect();
        if troubles.contains(&Trouble::Skew) {
            troubles.remove(&Trouble::OwnData);
        }
        let is_capped = troubles.contains(&Trouble::Cap);
        Plan {
            logins: rng.usize(1..=2),
            browsers: rng.usize(1..=4),
            actions: rng.usize(20..=120),
            max_connections: if is_capped { rng.usize(1..=3) } else { 20 },
            troubles,
        }
    }

    pub(super) fn has(&self, trouble: Trouble) -> bool {
        self.troubles.contains(&trouble)
    }
}
