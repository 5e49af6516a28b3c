use super::*;
use crate::aws::{Aws, Endpoints};
use crate::test_support::{Log, SILENCE, poster};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::sync::Semaphore;

fn message(text: &str) -> Payload {
    Payload::new(text.to_owned())
}

/// Posts to a socket whose first answers are these statuses and whose last one stays; says how many posts it took.
async fn post(statuses: &'static [u16]) -> (Posted, usize) {
    let posts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&posts);
    let wire = move |_: &str, _: &str| {
        let n = count.fetch_add(1, Relaxed);
        (statuses[n.min(statuses.len() - 1)], String::new())
    };
    let poster = poster(wire);
    let delivery = poster
        .post(&ConnectionId::new("L0SM9cOFvHcCIhw="), &message("{}"))
        .await;
    (delivery, posts.load(Relaxed))
}

#[tokio::test(start_paused = true)]
async fn a_429_or_5xx_is_tried_five_times() {
    assert_eq!(post(&[200]).await, (Posted::Sent, 1));
    for busy in [&[429, 200][..], &[500, 200], &[503, 200]] {
        assert_eq!(post(busy).await, (Posted::Sent, 2));
    }
    assert_eq!(post(&[429, 500, 502, 504, 200]).await, (Posted::Sent, 5));
    for refused in [&[429][..], &[500]] {
        assert_eq!(post(refused).await, (Posted::Busy, 5));
    }
}

