//! `chatter doctor` on a system of which a part is not what it should be: a function, or what lies between it and the browsers.

use crate::{
    local_process,
    planted::{answering, finds, with_program, without_rights},
};
use e2e::{Link, Way, World, chatter};
use futures_util::future::join_all;
use std::{collections::BTreeMap, time::Duration};

#[tokio::test]
async fn a_function_without_its_rights_is_found_by_what_it_does_not_do() {
    let cases = [
        ("connect", "credentials", "answered 500"),
        ("disconnect", "disconnect", "does it lack a right"),
        ("default", "sync", "unavailable"),
        ("notify", "update", "AccessDeniedException"),
        ("revoke", "revocation", "does it lack a right"),
    ];
    // At once, since most of the time is spent waiting for what does not come.
    let looks = cases.map(async |(function, what, words)| {
        let folder = without_rights(function).await;
        let world = World::with(|options| options.functions = folder.path().to_owned()).await;
        finds(&world.chatter(&["doctor"]).await, what, words);
        world.stop().await;
    });
    join_all(looks).await;
}

#[tokio::test]
async fn a_function_for_another_processor_is_found() {
    // An ELF file for a processor that no machine of ours has (Motorola 68000), of nothing but its header.
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(64, 0);
    (program[16], program[18], program[20]) = (2, 4, 1);
    let folder = with_program("connect", &program);
    let world = World::with(|options| options.functions = folder.path().to_owned()).await;
    finds(&world.chatter(&["doctor"]).await, "handshake", "wrong processor");
    world.stop().await;
}

#[tokio::test]
async fn a_proxy_that_writes_a_host_of_its_own_is_found() {
    let world = World::start().await;
    let link = Link::to(&world.local.socket_url(), Way::Host("stats.example.com")).await;
    let url = link.lead(&world.local.socket_url());
    finds(&world.chatter(&["doctor", &url]).await, "handshake", "--allow-host");
    world.stop().await;
}

#[tokio::test]
async fn a_proxy_that_ends_silent_connections_is_found_if_it_is_looked_for() {
    let world = World::start().await;
    let link = Link::to(&world.local.socket_url(), Way::EndsSilent(Duration::from_secs(2))).await;
    let url = link.lead(&world.local.socket_url());
    let hasty = world.chatter(&["doctor", &url]).await;
    assert_eq!(hasty.code, 0, "{hasty:?}");
    assert!(
        hasty
            .answers
            .iter()
            .any(|check| check["what"] == "silence" && check["mark"] == "not-tried")
    );
    finds(
        &world.chatter(&["doctor", &url, "--idle", "20s"]).await,
        "silence",
        "proxy_read_timeout",
    );
    let direct = world.chatter(&["doctor", "--idle", "3s"]).await;
    assert_eq!(direct.code, 0, "{direct:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_proxy_that_keeps_what_the_server_sends_is_found() {
    let world = World::start().await;
    let link = Link::to(&world.local.socket_url(), Way::Keeps).await;
    let url = link.lead(&world.local.socket_url());
    finds(
        &world.chatter(&["doctor", &url]).await,
        "messages",
        "proxy_buffering off",
    );
    assert_eq!(world.items("chatters").await.len(), 0, "its chatter ID is taken back");
    world.stop().await;
}

#[tokio::test]
async fn a_second_system_on_a_data_file_is_refused_and_its_words_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tables.sqlite");
    let arguments = ["--data", file.to_str().unwrap()];
    let _first = local_process::start(&arguments).await;
    let refusal = local_process::refusal(local_process::command(&arguments)).await;
    assert!(refusal.contains("choose another file with --data"), "{refusal}");
    let explained = chatter(&["explain", refusal.trim()], &BTreeMap::new()).await;
    assert!(
        explained.one()[0]["means"].as_str().unwrap().contains("one data file"),
        "{explained:?}"
    );
}

#[tokio::test]
async fn a_callback_url_of_a_custom_domain_is_found() {
    let world = World::start().await;
    let body = r#"{"message":"Forbidden"}"#;
    let length = body.len();
    let domain = answering(format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
    .await;
    let mut variables = world.variables();
    variables.insert(
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
        format!("http://{domain}/socks"),
    );
    let answered = chatter(&["doctor", &world.local.socket_url(), "--environment"], &variables).await;
    finds(
        &answered,
        "callback URL",
        "a custom domain and CloudFront serve no @connections",
    );
    world.stop().await;
}

#[tokio::test]
async fn a_right_that_whoever_asks_lacks_is_found() {
    let world = World::start().await;
    let body = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"User: a is not authorized to perform: dynamodb:PutItem"}"#;
    let length = body.len();
    let denied = answering(format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
    .await;
    let mut variables = world.variables();
    variables.insert("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{denied}"));
    let answered = chatter(&["doctor", &world.local.socket_url(), "--environment"], &variables).await;
    finds(&answered, "chatters", "Add the right that the message names");
    world.stop().await;
}
