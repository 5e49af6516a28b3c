//! A WebSocket API that echoes, with one Lambda function behind it, on your own machine:
//!
//! ```text
//! cargo run -p chatterbox-gateway --example echo
//! npx wscat -c ws://127.0.0.1:8080/dev
//! > hello
//! < hello
//! ```
//!
//! An argument is another port; 0 is any free one. Ctrl-C ends it.
//!
//! To need nothing else, this program is both sides: started by you it is the API, and started by the API it is the
//! function. A function of your own is a program of its own, such as the `bootstrap` that `cargo lambda build` makes,
//! and its name stands in `Function::new`.

use std::error::Error;
use std::io::Write;

use chatterbox_gateway::{Function, Gateway, Route};
use serde_json::{Value, json};

#[tokio::main]
#[expect(
    clippy::disallowed_methods,
    reason = "the example is a function, which Lambda tells by its environment where to ask"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    match std::env::var("AWS_LAMBDA_RUNTIME_API") {
        Ok(runtime_api) => function(&runtime_api).await,
        Err(_) => api().await,
    }
}

/// The API: every message goes to the function `echo`, and the function's answer goes back to the sender.
async fn api() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).map_or(Ok(8080), |port| port.parse())?;
    let api = Gateway::builder()
        .function("echo", Function::new(std::env::current_exe()?))
        .route("$default", Route::two_way("echo"))
        .port(port)
        .start()
        .await?;
    writeln!(std::io::stdout(), "ready {}", api.url())?;
    tokio::signal::ctrl_c().await?;
    api.stop().await;
    Ok(())
}

/// The function. It asks the Lambda Runtime API for an event, answers it, and asks for the next; the crate
/// `lambda_runtime` would do the asking. The body of its answer is the body of the event, which is the client's
/// message.
async fn function(runtime_api: &str) -> Result<(), Box<dyn Error>> {
    let invocation = format!("http://{runtime_api}/2018-06-01/runtime/invocation");
    let http = reqwest::Client::new();
    loop {
        let next = http.get(format!("{invocation}/next")).send().await?;
        let id = next.headers()["lambda-runtime-aws-request-id"].to_str()?.to_owned();
        let event: Value = next.json().await?;
        let answer = json!({ "statusCode": 200, "body": event["body"] });
        http.post(format!("{invocation}/{id}/response"))
            .json(&answer)
            .send()
            .await?;
    }
}
