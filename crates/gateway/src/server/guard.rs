//! What refuses a request to a port of this machine that may not come from where it comes from. A web page that the developer happens
//! to visit can send requests to it, too: by the machine's own name, or by a name of its own that it has made to mean this machine (DNS
//! rebinding). A browser says so in two headers that a page cannot change: `Host` has the name, `Origin` the page. Programs, such as
//! AWS's SDKs and its CLI, send no `Origin`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, HeaderName, ORIGIN, UPGRADE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;

use super::access::Access;
use crate::reply;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It does not say by which name it calls, or says two (RFC 9112, section 3.2).
    NoHost,
    /// It calls by a name that is not this machine's.
    Host,
    /// It is of a page that may open no socket here.
    Socket,
    /// It is of a page of another port or machine.
    Page,
}

/// A port's rules, with the address that is listened on.
#[derive(Debug)]
pub(super) struct Guard {
    access: Access,
    address: IpAddr,
}

impl Guard {
    pub(super) fn new(access: Access, address: IpAddr) -> Arc<Guard> {
        Arc::new(Guard { access, address })
    }

    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = only(headers, &HOST).ok_or(Refusal::NoHost)?;
        let host = Authority::try_from(host).map_err(|_| Refusal::Host)?;
        // A request that names its target in full means that, whatever its `Host` says (RFC 9112, section 3.2.2).
        for called in std::iter::once(&host).chain(uri.authority()) {
            if !self.is_this_machine(called) {
                return Err(Refusal::Host);
            }
        }
        // No page can set this header but by opening a socket.
        let is_socket = headers.contains_key(UPGRADE);
        for origin in headers.get_all(ORIGIN) {
            let origin = origin.to_str().unwrap_or_default();
            let page = origin.parse::<Uri>().unwrap_or_default();
            let page = page.scheme().and(page.authority());
            let is_own = page.is_some_and(|page| page.as_str().eq_ignore_ascii_case(host.as_str()));
            let may_open_socket = || {
                page.is_some_and(|page| self.is_this_machine(page))
                    || self.access.origins.iter().any(|allowed| allowed == origin)
            };
            if !is_own && !is_socket {
                return Err(Refusal::Page);
            }
            if !is_own && !may_open_socket() {
                return Err(Refusal::Socket);
            }
        }
        Ok(())
    }

    fn is_this_machine(&self, authority: &Authority) -> bool {
        if authority.as_str().contains('@') {
            return false;
        }
        let name = authority.host().to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let address = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => name.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        };
        address.is_some_and(|address| address.to_canonical().is_loopback() || address == self.address)
            || name == "localhost"
            || name.ends_with(".localhost")
            || self.access.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    }
}

/// The value of a header that has to be there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none());
    value.map(|value| value.to_str().unwrap_or_default())
}

/// Refuses requests from elsewhere. It is the outermost layer of a port, before a request's body is read.
pub(super) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.check(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.response(),
    }
}

impl Refusal {
    fn response(self) -> Response {
        let (status, field, message) = self.texts();
        tracing::warn!(status = status.as_u16(), field, "request refused: {message}");
        reply::identified(reply::error(
            status,
            "AccessDeniedException",
            &format!("{field}: {message}"),
        ))
    }

