//! The rules of the protocol, each of which can be switched off to see what it is for.

/// The rules that a run keeps. In brackets stands the rule's number in `docs/protocol.md`, which gives its reason.
///
/// [`Rules::ALL`] is the protocol. `Rules { gap_syncs: false, ..Rules::ALL }` is a mistake that somebody could make,
/// and the tests show which property it breaks.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// \[R1] `notify` records the update first, then reads the login's connections. Off: the other way round.
    pub record_before_read: bool,
    /// \[R1] The connections are read strongly consistently. Off: a read may miss a row.
    pub strong_rows: bool,
    /// \[R2] `$connect` commits the row before the socket opens. Off: the socket may open first.
    pub store_before_open: bool,
    /// \[R2] The page sends `sync` when its socket opens. Off: it just listens.
    pub sync_on_open: bool,
    /// \[R2] `sync` reads the updates strongly consistently. Off: it may miss the last one.
    pub strong_updates: bool,
    /// \[R3] A 410 for a young row keeps the row. Off: every 410 prunes.
    pub grace: bool,
    /// \[R3] The grace outlasts `$connect`'s own time-out. Off: a row may be old before `$connect` has returned.
    pub grace_covers_connect: bool,
    /// \[R3] A row's age is taken before the post is sent. Off: after its answer.
    pub age_before_post: bool,
    /// \[R4] The cursor moves only over a push whose `prev` it has reached. Off: it moves with every push.
    pub cursor_waits: bool,
    /// \[R4] The cursor moves on over a push that it had to wait for only if that was shown. Off: over every one.
    pub reached_is_shown: bool,
    /// \[R4] A gap makes the page sync. Off: it waits.
    pub gap_syncs: bool,
    /// \[R4] A version of a topic that is not higher than the one shown is dropped. Off: it is shown.
    pub duplicates_dropped: bool,
    /// \[R4] `prev` is over all topics that the socket listens to. Off: over the update's own topics, which is too low.
    pub prev_of_socket: bool,
    /// \[R4] A repeat carries `version - 1` as `prev`. Off: it carries 0, which is too low.
    pub repeat_prev: bool,
    /// \[R5] Only the reply to the newest `n` counts. Off: any reply does.
    pub newest_n: bool,
    /// \[R5] A sync that is not answered is sent again. Off: the page waits for ever.
    pub sync_times_out: bool,
    /// \[R5] A push heard since the sync was sent, and not covered by its reply, makes the page sync again. Off: it
    /// does not.
    pub heard_is_covered: bool,
    /// \[R6] `unknown-connection` makes the page reconnect. Off: the page takes it for an empty reply.
    pub unknown_reconnects: bool,
    /// \[R7] A post that failed keeps its row. Off: it prunes, as a 410 does.
    pub failed_keeps_row: bool,
    /// \[R7] The page syncs from time to time, whatever it hears. Off: never.
    pub periodic_sync: bool,
    /// \[R8] A push of another epoch is not applied and makes the page sync. Off: the page looks at the version only.
    pub epoch_checked: bool,
    /// \[R8] A new log has a new epoch. Off: a restored table keeps its epoch.
    pub new_epoch: bool,
    /// \[R9] A reload forgets the cursor along with what the page shows. Off: the cursor survives (in session storage,
    /// say).
    pub reload_forgets: bool,
    /// \[R9] Each tab has its own cursor. Off: a new tab takes the one of the tab that holds the socket.
    pub own_cursor: bool,
    /// \[R9] A tab uses a shared socket only if that listens to all its topics. Off: it takes what it gets, then the
    /// wider one.
    pub tab_waits_for_topics: bool,
    /// \[R10] A page's first sync leaves out updates that its own data has, and compares ages to tell which: the server
    /// says how long ago each update was recorded, the page how long ago it was loaded, each by one clock. Off: the
    /// page's clock is compared with the server's, and may be so far ahead that every update seems old.
    pub ages_by_one_clock: bool,
    /// \[T1] An update whose `at` is older than that of its topic's update is not recorded. Off: the last to come wins.
    pub at_orders: bool,
    /// \[T2] Of an update with several topics, those that hold something newer are left out. Off: all are, as one
    /// write.
    pub stale_by_topic: bool,
    /// \[T3] An update with the id that its topic holds is a repeat. Off: it is recorded again.
    pub id_marks_repeats: bool,
    /// \[T4] A row outlives its socket. Off: it may expire while the socket is open.
    pub row_outlives_socket: bool,
    /// \[M1] A push names every topic of its update that the socket listens to. Off: the first of them.
    pub names_every_topic: bool,
    /// \[M2] `sync` is answered only to a connection that has a row under that login. Off: every connection is
    /// answered.
    pub sync_proves_login: bool,
    /// \[V1] `$connect` checks the chatter and puts the row in one transaction. Off: in two calls.
    pub one_transaction: bool,
    /// \[V2] The rows are queried twice. Off: once.
    pub revoke_twice: bool,
    /// \[V3] Revoking closes the sockets. Off: it deletes the chatter and no more.
    pub revoke_closes: bool,
}

impl Rules {
    /// The protocol as it is.
    pub const ALL: Self = Self {
        record_before_read: true,
        strong_rows: true,
        store_before_open: true,
        sync_on_open: true,
        strong_updates: true,
        grace: true,
        grace_covers_connect: true,
        age_before_post: true,
        cursor_waits: true,
        reached_is_shown: true,
        gap_syncs: true,
        duplicates_dropped: true,
        prev_of_socket: true,
        repeat_prev: true,
        newest_n: true,
        sync_times_out: true,
        heard_is_covered: true,
        unknown_reconnects: true,
        failed_keeps_row: true,
        periodic_sync: true,
        epoch_checked: true,
        new_epoch: true,
        reload_forgets: true,
        own_cursor: true,
        tab_waits_for_topics: true,
        ages_by_one_clock: true,
        at_orders: true,
        stale_by_topic: true,
        id_marks_repeats: true,
        row_outlives_socket: true,
        names_every_topic: true,
        sync_proves_login: true,
        one_transaction: true,
        revoke_twice: true,
        revoke_closes: true,
    };
}
