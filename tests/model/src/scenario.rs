//! Small worlds, each with what it takes to make one kind of trouble.

use crate::topics::{A, AB, B, Topics};

/// Who is there, what the pipeline sends, and what may go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// What it is called in the results.
    pub name: &'static str,
    pub(crate) browsers: &'static [BrowserPlan],
    pub(crate) updates: &'static [Update],
    /// How many updates fit into a reply to `sync`.
    pub(crate) page_size: usize,
    /// A page is loaded with data of its own, which has what was recorded before: its first sync leaves that out. Elsewhere
    /// pages ask for everything (`since: 0`).
    pub(crate) own_data: bool,
    pub(crate) chances: Chances,
}

/// A browser: its login, its chatter ID, and its tabs by what they listen to. The first tab is open from the beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BrowserPlan {
    pub(crate) login: usize,
    pub(crate) chatter: usize,
    pub(crate) tabs: &'static [Topics],
}

/// One event for `notify`. Two with the same id are one update delivered twice, perhaps to two invocations at once. The id is the
/// position of the first of them in [`Scenario::updates`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub(crate) id: usize,
    pub(crate) login: usize,
    pub(crate) topics: Topics,
    /// When it happened, as this event says.
    pub(crate) at: u8,
}

/// How often each thing may happen that the system does not do by itself.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Chances {
    /// A socket dies, with or without the gateway or the browser knowing, or the user reloads.
    pub(crate) drops: u8,
    /// A post fails after its retries.
    pub(crate) failed_posts: u8,
    /// A post arrives, is taken for failed, and is sent again.
    pub(crate) repeated_posts: u8,
    /// A sync or its reply never arrives.
    pub(crate) lost_syncs: u8,
    /// A sync is answered, but only after the page has given it up; or the page syncs for no reason.
    pub(crate) needless_syncs: u8,
    /// `notify` is killed in the middle, or its source delivers the event again.
    pub(crate) retries: u8,
    /// The table `updates` is lost.
    pub(crate) new_logs: u8,
    /// A tab is opened or closed.
    pub(crate) tab_changes: u8,
    /// A page asks for another login's updates.
    pub(crate) snoops: u8,
    /// Chatter ID 0 is revoked.
    pub(crate) revocations: u8,
}

const NO_CHANCES: Chances = Chances {
    drops: 0,
    failed_posts: 0,
    repeated_posts: 0,
    lost_syncs: 0,
    needless_syncs: 0,
    retries: 0,
    new_logs: 0,
    tab_changes: 0,
    snoops: 0,
    revocations: 0,
};

const fn page(tabs: &'static [Topics]) -> BrowserPlan {
    BrowserPlan {
        login: 0,
        chatter: 0,
        tabs,
    }
}

const fn update(id: usize, topics: Topics, at: u8) -> Update {
    Update {
        id,
        login: 0,
        topics,
        at,
    }
}

/// One page, one topic, two updates, and a bit of everything that a network does.
pub const RACES: Scenario = Scenario {
    name: "races",
    browsers: &[page(&[A])],
    updates: &[update(0, A, 1), update(1, A, 2)],
    page_size: 9,
    own_data: false,
    chances: Chances {
        drops: 1,
        failed_posts: 1,
        repeated_posts: 1,
        lost_syncs: 1,
        needless_syncs: 1,
        ..NO_CHANCES
    },
};

/// One page that loses its socket again and again.
pub const DROPS: Scenario = Scenario {
    name: "drops",
    browsers: &[page(&[A])],
    updates: &[update(0, A, 1), update(1, A, 2)],
    page_size: 9,
    own_data: false,
    chances: Chances {
        drops: 2,
        failed_posts: 1,
        ..NO_CHANCES
    },
};

/// A page that is loaded with data of its own, at any moment, and loaded again.
pub const LOADS: Scenario = Scenario {
    name: "loads",
    own_data: true,
    chances: Chances {
        drops: 1,
        new_logs: 1,
        ..NO_CHANCES
    },
    ..RACES
};

