//! The paths of a custom domain.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::{PathAndQuery, Uri};
use axum::middleware::map_request;

use crate::config::{Config, Domain};
use crate::reply;

/// The routes of an API, which a request by the custom domain's name reaches without the stage in its path.
pub(crate) fn mapped(routes: Router, config: &Config) -> Router {
    let Some(domain) = config.domain.clone() else {
        return routes;
    };
    let mapping = Arc::new((domain, config.stage.clone()));
    let to_stage = move |request: Request| {
        let mapping = Arc::clone(&mapping);
        async move { rewrite(request, &mapping.0, &mapping.1).ok_or_else(reply::forbidden) }
    };
    Router::new().fallback_service(routes).layer(map_request(to_stage))
}

/// The request with the path that it has under the stage, if it calls the domain. `None`: the mapping has no such path.
fn rewrite(mut request: Request, domain: &Domain, stage: &str) -> Option<Request> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
    if !host.is_some_and(|host| host.eq_ignore_ascii_case(&domain.name)) {
        return Some(request);
    }
    let path = domain.unmapped(request.uri().path())?;
    let query = request.uri().query().map(|query| format!("?{query}"));
    let path = format!("/{stage}{path}{}", query.unwrap_or_default());
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    *request.uri_mut() = Uri::from_parts(parts).ok()?;
    Some(request)
}
