//! What a try costs others: nothing, unless the connections are broken.

use crate::{
    client::{Call, Clients},
    endpoint::Protocol,
    faulty_connection::Fault,
    serving::Answer,
};
use chatterbox_core::ConnectionId;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// One call after the other, by several at once; each must succeed.
async fn walk(clients: &Clients, call: Call, name: &str, walkers: usize, steps: usize) {
    let walks = (0..walkers).map(|walker| async move {
        for step in 0..steps {
            let name = format!("{name}-{walker}-{step}");
            assert_eq!(clients.call(call, &name).await, Ok(()));
        }
    });
    futures_util::future::join_all(walks).await;
}

#[tokio::test]
async fn dead_connections_do_not_use_up_the_retries_of_later_calls() {
    for call in [Call::Post, Call::Read] {
        let clients = Clients::start(Protocol::Plain).await;
        for round in 0..4 {
            clients.crowd(call, 32).await;
            clients.endpoint.break_connections(Fault::Reset);
            let names = (0..32).map(|n| format!("round-{round}-{n}"));
            assert_eq!(clients.all(call, names).await, vec![Ok(()); 32], "{call:?}");
        }
    }
}

#[tokio::test]
async fn the_last_try_goes_over_a_connection_that_nobody_has_used() {
    for (fault, steps) in [(Fault::Reset, 20), (Fault::SilenceLate, 4)] {
        for call in [Call::Post, Call::Read] {
            let clients = Clients::start(Protocol::Plain).await;
            clients.endpoint.state.wears_out(fault);
            walk(&clients, call, "worn", 8, steps).await;
        }
    }
}

#[tokio::test]
async fn a_last_try_after_refusals_opens_no_connection() {
    let clients = Clients::start(Protocol::Http1).await;
    let state = &clients.endpoint.state;
    state.will_answer("busy-post", &[Answer::Status(429); 4]);
    state.will_answer("busy-read", &[Answer::Status(429); 2]);
    assert_eq!(clients.call(Call::Post, "busy-post").await, Ok(()));
    assert_eq!(clients.call(Call::Read, "busy-read").await, Ok(()));
    assert_eq!((state.asked("busy-post"), state.asked("busy-read")), (5, 3));
    // One for posts and one for DynamoDB, which are not one host in AWS.
    assert!(clients.endpoint.connections() <= 2);
}

#[tokio::test]
async fn an_answer_that_stops_half_way_is_asked_for_again() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let clients = Clients::start(protocol).await;
        let state = &clients.endpoint.state;
        state.will_answer("half", &[Answer::HeadAlone; 2]);
        assert_eq!(clients.call(Call::Read, "half").await, Ok(()), "{protocol:?}");
        assert_eq!(state.asked("half"), 3);
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_asked_for_again_over_a_new_connection() {
    for protocol in [Protocol::Plain, Protocol::Http1, Protocol::Http2] {
        let clients = Clients::start(protocol).await;
        clients.crowd(Call::Read, 4).await;
        let before = clients.endpoint.connections();
        let state = &clients.endpoint.state;
        state.will_answer("cut", &[Answer::Cut]);
        let seen = (clients.call(Call::Read, "cut").await, state.asked("cut"));
        assert_eq!(seen, (Ok(()), 2), "{protocol:?}");
        assert_eq!(clients.endpoint.connections(), before + 1, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_connection_that_falls_silent_among_answers_is_given_up_at_the_first_time_out() {
    let clients = Clients::start(Protocol::Http2).await;
    let state = &clients.endpoint.state;
    state.hold("first");
    let start = Instant::now();
    let silence = async {
        state.wait_for("first", 1).await;
        // An answer that came after the first request proves nothing two seconds later.
        assert_eq!(clients.call(Call::Post, "second").await, Ok(()));
        clients.endpoint.break_connections(Fault::Silence);
        state.let_go("first");
    };
    let (first, ()) = tokio::join!(clients.call(Call::Post, "first"), silence);
    assert_eq!(first, Ok(()));
    assert!(start.elapsed() < Duration::from_secs(4), "it took two time-outs");
}

#[tokio::test]
async fn a_request_without_any_answer_is_made_again() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        for call in Call::ALL {
            let clients = Clients::start(protocol).await;
            let state = &clients.endpoint.state;
            state.will_answer("lost", &[Answer::None; 2]);
            assert_eq!(clients.call(call, "lost").await, Ok(()), "{protocol:?}, {call:?}");
            assert_eq!(state.asked("lost"), 3, "{protocol:?}, {call:?}");
        }
    }
}

#[tokio::test]
async fn connections_that_are_given_up_are_closed() {
    for protocol in [Protocol::Plain, Protocol::Http1, Protocol::Http2] {
        for fault in [Fault::Reset, Fault::Silence, Fault::GoAway] {
            let clients = Clients::start(protocol).await;
            clients.crowd(Call::Post, 16).await;
            clients.endpoint.break_connections(fault);
            assert_eq!(clients.call(Call::Post, "after").await, Ok(()));
            clients.endpoint.state.wait_for_open(1).await;
        }
    }
}

#[tokio::test]
async fn a_request_survives_a_new_connection_that_fails_too() {
    for protocol in [Protocol::Plain, Protocol::Http1, Protocol::Http2] {
        for fault in [Fault::Reset, Fault::HangUpLate, Fault::Silence] {
            for call in Call::ALL {
                let clients = Clients::start(protocol).await;
                clients.endpoint.break_next(&[fault]);
                let context = format!("{protocol:?}, {fault:?}, {call:?}");
                assert_eq!(clients.call(call, "one").await, Ok(()), "{context}");
                assert_eq!(clients.endpoint.state.asked("one"), 1, "{context}");
                assert_eq!(clients.endpoint.connections(), 2, "{context}");
            }
        }
    }
}

#[tokio::test]
async fn a_post_is_sent_when_its_status_is_there() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let clients = Clients::start(protocol).await;
        let state = &clients.endpoint.state;
        state.will_answer("half", &[Answer::HeadAlone]);
        assert_eq!(clients.call(Call::Post, "half").await, Ok(()), "{protocol:?}");
        assert_eq!(state.asked("half"), 1);
    }
}

