//! The demo page: its files, the small backend that stands for the site's own, and a feed of what the system does.

mod feed;
mod site;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
pub(super) use feed::{Feed, System};
pub(super) use site::Site;

/// The files of the page, part of this program.
const FILES: [(&str, &str, &str); 10] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("../../../../web/demo/index.html"),
    ),
    (
        "/demo.css",
        "text/css; charset=utf-8",
        include_str!("../../../../web/demo/demo.css"),
    ),
    (
        "/room.css",
        "text/css; charset=utf-8",
        include_str!("../../../../web/demo/room.css"),
    ),
    (
        "/demo.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../../web/demo/demo.js"),
    ),
    (
        "/activity.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../../web/demo/activity.js"),
    ),
    (
        "/connection.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../../web/demo/connection.js"),
    ),
    (
        "/feed.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../../web/demo/feed.js"),
    ),
    (
        "/page.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../../web/demo/page.js"),
    ),
    (
        "/icon.svg",
        "image/svg+xml",
        include_str!("../../../../web/demo/icon.svg"),
    ),
    (
        "/chatter.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../../web/chatter.js"),
    ),
];

/// Adds the page to the gateway's own routes.
pub(super) fn router(gateway: Router, site: Site, feed: Feed) -> Router {
    let files = FILES.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { file(kind, text) }))
    });
    let site = Router::new()
        .route("/demo/login", post(site::login))
        .route("/demo/renew", post(site::renew))
        .route("/demo/logout", post(site::logout))
        .with_state(site);
    let feed = Router::new()
        .route("/demo/activity", get(feed::activity))
        .with_state(feed);
    gateway.merge(files).merge(site).merge(feed)
}

fn file(kind: &'static str, text: &'static str) -> Response {
    const POLICY: &str = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ];
    (
        headers.map(|(name, value)| (name, HeaderValue::from_static(value))),
        text,
    )
        .into_response()
}
