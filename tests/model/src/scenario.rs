//! Scenarios: small systems, each with the browsers, updates and chances for one kind of trouble.

use crate::topics::{A, AB, ABC, B, C, Topics};

/// A scenario: the browsers, the updates that the pipeline sends, and what may go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Name in the printed results.
    pub name: &'static str,
    pub(crate) browsers: &'static [BrowserPlan],
    pub(crate) updates: &'static [Update],
    /// Most updates in a reply to `sync`.
    pub(crate) page_size: usize,
    /// Whether pages are loaded with data of their own, so that their first sync leaves out updates recorded before.
    /// Otherwise pages ask for everything (`since: 0`).
    pub(crate) own_data: bool,
    pub(crate) chances: Chances,
}

/// A browser: its login, its chatter ID, and the topics of each of its tabs. The first tab is open from the beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BrowserPlan {
    pub(crate) login: usize,
    pub(crate) chatter: usize,
    pub(crate) tabs: &'static [Topics],
}

/// One event for `notify`. Two with the same id are one update delivered twice, perhaps to two invocations at once. The
/// id is the position of the first of them in [`Scenario::updates`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub(crate) id: usize,
    pub(crate) login: usize,
    pub(crate) topics: Topics,
    /// The event's `at`: when the update happened.
    pub(crate) at: u8,
}

/// Number of times that each kind of chance may still be taken.
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
    /// A sync is answered after the page has given it up; or the page syncs for no reason.
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

/// One page, one topic, two updates, and one of each fault of a network.
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

/// A page with data of its own, which may be loaded, and loaded again, at any moment.
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

/// Two pages of one login, each with a socket of its own.
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

/// Replies to `sync` that hold one update each.
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

/// Replies to `sync` that hold two updates each: as many as the largest that there can be leave room for in a message.
pub const LARGE: Scenario = Scenario {
    name: "large",
    browsers: &[page(&[ABC])],
    updates: &[update(0, A, 1), update(1, B, 2), update(2, C, 3)],
    page_size: 2,
    own_data: false,
    chances: Chances { drops: 1, ..NO_CHANCES },
};

/// A table `updates` that may be lost, twice.
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

/// Two logins, and a page of one that asks for the other's updates.
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

/// Two tabs of one browser, whose shared socket listens to the topics of both.
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

/// Two updates with the same `at`, and a retry: a limit of ordering by `at`.
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

/// An event without `at`, whose second delivery is given a later time than its first: the other limit of ordering by
/// `at`.
pub const NO_TIME: Scenario = Scenario {
    name: "no time",
    browsers: &[page(&[A])],
    updates: &[update(0, A, 1), update(1, A, 2), update(0, A, 3)],
    page_size: 9,
    own_data: false,
    chances: NO_CHANCES,
};