#[tokio::test]
async fn a_socket_that_never_answers_disturbs_no_other() {
    for (protocol, most) in [(Protocol::Http1, 24), (Protocol::Http2, 2)] {
        let clients = Clients::start(protocol).await;
        let state = &clients.endpoint.state;
        state.hold("never");
        let others = async {
            let mut round = 0;
            while state.asked("never") < 3 {
                walk(&clients, Call::Post, &format!("other-{round}"), 8, 5).await;
                round += 1;
            }
            round
        };
        let (never, rounds) = tokio::join!(clients.call(Call::Post, "never"), others);
        assert!(never.is_err());
        for round in 0..rounds {
            for (walker, step) in (0..8).flat_map(|walker| (0..5).map(move |step| (walker, step))) {
                assert_eq!(state.asked(&format!("other-{round}-{walker}-{step}")), 1);
            }
        }
        let connections = clients.endpoint.connections();
        assert!(connections <= most, "{protocol:?}: {connections} connections");
    }
}

#[tokio::test]
async fn requests_under_way_over_a_connection_that_is_given_up_are_answered() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let clients = Clients::start(protocol).await;
        let state = &clients.endpoint.state;
        state.hold("never");
        state.hold("slow");
        let slow = async {
            // The first try to post to the other is nearly over; its second one begins a connection of its own.
            state.wait_for("never", 1).await;
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            clients.call(Call::Post, "slow").await
        };
        let let_go = async {
            state.wait_for("never", 2).await;
            state.let_go("slow");
        };
        let (never, slow, ()) = tokio::join!(clients.call(Call::Post, "never"), slow, let_go);
        assert!(never.is_err());
        assert_eq!((slow, state.asked("slow")), (Ok(()), 1), "{protocol:?}");
    }
}

#[tokio::test]
async fn a_call_that_its_caller_gives_up_early_costs_no_connection() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let clients = Clients::start(protocol).await;
        clients.crowd(Call::Post, 4).await;
        let state = &clients.endpoint.state;
        let before = clients.endpoint.connections();
        state.hold("dropped");
        let dropped = timeout(Duration::from_millis(100), clients.call(Call::Post, "dropped"));
        assert!(dropped.await.is_err());
        assert_eq!(clients.call(Call::Post, "next").await, Ok(()));
        assert_eq!(clients.endpoint.connections(), before, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_crowd_opens_one_connection_over_http2() {
    for call in [Call::Post, Call::Read] {
        let clients = Clients::start(Protocol::Http2).await;
        clients.crowd(call, 64).await;
        assert_eq!(clients.endpoint.connections(), 1, "{call:?}");
        clients.endpoint.break_connections(Fault::HangUp);
        clients.crowd(call, 64).await;
        assert_eq!(clients.endpoint.connections(), 2, "{call:?}");
    }
}

#[tokio::test]
async fn a_crowd_over_a_silent_connection_opens_one_other_and_posts_nothing_twice() {
    let clients = Clients::start(Protocol::Http2).await;
    clients.crowd(Call::Post, 64).await;
    let before = clients.endpoint.connections();
    clients.endpoint.break_connections(Fault::Silence);
    let names = || (0..64).map(|n| format!("after-{n}"));
    assert_eq!(clients.all(Call::Post, names()).await, vec![Ok(()); 64]);
    assert!(names().all(|name| clients.endpoint.state.asked(&name) == 1));
    assert_eq!(clients.endpoint.connections(), before + 1);
}

#[tokio::test]
async fn calls_succeed_when_half_of_the_connections_break() {
    for fault in [Fault::Reset, Fault::HangUpLate, Fault::Silence] {
        for call in [Call::Post, Call::Read] {
            let clients = Clients::start(Protocol::Plain).await;
            clients.crowd(call, 32).await;
            clients.endpoint.break_some(fault, |n| n % 2 == 0);
            walk(&clients, call, "after", 4, 10).await;
        }
    }
}

#[tokio::test]
async fn a_socket_is_closed_although_all_connections_were_reset() {
    let clients = Clients::start(Protocol::Http1).await;
    clients.crowd(Call::Post, 32).await;
    clients.endpoint.break_connections(Fault::Reset);
    clients.poster.close(&ConnectionId::new("closing")).await;
    assert_eq!(clients.endpoint.state.asked("closing"), 1);
}
