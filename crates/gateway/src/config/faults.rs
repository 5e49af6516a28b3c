//! Faults on purpose: the shares of requests, sockets and events that meet with a fault.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Faults that are injected while they are set. A share is a number from 0 (never, the default) to 1 (always).
///
/// In JSON the fields have the same names in camel case; those that are absent are at their defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Faults {
    /// The seed of the random decisions: with the same one the n-th handshake, the n-th post and the n-th event meet
    /// with the same fault. Which of a test's requests is the n-th is up to the scheduler. `None` is another seed each
    /// time.
    pub seed: Option<u64>,
    /// The share of handshakes that are refused with 429, before `$connect`.
    pub connects_throttled: f64,
    /// The share of handshakes that are refused with 500, before `$connect`.
    pub connects_failed: f64,
    /// The share of handshakes whose socket opens late: `$connect` has returned, and posts are still answered with 410.
    pub connects_stretched: f64,
    /// How late such a socket opens, in milliseconds.
    pub connect_stretch_ms: u64,
    /// The share of posts to open sockets that are answered with 410.
    pub posts_gone: f64,
    /// The share of posts to open sockets that are answered with 429.
    pub posts_throttled: f64,
    /// The share of posts to open sockets that are answered with 500 and go nowhere.
    pub posts_failed: f64,
    /// The share of posts to open sockets that arrive and are still answered with 500, so that their sender sends them
    /// again.
    pub posts_denied: f64,
    /// The share of posts to open sockets that are accepted and never arrive.
    pub posts_lost: f64,
    /// The share of posts to open sockets that are accepted and arrive late, behind what is posted after them.
    pub posts_delayed: f64,
    /// The share of posts to open sockets that arrive at once and are answered late, which ties up their sender.
    pub posts_stalled: f64,
    /// How late such a post arrives or is answered, in milliseconds.
    pub post_delay_ms: u64,
    /// The share of open sockets that are closed each second with 1001.
    pub sockets_closed: f64,
    /// The share of open sockets that are cut each second, without a close frame.
    pub sockets_cut: f64,
    /// The share of live processes that are killed each second.
    pub processes_killed: f64,
    /// The share of events whose process is killed while it works on them.
    pub invocations_killed: f64,
    /// Within how many milliseconds of the event such a process is killed, at random, unless it has answered by then.
    pub kill_within_ms: u64,
}

