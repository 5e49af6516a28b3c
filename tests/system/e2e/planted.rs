//! Faults that a test plants, and how it looks for them in the words of `chatter doctor`.

use e2e::{Answered, FUNCTIONS, folder_with};
use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Asserts that a check of this thing says these words, that it is wrong, and what to do.
pub(crate) fn finds(answered: &Answered, what: &str, words: &str) {
    let wrong = answered.answers.iter().filter(|check| check["mark"] == "wrong");
    let found = wrong.clone().any(|check| {
        let has_words =
            check["found"].as_str().unwrap().contains(words) || check["do"].as_str().unwrap().contains(words);
        let is_known =
            !["", "Nothing is known of this"].contains(&check["do"].as_str().unwrap().split(':').next().unwrap());
        check["what"] == what && has_words && is_known
    });
    assert!(found, "{what}: {words}: {:#?}", wrong.collect::<Vec<_>>());
    assert_eq!(answered.code, 3);
}

/// Answers every request with this text, and returns the address.
pub(crate) async fn answering(text: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let text = text.clone();
            tokio::spawn(async move {
                let mut request = [0; 8192];
                if stream.read(&mut request).await.is_ok_and(|bytes| bytes > 0) {
                    let _ = stream.write_all(text.as_bytes()).await;
                }
            });
        }
    });
    address
}

/// A folder with the functions' programs, of which one is this file in place of its own. It is deleted when it is dropped.
pub(crate) fn with_program(name: &str, program: &[u8]) -> TempDir {
    let (programs, folder) = (folder_with(&FUNCTIONS), tempfile::tempdir().unwrap());
    for other in FUNCTIONS.iter().filter(|other| **other != name) {
        std::os::unix::fs::symlink(programs.join(other), folder.path().join(other)).unwrap();
    }
    let path = folder.path().join(name);
    fs::write(&path, program).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A function as it is, to which DynamoDB answers that its role lacks the right.
pub(crate) async fn without_rights(name: &str) -> TempDir {
    let body = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"User: arn:aws:sts::1:assumed-role/a is not authorized to perform: dynamodb:Query"}"#;
    let length = body.len();
    let address = answering(format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
    .await;
    let program = folder_with(&FUNCTIONS).join(name);
    let script = format!(
        "#!/bin/sh\nAWS_ENDPOINT_URL_DYNAMODB=http://{address} exec '{}'\n",
        program.display()
    );
    with_program(name, script.as_bytes())
}
