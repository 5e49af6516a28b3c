//! Who may call `chatter local`, and where: its two ports, and its own page.

use crate::local_process::{post, start};
use serde_json::json;

/// The ports on which a process listens: of its open files those that the system lists as listening sockets.
fn ports_of(process: u32) -> Vec<u16> {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let sockets: Vec<_> = files
        .filter_map(|file| std::fs::read_link(file.unwrap().path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let listed = std::fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap();
    let ports = listed.lines().skip(1).filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_listening = words[3] == "0A" && sockets.iter().any(|socket| socket == words[9]);
        let port = words[1].split(':').nth(1)?;
        is_listening.then(|| u16::from_str_radix(port, 16).unwrap())
    });
    ports.collect()
}

/// DynamoDB's engine by itself lets every web page read and write the tables, and so must have no port that one could guess.
#[tokio::test]
async fn it_listens_on_its_two_ports_only() {
    for arguments in [&[][..], &["--chaos=1"]] {
        let running = start(arguments).await;
        let requests = (0..20).map(|_| reqwest::get(&running.dynamodb));
        futures_util::future::join_all(requests).await;
        let mut expected =
            [&running.page, &running.dynamodb].map(|url| reqwest::Url::parse(url).unwrap().port().unwrap());
        expected.sort_unstable();
        e2e::eventually(expected.to_vec(), async || {
            let mut ports = ports_of(running.child.id().unwrap());
            ports.sort_unstable();
            ports
        })
        .await;
    }
}

#[tokio::test]
async fn the_demo_page_logs_in_and_its_content_security_policy_allows_its_own_origin_only() {
    let running = start(&[]).await;
    let http = reqwest::Client::new();
    let page = http.get(&running.page).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
    let session = post(&format!("{}demo/login", running.page), &json!({"login": "friendless"})).await;
    let query = format!("login=friendless&chatter={}", session["chatterId"].as_str().unwrap());
    let url = format!("{}?{query}", session["url"].as_str().unwrap());
    e2e::Socket::open(&url, &[]).await.unwrap().is_quiet().await;
    let refused = post(&format!("{}demo/login", running.page), &json!({"login": ""})).await;
    assert!(refused["message"].as_str().unwrap().starts_with("login:"), "{refused}");
    assert!(running.dynamodb.starts_with("http://127.0.0.1:"));
}
