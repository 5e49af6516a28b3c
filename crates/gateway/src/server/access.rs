//! Who may call a port of this machine: the names and the origins that are allowed, as they are written.

use std::net::Ipv6Addr;

use axum::http::Uri;

/// Who may call a port, beside the programs and pages of this machine. By default nobody else may.
///
/// This machine is called `localhost`, any name that ends in `.localhost`, 127.0.0.0/8, `::1`, and by the address that
/// is listened on. A page of it, on any port, may open sockets; all other requests are for pages of this very port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Further names of this machine, without port, by which it may be called: of a tunnel or a container.
    pub hosts: Vec<String>,
    /// The origins of pages of other machines that may open sockets, as browsers write them: `https://www.example.com`.
    pub origins: Vec<String>,
}

impl Access {
    /// Reads a name for [`Access::hosts`].
    ///
    /// # Errors
    /// It is no name that a request can have as its `Host`, or has a scheme or a port beside it.
    pub fn parse_host(text: &str) -> Result<String, String> {
        if text.contains('*') {
            return Err("it is no pattern: give each name, such as box.example, by a flag of its own".into());
        }
        let name = host_name(text);
        name.ok_or_else(|| "it has to be a name without scheme and port, such as box.example".into())
    }

    /// Reads an origin for [`Access::origins`].
    ///
    /// # Errors
    /// No browser sends such an origin (RFC 6454, section 6.2).
    pub fn parse_origin(text: &str) -> Result<String, String> {
        // Of a page without an origin of its own, such as a file's (RFC 6454, section 6.2).
        if text == "null" {
            return Ok(text.to_owned());
        }
        let uri = text.parse::<Uri>().ok();
        let is_origin = uri.as_ref().and_then(|uri| Some((uri.scheme()?, uri.authority()?)));
        let is_origin = is_origin.is_some_and(|(scheme, authority)| {
            let own_port = match scheme.as_str() {
                "http" => Some(80),
                "https" => Some(443),
                _ => None,
            };
            host_name(authority.host()).is_some_and(|name| name == authority.host())
                && !authority.as_str().contains('@')
                && authority.port().is_none_or(|port| Some(port.as_u16()) != own_port)
                && text == format!("{scheme}://{authority}").to_ascii_lowercase()
        });
        if is_origin {
            return Ok(text.to_owned());
        }
        Err(
            "it has to be an origin as browsers write it, such as https://www.example.com: in small letters, with a port only if \
             that is not the scheme's own, without a path, and no pattern"
                .into(),
        )
    }
}

/// A name or an address of a machine as it stands in `Host`, in small letters and without the dot at its end; `None` if it
/// cannot stand there.
fn host_name(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    if let Some(address) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        let address: Ipv6Addr = address.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let is_label = |label: &str| {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        !label.is_empty() && label.chars().all(is_letter)
    };
    let name = text.strip_suffix('.').unwrap_or(&text);
    name.split('.').all(is_label).then(|| name.to_owned())
}