#[tokio::test(start_paused = true)]
async fn any_other_status_is_not_tried_again() {
    for status in [&[400][..], &[403], &[413]] {
        let refused = Posted::Refused { status: status[0] };
        assert_eq!(post(status).await, (refused, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_bare_410_is_gone() {
    assert!(matches!(post(&[410]).await, (Posted::Gone { .. }, 1)));
    assert!(matches!(post(&[429, 410]).await, (Posted::Gone { .. }, 2)));
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_busy_sockets_gets_every_one_of_its_tries() {
    let posts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&posts);
    let poster = poster(move |_: &str, _: &str| {
        count.fetch_add(1, Relaxed);
        (429, String::new())
    });
    let all = (0..300).map(|n| {
        let poster = &poster;
        async move { poster.post(&ConnectionId::new(format!("{n}")), &message("{}")).await }
    });
    let results = futures_util::future::join_all(all).await;
    assert!(results.iter().all(|posted| *posted == Posted::Busy));
    assert_eq!(posts.load(Relaxed), 1_500);
}

#[tokio::test]
async fn the_id_is_encoded_and_the_message_sent_as_it_is() {
    let poster = poster(|path: &str, body: &str| {
        let right = path == "/dev/@connections/L0SM9cOFvHcCIhw%3D" && body == r#"{"type":"pong"}"#;
        (if right { 200 } else { 400 }, String::new())
    });
    let delivery = poster
        .post(&ConnectionId::new("L0SM9cOFvHcCIhw="), &message(r#"{"type":"pong"}"#))
        .await;
    assert_eq!(delivery, Posted::Sent);
}

#[tokio::test(start_paused = true)]
async fn a_look_at_a_socket_says_whether_it_is_open() {
    let answer = r#"{"connectedAt":"2026-01-31T09:00:00Z","identity":{"sourceIp":"192.0.2.1","userAgent":"x"},"lastActiveAt":"2026-01-31T09:00:00Z"}"#;
    for (status, presence) in [
        (200, Presence::Open),
        (410, Presence::Gone),
        (403, Presence::Unknown(Some(403))),
        (500, Presence::Unknown(Some(500))),
    ] {
        let poster = poster(move |_: &str, _: &str| (status, answer.to_owned()));
        assert_eq!(poster.look(&ConnectionId::new("L0SM9cOFvHcCIhw=")).await, presence);
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_could_not_be_closed_is_logged_with_the_status_and_one_that_was_gone_is_not() {
    let log = Log::start();
    for (status, expected) in [
        (204, None),
        (410, None),
        (403, Some(serde_json::json!(403))),
        (500, Some(serde_json::json!(500))),
        (SILENCE, Some(serde_json::Value::Null)),
    ] {
        let poster = poster(move |_: &str, _: &str| (status, String::new()));
        poster.close(&ConnectionId::new("L0SM9cOFvHcCIhw=")).await;
        let logged = log.lines();
        let logged: Vec<_> = logged.iter().filter(|line| line["level"] == "WARN").collect();
        let statuses: Vec<_> = logged.iter().map(|line| line["status"].clone()).collect();
        assert_eq!(statuses, Vec::from_iter(expected), "{status}");
        for line in logged {
            assert_eq!(line["connection_id"], "L0SM9cOFvHcCIhw=");
        }
    }
}

/// A pool whose requests to the socket `unlucky` break when the test says so, and whose others are answered at once.
#[derive(Clone, Debug)]
struct Pool {
    /// Which pool it is, counted from 0.
    number: usize,
    /// In which pool each request to the unlucky socket was.
    unlucky: Arc<Mutex<Vec<usize>>>,
    breaks: Arc<Semaphore>,
}

impl HttpConnector for Pool {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_unlucky = request.uri().ends_with("unlucky");
        if is_unlucky {
            self.unlucky.lock().unwrap().push(self.number);
        }
        let (number, breaks) = (self.number, Arc::clone(&self.breaks));
        HttpConnectorFuture::new(async move {
            if is_unlucky && number == 0 {
                breaks.acquire().await.unwrap().forget();
                return Err(ConnectorError::io("the connection broke".into()));
            }
            Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::empty()))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_try_after_broken_ones_goes_over_a_new_connection_though_others_are_answered_over_the_kept_ones() {
    let (unlucky, breaks) = (Arc::<Mutex<Vec<usize>>>::default(), Arc::new(Semaphore::new(0)));
    let pools = Arc::new(AtomicUsize::new(0));
    let new_pool = {
        let (unlucky, breaks) = (Arc::clone(&unlucky), Arc::clone(&breaks));
        move || {
            let (number, unlucky, breaks) = (pools.fetch_add(1, Relaxed), Arc::clone(&unlucky), Arc::clone(&breaks));
            SharedHttpConnector::new(Pool {
                number,
                unlucky,
                breaks,
            })
        }
    };
    let poster = Aws::unchecked(new_pool, Endpoints::default()).poster("http://127.0.0.1:1/dev");
    let post = async |id: &str| poster.post(&ConnectionId::new(id), &message("{}")).await;
    let others = async {
        for tries in 1..Poster::TRIES as usize {
            while unlucky.lock().unwrap().len() < tries {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // That this one is answered says that the pool is good.
            assert_eq!(post("other").await, Posted::Sent);
            breaks.add_permits(1);
        }
    };
    assert_eq!(post("other").await, Posted::Sent);
    let (posted, ()) = tokio::join!(post("unlucky"), others);
    assert_eq!(posted, Posted::Sent);
    let unlucky = unlucky.lock().unwrap();
    assert_eq!(unlucky[..4], [0; 4]);
    assert_ne!(unlucky[4], 0);
}

/// Answers each request with 429, so late.
#[derive(Clone, Debug)]
struct Slow(Duration);

impl HttpConnector for Slow {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let late = self.0;
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(late).await;
            Ok(HttpResponse::new(429.try_into().unwrap(), SdkBody::empty()))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_ends_within_its_patience_however_late_the_answers_are() {
    for late in (50..2_000).step_by(13).map(Duration::from_millis) {
        let wire = SharedHttpConnector::new(Slow(late));
        let poster = Aws::over(wire, Endpoints::default()).poster("http://127.0.0.1:1/dev");
        let began = Instant::now();
        assert_eq!(
            poster
                .post(&ConnectionId::new("L0SM9cOFvHcCIhw="), &message("{}"))
                .await,
            Posted::Busy
        );
        // A timer is exact to the millisecond.
        assert!(
            began.elapsed() <= Poster::PATIENCE + Duration::from_millis(1),
            "{late:?}: {:?}",
            began.elapsed()
        );
    }
}
