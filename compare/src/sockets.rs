//! The sockets, as the gateway tells of them: which are open, which have ended, what was posted to those that had.

use crate::{rows, site::lock};
use aws_sdk_dynamodb::Client;
use chatterbox_gateway::{Activity, ActivityEntry};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::sleep,
};

/// The sockets of a run, by their connection IDs.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    open: HashSet<Arc<str>>,
    /// Those that were open, or whose `$connect` ran and that never opened.
    ended: HashSet<Arc<str>>,
    pub(crate) posts: usize,
    /// Posts to sockets that had ended.
    pub(crate) posts_to_the_dead: usize,
    /// Those that were seen open without a row.
    dropped: HashSet<Arc<str>>,
    /// Whether the gateway told more than could be taken in. Then nothing that was counted is right.
    pub(crate) has_missed_some: bool,
}

impl Sockets {
    /// Listens for ever.
    pub(crate) async fn listen(this: Arc<Mutex<Sockets>>, mut activity: Receiver<ActivityEntry>) {
        loop {
            match activity.recv().await {
                Ok(entry) => lock(&this).take(entry.activity),
                Err(RecvError::Lagged(_)) => lock(&this).has_missed_some = true,
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Looks for open sockets without a row, for ever.
    pub(crate) async fn look_for_dropped(this: Arc<Mutex<Sockets>>, tables: Client) {
        let mut before: HashSet<Arc<str>> = HashSet::new();
        loop {
            sleep(Duration::from_millis(200)).await;
            if let Ok(deaf) = Sockets::deaf(&this, &tables).await {
                // Seen twice: it was not just about to end.
                lock(&this).dropped.extend(deaf.intersection(&before).cloned());
                before = deaf;
            }
        }
    }

    /// The sockets that are open and have no row.
    pub(crate) async fn deaf(this: &Mutex<Sockets>, tables: &Client) -> crate::Result<HashSet<Arc<str>>> {
        let before = lock(this).open.clone();
        let rows = rows::read(tables).await?;
        let after = lock(this).open.clone();
        let open = before.intersection(&after).cloned();
        Ok(open.filter(|id| !rows.contains(&**id)).collect())
    }

    /// How many sockets were seen open without a row, then or now.
    pub(crate) fn dropped(&self) -> usize {
        self.dropped.len()
    }

    /// Whether there is an open socket of this connection ID.
    pub(crate) fn is_open(&self, id: &str) -> bool {
        self.open.contains(id)
    }

    fn take(&mut self, activity: Activity) {
        match activity {
            Activity::Handshake {
                connection_id: Some(id),
                status,
                ..
            } => {
                let sockets = if status == 101 { &mut self.open } else { &mut self.ended };
                sockets.insert(id);
            }
            Activity::Disconnect { connection_id, .. } => {
                self.open.remove(&connection_id);
                self.ended.insert(connection_id);
            }
            Activity::Post {
                connection_id: Some(id),
                ..
            } => {
                self.posts += 1;
                self.posts_to_the_dead += usize::from(self.ended.contains(&id));
            }
            _ => {}
        }
    }
}
