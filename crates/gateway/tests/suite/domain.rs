//! A custom domain: its paths have no stage.

use chatterbox_gateway::{Domain, Route};
use serde_json::Value;
use tokio_tungstenite::tungstenite::handshake::client::Request;

use crate::world::*;

async fn world_of(path: Option<&str>) -> World {
    let domain = Domain {
        name: "chat.localhost".into(),
        path: path.map(str::to_owned),
    };
    world(|config| {
        config.domain = Some(domain);
        config.routes.insert("$disconnect".into(), Route::lambda("f"));
    })
    .await
}

/// A handshake by the domain's name. The name is in `Host` alone, since not every system finds it.
fn called(world: &World, path: &str) -> Request {
    let mut request = world.request("");
    *request.uri_mut() = format!("ws://{}{path}", world.address).parse().unwrap();
    let host = format!("Chat.localhost:{}", world.address.port());
    request.headers_mut().insert("Host", host.parse().unwrap());
    request
}

#[tokio::test]
async fn a_domain_has_its_own_paths_and_its_name_is_in_the_events() {
    for (path, opens, refuses) in [
        (None, &["/", "/?a=b"][..], &["/v2/x"][..]),
        (Some("v1"), &["/v1", "/v1/", "/v1?a=b"], &["/", "/v2", "/dev", "/v1x"]),
    ] {
        let world = world_of(path).await;
        for path in opens {
            let (mut client, _) = world.client_with(called(&world, path)).await;
            let event = client.ask("{}").await;
            let context = &event["requestContext"];
            assert_eq!(
                (&context["domainName"], &context["stage"]),
                (&Value::from("Chat.localhost"), &Value::from("dev"))
            );
            let id = context["connectionId"].as_str().unwrap().replace('=', "%3D");
            let base = opens[0].trim_end_matches('/');
            let url = format!("http://{}{base}/@connections/{id}", world.address);
            let post = world.http.post(url).header("Host", "chat.localhost").body("posted");
            assert_eq!(within(post.send()).await.unwrap().status(), 200);
            assert_eq!(client.hear().await, "posted");
        }
        for path in refuses {
            assert!(
                matches!(world.refusal(called(&world, path)).await.0, 403 | 404),
                "{path}"
            );
        }
        // By its other names the API is where it was.
        world.client().await.ask("{}").await;
    }
}
