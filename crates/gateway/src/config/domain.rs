//! A custom domain, and its mapping to the API.

use super::error::ConfigError;

/// A custom domain name with an API mapping. Under this name the API has its own paths, without the stage: `/` or `/{path}`
/// opens a socket. Events then have it as `domainName`, as the client's `Host` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The host name in lower case, without port. It has to lead to this machine: a name that ends in `.localhost` does so
    /// by itself in browsers and on most systems.
    pub name: String,
    /// The mapping's path (base path), without slashes; `None` is the root.
    pub path: Option<String>,
}

impl Domain {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_symbol = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        let name = self.name.as_str();
        if name.is_empty() || !name.bytes().all(is_symbol) || name.starts_with('.') || name.ends_with('.') {
            return Err(ConfigError::DomainName(name.to_owned()));
        }
        let is_segment = |path: &str| {
            let is_symbol = |byte: u8| byte.is_ascii_alphanumeric() || b"$-_.+!*'()".contains(&byte);
            !path.is_empty() && path.bytes().all(is_symbol)
        };
        match &self.path {
            Some(path) if !is_segment(path) => Err(ConfigError::DomainPath(path.clone())),
            _ => Ok(()),
        }
    }

    /// The path under the stage (`` or `/…`) of a path under this domain; `None` if the mapping does not have it.
    pub(crate) fn unmapped<'a>(&self, path: &'a str) -> Option<&'a str> {
        let Some(base) = &self.path else {
            return Some(path);
        };
        let rest = path.strip_prefix('/')?.strip_prefix(base.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_takes_its_own_path_and_what_is_under_it() {
        let domain = |path: Option<&str>| Domain {
            name: "ws.example".into(),
            path: path.map(str::to_owned),
        };
        for (path, asked, expected) in [
            (None, "/", Some("/")),
            (None, "/@connections/a", Some("/@connections/a")),
            (Some("chat"), "/chat", Some("")),
            (Some("chat"), "/chat/@connections/a", Some("/@connections/a")),
            (Some("chat"), "/chats", None),
            (Some("chat"), "/", None),
        ] {
            assert_eq!(domain(path).unmapped(asked), expected, "{path:?} {asked}");
        }
    }

    #[test]
    fn a_domain_that_is_no_host_name_and_a_path_of_two_segments_are_refused() {
        let check = |name: &str, path: Option<&str>| {
            let (name, path) = (name.into(), path.map(str::to_owned));
            Domain { name, path }.check()
        };
        assert_eq!(check("ws.example", Some("v1")), Ok(()));
        for name in ["", "wss://ws.example", "ws.example:80", "WS.example", ".example"] {
            assert_eq!(check(name, None), Err(ConfigError::DomainName(name.into())));
        }
        for path in ["", "/v1", "a/b", "a b"] {
            assert_eq!(
                check("ws.example", Some(path)),
                Err(ConfigError::DomainPath(path.into()))
            );
        }
    }
}