/// Two pages of one login: what happens to one is nothing to the other.
pub const PAGES: Scenario = Scenario {
    name: "pages",
    browsers: &[page(&[A]), page(&[A])],
    updates: &[update(0, A, 1)],
    page_size: 9,
    own_data: false,
    chances: Chances {
        drops: 1,
        failed_posts: 1,
        retries: 1,
        ..NO_CHANCES
    },
};

/// Updates of several topics, for a page that listens to both topics and one that listens to one.
pub const TOPICS: Scenario = Scenario {
    name: "topics",
    browsers: &[page(&[AB]), page(&[B])],
    updates: &[update(0, A, 1), update(1, AB, 2), update(2, B, 3)],
    page_size: 9,
    own_data: false,
    chances: Chances {
        failed_posts: 1,
        ..NO_CHANCES
    },
};

/// The pipeline delivers late, twice, twice at once, and in the wrong order.
pub const RETRIES: Scenario = Scenario {
    name: "retries",
    browsers: &[page(&[AB])],
    updates: &[update(0, AB, 1), update(1, B, 2), update(0, AB, 1), update(3, A, 3)],
    page_size: 9,
    own_data: false,
    chances: Chances {
        retries: 2,
        failed_posts: 1,
        ..NO_CHANCES
    },
};

/// One update fits into a reply.
pub const PAGING: Scenario = Scenario {
    name: "paging",
    browsers: &[page(&[AB])],
    updates: &[update(0, A, 1), update(1, B, 2), update(2, A, 3)],
    page_size: 1,
    own_data: false,
    chances: Chances {
        drops: 1,
        failed_posts: 1,
        lost_syncs: 1,
        ..NO_CHANCES
    },
};

/// The table `updates` is lost.
pub const EPOCHS: Scenario = Scenario {
    name: "epochs",
    browsers: &[page(&[A])],
    updates: &[update(0, A, 1), update(1, A, 2), update(2, A, 3)],
    page_size: 9,
    own_data: false,
    chances: Chances {
        new_logs: 2,
        failed_posts: 1,
        needless_syncs: 1,
        ..NO_CHANCES
    },
};

/// A login with two chatter IDs, of which one is revoked.
pub const REVOCATION: Scenario = Scenario {
    name: "revocation",
    browsers: &[
        page(&[A]),
        BrowserPlan {
            login: 0,
            chatter: 1,
            tabs: &[A],
        },
    ],
    updates: &[update(0, A, 1)],
    page_size: 9,
    own_data: false,
    chances: Chances {
        revocations: 1,
        drops: 1,
        failed_posts: 1,
        ..NO_CHANCES
    },
};

/// Two logins, and a page that asks for what is not its own.
pub const ISOLATION: Scenario = Scenario {
    name: "isolation",
    browsers: &[
        page(&[A]),
        BrowserPlan {
            login: 1,
            chatter: 1,
            tabs: &[A],
        },
    ],
    updates: &[
        update(0, A, 1),
        Update {
            id: 1,
            login: 1,
            topics: A,
            at: 1,
        },
    ],
    page_size: 9,
    own_data: false,
    chances: Chances {
        snoops: 2,
        failed_posts: 1,
        ..NO_CHANCES
    },
};

/// Two tabs with one socket, which listens to what either of them listens to.
pub const TABS: Scenario = Scenario {
    name: "tabs",
    browsers: &[page(&[A, B])],
    updates: &[update(0, A, 1), update(1, AB, 2)],
    page_size: 9,
    own_data: false,
    chances: Chances {
        tab_changes: 2,
        failed_posts: 1,
        ..NO_CHANCES
    },
};

/// Two updates of one instant, and a retry: a limit of ordering by `at`.
pub const ONE_INSTANT: Scenario = Scenario {
    name: "one instant",
    browsers: &[page(&[A])],
    updates: &[update(0, A, 1), update(1, A, 1)],
    page_size: 9,
    own_data: false,
    chances: Chances {
        retries: 1,
        ..NO_CHANCES
    },
};

/// An event that says no time: its second delivery takes a later one than its first. The other limit of ordering by `at`.
pub const NO_TIME: Scenario = Scenario {
    name: "no time",
    browsers: &[page(&[A])],
    updates: &[update(0, A, 1), update(1, A, 2), update(0, A, 3)],
    page_size: 9,
    own_data: false,
    chances: NO_CHANCES,
};
