//! Jobs: the events of an invocation, each with the results for its logins as far as they are known.

use super::{batch::Record, outcome::Outcome};
use crate::{Login, Notification, lock::lock};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

/// One event, and the results for its logins.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) event: &'a Notification,
    results: Mutex<BTreeMap<&'a Login, LoginResult>>,
}

/// The result for one login.
#[derive(Clone, Debug)]
pub(crate) struct LoginResult {
    pub(crate) outcome: Outcome,
    /// Whether something is left to do that a later invocation may do better: DynamoDB or some sockets were busy.
    pub(crate) retry_later: bool,
}

impl From<Outcome> for LoginResult {
    fn from(outcome: Outcome) -> LoginResult {
        let retry_later = matches!(&outcome, Outcome::Failed(error) if error.is_passing());
        LoginResult { outcome, retry_later }
    }
}

impl<'a> Job<'a> {
    fn new(event: &'a Notification) -> Job<'a> {
        Job {
            event,
            results: Mutex::default(),
        }
    }

    /// Notes the result for a login.
    pub(crate) fn finish(&self, login: &'a Login, result: impl Into<LoginResult>) {
        self.results().insert(login, result.into());
    }

    /// The logins without a result, and those to be tried again later.
    pub(crate) fn unfinished(&self) -> (Vec<&'a Login>, Vec<&'a Login>) {
        let results = self.results();
        let (mut unreached, mut busy) = (Vec::new(), Vec::new());
        for login in &self.event.logins {
            match results.get(login) {
                None => unreached.push(login),
                Some(result) if result.retry_later => busy.push(login),
                Some(_) => {}
            }
        }
        (unreached, busy)
    }

    /// Notes that a login was deferred. An update that was recorded keeps its version, although some sockets lack it yet.
    pub(crate) fn was_deferred(&self, login: &Login) {
        if let Some(result) = self.results().get_mut(login)
            && result.outcome.is_failure()
        {
            result.outcome = Outcome::Deferred;
        }
    }

    fn results(&self) -> MutexGuard<'_, BTreeMap<&'a Login, LoginResult>> {
        lock(&self.results)
    }
}

/// A record, and the jobs of its events that could be read.
#[derive(Debug)]
pub(crate) struct RecordJobs<'a> {
    pub(crate) record: &'a Record,
    pub(crate) jobs: Vec<Job<'a>>,
}

impl<'a> RecordJobs<'a> {
    pub(crate) fn of(record: &'a Record) -> RecordJobs<'a> {
        let readable = record.events.iter().filter_map(|event| event.as_ref().ok());
        RecordJobs {
            record,
            jobs: readable.map(Job::new).collect(),
        }
    }

    /// Each login with its outcome, event by event.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = (&'a Login, Outcome)> + Clone {
        let of_job = |job: &Job<'a>| {
            let results = job.results();
            results
                .iter()
                .map(|(login, result)| (*login, result.outcome.clone()))
                .collect::<Vec<_>>()
        };
        self.jobs.iter().flat_map(of_job)
    }
}
