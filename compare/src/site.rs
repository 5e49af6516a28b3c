//! The site's own data, which a page has when it is loaded: the pipeline writes an update there, and then sends it.

use crate::plan::Update;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The updates that were written so far, of each login, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Site(Mutex<HashMap<String, Vec<Update>>>);

impl Site {
    /// An update has happened.
    pub(crate) fn write(&self, update: Update) {
        lock(&self.0).entry(update.login.clone()).or_default().push(update);
    }

    /// The updates of a login.
    pub(crate) fn updates(&self, login: &str) -> Vec<Update> {
        lock(&self.0).get(login).cloned().unwrap_or_default()
    }

    /// The newest update of each of the login's topics, by its `id`, and how many updates the login has had.
    pub(crate) fn data(&self, login: &str) -> (BTreeMap<String, String>, usize) {
        let updates = self.updates(login);
        let count = updates.len();
        let newest = updates.into_iter().map(|update| (update.topic.to_owned(), update.id));
        (newest.collect(), count)
    }
}

/// Locks a mutex. No lock here is held across code that could panic with its value half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