/// Why [`Faults`] cannot be injected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FaultsError {
    /// A share is not from 0 to 1.
    #[error("{0}: has to be a share, from 0 to 1")]
    Share(&'static str),
    /// Faults that exclude each other have shares that come to more than 1.
    #[error("{0}: their shares come to more than 1")]
    Sum(&'static str),
    /// A time is too long.
    #[error("{0}: has to be at most {LONGEST_MS} milliseconds")]
    TooLong(&'static str),
}

/// The longest time that a fault may last, in milliseconds.
const LONGEST_MS: u64 = 60_000;

impl Default for Faults {
    /// No faults. The times are those of a share that comes without one.
    fn default() -> Faults {
        Faults {
            seed: None,
            connects_throttled: 0.0,
            connects_failed: 0.0,
            connects_stretched: 0.0,
            connect_stretch_ms: 1_000,
            posts_gone: 0.0,
            posts_throttled: 0.0,
            posts_failed: 0.0,
            posts_denied: 0.0,
            posts_lost: 0.0,
            posts_delayed: 0.0,
            posts_stalled: 0.0,
            post_delay_ms: 1_000,
            sockets_closed: 0.0,
            sockets_cut: 0.0,
            processes_killed: 0.0,
            invocations_killed: 0.0,
            kill_within_ms: 50,
        }
    }
}

impl Faults {
    /// Reads faults from a JSON object, and [checks](Faults::check) them.
    ///
    /// # Errors
    /// What is wrong, with the field's name in JSON.
    pub fn from_json(json: &[u8]) -> Result<Faults, String> {
        // serde would take a list too, its elements for the fields in their order.
        if !json.trim_ascii_start().starts_with(b"{") {
            return Err("the faults have to be a JSON object".to_owned());
        }
        let faults: Faults = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        faults.check().map_err(|error| error.to_string())?;
        Ok(faults)
    }

    /// Whether sockets or processes end at a rate.
    pub(crate) fn degrades(&self) -> bool {
        self.sockets_closed + self.sockets_cut + self.processes_killed > 0.0
    }

    /// Checks that each share is from 0 to 1, that shares which exclude each other come to at most 1, and that no time
    /// is over a minute.
    ///
    /// # Errors
    /// The first field that is wrong, by its name in JSON.
    pub fn check(&self) -> Result<(), FaultsError> {
        let connects = [
            ("connectsThrottled", self.connects_throttled),
            ("connectsFailed", self.connects_failed),
        ];
        let posts = [
            ("postsGone", self.posts_gone),
            ("postsThrottled", self.posts_throttled),
            ("postsFailed", self.posts_failed),
            ("postsDenied", self.posts_denied),
            ("postsLost", self.posts_lost),
            ("postsDelayed", self.posts_delayed),
            ("postsStalled", self.posts_stalled),
        ];
        let sockets = [("socketsClosed", self.sockets_closed), ("socketsCut", self.sockets_cut)];
        let others = [
            ("connectsStretched", self.connects_stretched),
            ("processesKilled", self.processes_killed),
            ("invocationsKilled", self.invocations_killed),
        ];
        let exclusive = [
            ("connectsThrottled, connectsFailed", &connects[..]),
            ("posts…", &posts),
            ("socketsClosed, socketsCut", &sockets),
        ];
        for &(name, share) in connects.iter().chain(&posts).chain(&sockets).chain(&others) {
            if !(0.0..=1.0).contains(&share) {
                return Err(FaultsError::Share(name));
            }
        }
        for (names, shares) in exclusive {
            // The tolerance is for rounding: ten times a tenth is a little more than one.
            if shares.iter().map(|(_, share)| share).sum::<f64>() > 1.0 + 1e-9 {
                return Err(FaultsError::Sum(names));
            }
        }
        let times = [
            ("connectStretchMs", self.connect_stretch_ms),
            ("postDelayMs", self.post_delay_ms),
            ("killWithinMs", self.kill_within_ms),
        ];
        let too_long = times.into_iter().find(|(_, time)| *time > LONGEST_MS);
        too_long.map_or(Ok(()), |(name, _)| Err(FaultsError::TooLong(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_field_has_its_default_and_an_unknown_one_is_an_error() {
        let faults = Faults::from_json(br#" {"postsLost":0.25,"seed":7}"#).unwrap();
        let expected = Faults {
            posts_lost: 0.25,
            seed: Some(7),
            ..Faults::default()
        };
        assert_eq!(faults, expected);
        let error = Faults::from_json(br#"{"postLost":0.25}"#).unwrap_err();
        assert!(error.contains("postLost"), "{error}");
    }

    #[test]
    fn faults_are_an_object_in_which_each_field_is_given_once() {
        for (json, word) in [
            ("[7,0.5]", "a JSON object"),
            ("null", "a JSON object"),
            ("", "a JSON object"),
            (r#"{"postsLost":0.25,"postsLost":0.5}"#, "postsLost"),
            (r#"{"postsLost":1E400}"#, "number"),
            (r#"{"postDelayMs":1e3}"#, "1000"),
        ] {
            let error = Faults::from_json(json.as_bytes()).unwrap_err();
            assert!(error.contains(word), "{json}: {error}");
        }
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (json, error) in [
            (r#"{"postsLost":1.5}"#, "postsLost: "),
            (r#"{"socketsCut":-0.1}"#, "socketsCut: "),
            (r#"{"postsLost":0.6,"postsGone":0.6}"#, "posts…: "),
            (
                r#"{"connectsFailed":1,"connectsThrottled":0.5}"#,
                "connectsThrottled, connectsFailed: ",
            ),
            (r#"{"socketsCut":1,"socketsClosed":1}"#, "socketsClosed, socketsCut: "),
            (r#"{"postDelayMs":60001}"#, "postDelayMs: "),
        ] {
            let message = Faults::from_json(json.as_bytes()).unwrap_err();
            assert!(message.starts_with(error), "{json}: {message}");
        }
        assert_eq!(Faults::default().check(), Ok(()));
    }
}
