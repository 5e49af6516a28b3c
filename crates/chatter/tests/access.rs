//! Who may call the local system: this machine, and no web page from elsewhere. No function runs.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

use chatter::local::{Local, LocalError, Options};
use reqwest::{
    Method, StatusCode,
    header::{HOST, HeaderMap, HeaderName, ORIGIN},
};
use std::{fs, os::unix::fs::PermissionsExt, time::Duration};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A running system, and a folder with programs that are never started.
async fn start(change: impl FnOnce(&mut Options)) -> (Local, TempDir) {
    try_start(change).await.unwrap()
}

async fn try_start(change: impl FnOnce(&mut Options)) -> Result<(Local, TempDir), LocalError> {
    let functions = tempfile::tempdir().unwrap();
    for name in ["connect", "disconnect", "default", "notify", "revoke"] {
        let program = functions.path().join(name);
        fs::write(&program, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut options = Options {
        port: 0,
        dynamodb_port: 0,
        functions: functions.path().to_owned(),
        ..Options::from_env()
    };
    change(&mut options);
    Ok((Local::start(options).await?, functions))
}

async fn status(url: &str, method: Method, headers: &[(HeaderName, &str)]) -> (StatusCode, HeaderMap) {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.clone(), value.parse().unwrap()));
    let request = reqwest::Client::new().request(method, url).headers(headers.collect());
    let response = request
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "DynamoDB_20120810.ListTables")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=a",
        )
        .header("x-amz-date", "20260101T000000Z")
        .body("{}")
        .send()
        .await
        .unwrap();
    (response.status(), response.headers().clone())
}

#[tokio::test]
async fn a_page_that_has_made_its_name_mean_this_machine_is_refused_on_both_ports() {
    let (local, _functions) = start(|options| options.allowed_hosts = vec!["box.example".into()]).await;
    for url in [local.page_url(), local.dynamodb_url()] {
        for (host, expected) in [
            ("evil.example", StatusCode::FORBIDDEN),
            ("localhost", StatusCode::OK),
            ("box.example:8000", StatusCode::OK),
        ] {
            let method = if url == local.page_url() {
                Method::GET
            } else {
                Method::POST
            };
            assert_eq!(status(&url, method, &[(HOST, host)]).await.0, expected, "{url} {host}");
        }
    }
    let login = format!("{}demo/login", local.page_url());
    assert_eq!(
        status(&login, Method::POST, &[(HOST, "evil.example")]).await.0,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn no_page_may_read_or_write_the_tables_or_ask_whether_it_may() {
    let (local, _functions) = start(|_| {}).await;
    let url = local.dynamodb_url();
    for method in [Method::POST, Method::GET, Method::OPTIONS] {
        for origin in ["https://evil.example", "http://localhost:3000", "null"] {
            let (status, headers) = status(&url, method.clone(), &[(ORIGIN, origin)]).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {origin}");
            assert!(!headers.contains_key("access-control-allow-origin"), "{headers:?}");
        }
    }
    // Whatever the engine would say itself.
    let (own, headers) = status(&url, Method::POST, &[(ORIGIN, url.trim_end_matches('/'))]).await;
    assert_eq!(own, StatusCode::OK);
    assert!(!headers.contains_key("access-control-allow-origin"), "{headers:?}");
}

/// The answer to these bytes, as text.
async fn raw(address: &str, request: String) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(30), read)
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(answer).unwrap()
}

/// What of a request is about the connection is for the port, and not for the engine behind it.
#[tokio::test]
async fn the_tables_answer_every_way_of_writing_an_http_request() {
    let (local, _functions) = start(|_| {}).await;
    let url = local.dynamodb_url();
    let address = url.strip_prefix("http://").unwrap().trim_end_matches('/');
    let head = format!(
        "Host: {address}\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\n\
         X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=a\r\n"
    );
    let length = "Content-Length: 2\r\n\r\n{}";
    let close = "Connection: close\r\n";
    for (line, rest) in [
        ("POST / HTTP/1.1", format!("{close}{length}")),
        ("POST / HTTP/1.0", length.to_owned()),
        ("POST / HTTP/1.0", format!("Connection: keep-alive\r\n{close}{length}")),
        (&format!("POST {url} HTTP/1.1"), format!("{close}{length}")),
        (
            "POST / HTTP/1.1",
            format!("{close}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"),
        ),
        (
            "POST / HTTP/1.1",
            format!("{close}Keep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Connection: close\r\n{length}"),
        ),
        (
            "POST / HTTP/1.1",
            format!("{close}Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n{length}"),
        ),
    ] {
        let answer = raw(address, format!("{line}\r\n{head}{rest}")).await;
        assert!(
            answer.contains(" 200 OK\r\n") && answer.contains("TableNames"),
            "{line} {rest}: {answer}"
        );
    }
}

#[tokio::test]
async fn the_demo_logs_in_its_own_page_and_no_other() {
    let (local, _functions) = start(|_| {}).await;
    let page = local.page_url();
    for path in [
        "demo/login",
        "demo/renew",
        "demo/logout",
        "demo/activity",
        "demo/tables?login=friendless",
        "demo/cut",
        "demo/expire",
        "2015-03-31/functions/notify/invocations",
    ] {
        let url = format!("{page}{path}");
        for origin in ["https://evil.example", "http://localhost:3000"] {
            let refused = status(&url, Method::POST, &[(ORIGIN, origin)]).await.0;
            assert_eq!(refused, StatusCode::FORBIDDEN, "{path} {origin}");
        }
    }
    let request = reqwest::Client::new().post(format!("{page}demo/login"));
    let request = request.header(ORIGIN, page.trim_end_matches('/'));
    let response = request
        .body(r#"{"login":"friendless"}"#)
        .header("content-type", "application/json");
    assert_eq!(response.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn the_data_file_of_another_program_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("theirs.sqlite");
    let theirs = rusqlite::Connection::open(&file).unwrap();
    theirs.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(theirs);
    let before = fs::read(&file).unwrap();
    let error = try_start(|options| options.data = Some(file.clone()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("of another program"), "{error}");
    assert!(fs::read(&file).unwrap() == before);
}
