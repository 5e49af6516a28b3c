//! The address of the sockets: the URL, its name, and whether somebody listens there.

use super::Check;
use std::{net::IpAddr, time::Duration};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use url::{Host, Url};

/// How long a name server, and a machine, may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads the URL of a socket.
pub(super) fn parse(url: &str) -> Result<Url, Check> {
    const WHAT: &str = "URL";
    let parsed = Url::parse(url).map_err(|error| {
        Check::wrong(
            WHAT,
            format!("{url:?} is no URL: {error}"),
            "It begins with wss:// and is the output WebSocketUrl, or your own hostname.",
        )
    })?;
    match parsed.scheme() {
        "wss" | "ws" => {}
        other => {
            let remedy = "Browsers open sockets by wss://, on this machine by ws://.";
            return Err(Check::wrong(WHAT, format!("{other}: is no scheme of sockets"), remedy));
        }
    }
    if parsed.scheme() == "ws" && !is_this_machine(&parsed) {
        let remedy =
            "Use wss://: API Gateway does not answer ws://, and a page that was loaded by https: may not open it.";
        return Err(Check::wrong(
            WHAT,
            format!("ws:// to {}, which is not this machine", host(&parsed)),
            remedy,
        ));
    }
    Ok(parsed)
}

/// The name's addresses, and a connection to one of them.
pub(super) async fn reach(url: &Url) -> Vec<Check> {
    let (host, port) = (host(url), url.port_or_known_default().unwrap_or(443));
    let name = host.trim_matches(['[', ']']);
    let found = timeout(PATIENCE, lookup_host((name, port))).await;
    let addresses: Vec<_> = match found {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => {
            return vec![Check::error(
                "name",
                &format!("{host} has no address: {error}: Name or service not known"),
            )];
        }
        Err(_) => {
            return vec![Check::wrong(
                "name",
                format!("no name server answers for {host}"),
                "Look at this machine's network.",
            )];
        }
    };
    let listed: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    let by_name = Check::right("name", format!("{host} is {}", listed.join(", ")));
    let mut why = "it has no address".to_owned();
    for address in addresses {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return vec![by_name, Check::right("network", format!("{address} answers"))],
            Ok(Err(error)) => why = format!("{address}: {error}"),
            Err(_) => why = format!("{address}: no answer within {} s", PATIENCE.as_secs()),
        }
    }
    vec![by_name, Check::error("network", &why)]
}

/// The URL's host, as it is written in it.
pub(super) fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_socket_is_wss_or_on_this_machine_ws() {
        for (url, is_one) in [
            ("wss://a1b2.execute-api.eu-west-1.amazonaws.com/live", true),
            ("ws://127.0.0.1:8080/dev", true),
            ("ws://localhost:8080/dev", true),
            ("ws://[::1]:8080/dev", true),
            ("ws://stats.example.com/dev", false),
            ("https://stats.example.com", false),
            ("stats.example.com", false),
            ("", false),
        ] {
            assert_eq!(parse(url).is_ok(), is_one, "{url}");
        }
    }
}