    fn texts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Refusal::NoHost => (StatusCode::BAD_REQUEST, "Host", "a request has to have exactly one"),
            Refusal::Host => (
                StatusCode::FORBIDDEN,
                "Host",
                "this port answers to this machine's own names only (localhost, 127.0.0.1, [::1]), so that no web page \
                 can reach it by a name of its own. If this is the name of a tunnel or a container of yours, start the \
                 program with --allow-host NAME",
            ),
            Refusal::Socket => (
                StatusCode::FORBIDDEN,
                "Origin",
                "a page of another machine may not open a socket here. If it is a page of yours, list its origin in the \
                 setting ALLOWED_ORIGINS (of the command gateway: --allow-origin)",
            ),
            Refusal::Page => (
                StatusCode::FORBIDDEN,
                "Origin",
                "a web page may ask for this only if this port itself serves it. Programs send no Origin: call it from \
                 your page's backend",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(access: &Access, headers: &[(HeaderName, &str)]) -> Result<(), Refusal> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()));
        let headers = headers.fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
        let guard = Guard::new(access.clone(), "192.168.1.7".parse().unwrap());
        guard.check(&Uri::from_static("/"), &headers)
    }

    #[test]
    fn a_host_is_this_machine_by_its_own_names_and_those_that_are_allowed() {
        let access = Access {
            hosts: vec!["box.example".into()],
            ..Access::default()
        };
        let own = [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "a.b.localhost:1",
            "127.0.0.1",
            "127.9.9.9:8000",
            "[::1]",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:1",
            "192.168.1.7:8080",
            "box.example",
            "Box.Example:443",
        ];
        for host in own {
            assert_eq!(check(&access, &[(HOST, host)]), Ok(()), "{host}");
        }
        let foreign = [
            "evil.example",
            "localhost.evil.example",
            "evillocalhost",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "10.0.0.1",
            "2130706433",
            "127.1",
            "0x7f.1",
            "[::2]",
            "localhost@evil.example",
            "evil.example@localhost",
            "sub.box.example",
            "192.168.1.8",
            "",
            ":8080",
        ];
        for host in foreign {
            assert_eq!(check(&access, &[(HOST, host)]), Err(Refusal::Host), "{host}");
        }
        assert_eq!(check(&access, &[]), Err(Refusal::NoHost));
        assert_eq!(
            check(&access, &[(HOST, "localhost"), (HOST, "localhost")]),
            Err(Refusal::NoHost)
        );
    }

    #[test]
    fn a_name_that_no_request_can_have_is_not_allowed() {
        for name in [
            "box.example",
            "Box.Example",
            "box",
            "my_box-1",
            "box.example.",
            "10.0.0.1",
            "[fd00::1]",
            "xn--bcher-kva.example",
        ] {
            let access = Access {
                hosts: vec![Access::parse_host(name).unwrap()],
                ..Access::default()
            };
            let host = name.to_ascii_lowercase();
            assert_eq!(check(&access, &[(HOST, &host)]), Ok(()), "{name}");
            assert_eq!(check(&access, &[(HOST, &format!("{host}:8080"))]), Ok(()), "{name}");
            assert_eq!(
                check(&access, &[(HOST, "elsewhere.example")]),
                Err(Refusal::Host),
                "{name}"
            );
        }
        for name in [
            "*",
            "*.example",
            "",
            " ",
            "a b",
            "a,b",
            ".",
            "..",
            "a..b",
            ".a",
            "bücher.example",
            "a/b",
            "user@box",
            "box:80",
            "https://box",
            "fd00::1",
            "[fd00::1",
            "[x]",
            "a$b",
            "'box'",
            "?",
        ] {
            assert!(Access::parse_host(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_not_allowed() {
        for origin in [
            "https://www.example.com",
            "http://box:8080",
            "capacitor://localhost",
            "http://[fd00::1]:1",
            "null",
        ] {
            let access = Access {
                origins: vec![Access::parse_origin(origin).unwrap()],
                ..Access::default()
            };
            let headers = [(HOST, "localhost"), (UPGRADE, "websocket"), (ORIGIN, origin)];
            assert_eq!(check(&access, &headers), Ok(()), "{origin}");
        }
        for origin in [
            "*",
            "",
            "www.example.com",
            "https://www.example.com/",
            "https://www.example.com/page",
            "https://*.example.com",
            "https://Www.example.com",
            "HTTPS://www.example.com",
            "https://www.example.com:443",
            "http://www.example.com:80",
            "https://user@www.example.com",
            "https://",
        ] {
            assert!(Access::parse_origin(origin).is_err(), "{origin:?}");
        }
    }

    #[test]
    fn a_target_that_is_named_in_full_has_to_be_this_machine_too() {
        let guard = Guard::new(Access::default(), Ipv4Addr::LOCALHOST.into());
        let headers = HeaderMap::from_iter([(HOST, "localhost".parse().unwrap())]);
        let check = |uri: &'static str| guard.check(&Uri::from_static(uri), &headers);
        assert_eq!(check("http://127.0.0.1:8080/"), Ok(()));
        assert_eq!(check("http://evil.example/"), Err(Refusal::Host));
    }

    #[test]
    fn a_page_may_ask_for_what_its_own_port_serves() {
        let check = |origin| check(&Access::default(), &[(HOST, "localhost:8080"), (ORIGIN, origin)]);
        assert_eq!(check("http://localhost:8080"), Ok(()));
        assert_eq!(
            check("https://localhost:8080"),
            Ok(()),
            "behind something that speaks TLS"
        );
        for origin in [
            "http://localhost",
            "http://localhost:3000",
            "http://127.0.0.1:8080",
            "https://evil.example",
            "null",
            "",
            "localhost:8080",
            "http://evil.example:8080",
        ] {
            assert_eq!(check(origin), Err(Refusal::Page), "{origin}");
        }
    }

    #[test]
    fn sockets_are_for_the_pages_of_this_machine_and_those_that_are_allowed() {
        let access = Access {
            origins: vec!["https://www.example.com".into()],
            ..Access::default()
        };
        let check = |origin| {
            let headers = [(HOST, "localhost:8080"), (UPGRADE, "websocket"), (ORIGIN, origin)];
            check(&access, &headers)
        };
        for origin in [
            "http://localhost:8080",
            "http://localhost:3000",
            "https://127.0.0.1",
            "http://[::1]:5173",
            "http://a.localhost",
            "https://www.example.com",
        ] {
            assert_eq!(check(origin), Ok(()), "{origin}");
        }
        for origin in [
            "https://evil.example",
            "http://www.example.com",
            "https://www.example.com:8443",
            "null",
            "",
            "https://www.example.com.evil.example",
            "http://localhost.evil.example",
            "localhost",
        ] {
            assert_eq!(check(origin), Err(Refusal::Socket), "{origin}");
        }
        let two = [
            (HOST, "localhost"),
            (UPGRADE, "websocket"),
            (ORIGIN, "http://localhost"),
            (ORIGIN, "https://evil.example"),
        ];
        assert_eq!(super::tests::check(&access, &two), Err(Refusal::Socket));
    }
}
