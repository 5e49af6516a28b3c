//! The demo page: its files, the small backend that stands for the site's own, and a feed of what the system does.

mod entry;
mod experiments;
mod feed;
mod mask;
mod single_fault;
mod site;
mod tables;

use crate::place::LocalPlace;
use axum::{
    Json, Router,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
pub(super) use experiments::Experiments;
pub(super) use feed::{Feed, System};
pub(super) use single_fault::{SingleFault, SingleFaults};
pub(super) use site::Site;
pub(super) use tables::Contents;

/// A file of `web/demo`, served at this path with this media type.
macro_rules! page {
    ($path:literal, $kind:literal, $file:literal) => {
        (
            $path,
            concat!($kind, "; charset=utf-8"),
            include_str!(concat!("../../../../web/demo/", $file)),
        )
    };
}

/// A module of the client in `web/src`, served in the same folder.
macro_rules! client {
    ($file:literal) => {
        (
            concat!("/src/", $file),
            "text/javascript; charset=utf-8",
            include_str!(concat!("../../../../web/src/", $file)),
        )
    };
}

/// The files of the page and the client's modules, part of this program: path, media type and text.
const FILES: &[(&str, &str, &str)] = &[
    page!("/", "text/html", "index.html"),
    page!("/demo.css", "text/css", "demo.css"),
    page!("/room.css", "text/css", "room.css"),
    page!("/tables.css", "text/css", "tables.css"),
    page!("/flow.css", "text/css", "flow.css"),
    page!("/timeline.css", "text/css", "timeline.css"),
    page!("/icon.svg", "image/svg+xml", "icon.svg"),
    page!("/demo.js", "text/javascript", "demo.js"),
    page!("/activity.js", "text/javascript", "activity.js"),
    page!("/connection.js", "text/javascript", "connection.js"),
    page!("/detail.js", "text/javascript", "detail.js"),
    page!("/experiments.js", "text/javascript", "experiments.js"),
    page!("/faults.js", "text/javascript", "faults.js"),
    page!("/feed.js", "text/javascript", "feed.js"),
    page!("/flow.js", "text/javascript", "flow.js"),
    page!("/network.js", "text/javascript", "network.js"),
    page!("/page.js", "text/javascript", "page.js"),
    page!("/page-log.js", "text/javascript", "page-log.js"),
    page!("/pipeline.js", "text/javascript", "pipeline.js"),
    page!("/reasons.js", "text/javascript", "reasons.js"),
    page!("/second-client.js", "text/javascript", "second-client.js"),
    page!("/snippets.js", "text/javascript", "snippets.js"),
    page!("/tables.js", "text/javascript", "tables.js"),
    page!("/timeline.js", "text/javascript", "timeline.js"),
    (
        "/reasons.json",
        "application/json",
        include_str!("../explain/reasons.json"),
    ),
    client!("browser.js"),
    client!("chatter.js"),
    client!("debug.js"),
    client!("errors.js"),
    client!("handshake.js"),
    client!("index.js"),
    client!("logged-out.js"),
    client!("moment.js"),
    client!("options.js"),
    client!("replica.js"),
    client!("socket-keeper.js"),
    client!("status.js"),
    client!("tab-group.js"),
    client!("tab-lock.js"),
    client!("tab-messages.js"),
    client!("timers.js"),
    client!("timing.js"),
    client!("topics.js"),
    client!("updates.js"),
    client!("wire.js"),
];

/// What serves the page, beside its files.
#[derive(Debug)]
pub(super) struct Demo {
    pub(super) site: Site,
    pub(super) feed: Feed,
    pub(super) contents: Contents,
    pub(super) experiments: Experiments,
    pub(super) faults: SingleFaults,
}

/// Adds the page to the gateway's own routes, and what the command `chatter` asks a running system.
pub(super) fn router(gateway: Router, place: LocalPlace, demo: Demo) -> Router {
    let Demo {
        site,
        feed,
        contents,
        experiments,
        faults,
    } = demo;
    let gateway = gateway.route(LocalPlace::PATH, get(move || async move { Json(place) }));
    let files = FILES.iter().fold(Router::new(), |router, (path, kind, text)| {
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
    let contents = Router::new()
        .route("/demo/tables", get(tables::tables))
        .with_state(contents);
    let experiments = Router::new()
        .route("/demo/cut", post(experiments::cut))
        .route("/demo/expire", post(experiments::expire))
        .with_state(experiments);
    gateway
        .merge(files)
        .merge(site)
        .merge(feed)
        .merge(contents)
        .merge(experiments)
        .merge(faults.router())
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
