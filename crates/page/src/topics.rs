//! Lists of topics.

/// The topics that a page or a socket listens to: these, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics(Option<Vec<String>>);

impl Topics {
    /// All topics.
    pub const ALL: Topics = Topics(None);

    /// These topics; all if there are none, as the server takes an empty list.
    pub fn of<T: Into<String>>(topics: impl IntoIterator<Item = T>) -> Topics {
        let topics: Vec<String> = topics.into_iter().map(Into::into).collect();
        Topics((!topics.is_empty()).then_some(topics))
    }

    /// Whether this topic is one of them.
    pub fn has(&self, topic: &str) -> bool {
        self.0
            .as_ref()
            .is_none_or(|topics| topics.iter().any(|name| name == topic))
    }

    /// Whether a socket that listens to these topics is sent every update that a page with the topics `wanted` asks for. A
    /// page must not use a socket of which this is not so: its cursor would pass updates that it was never sent (R9).
    pub fn covers(&self, wanted: &Topics) -> bool {
        match (&self.0, &wanted.0) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(wanted)) => wanted.iter().all(|topic| self.has(topic)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_covers_a_page_if_it_listens_to_all_of_the_pages_topics() {
        let all: [&str; 0] = [];
        for (socket, page, covers) in [
            (&all[..], &all[..], true),
            (&[], &["a"], true),
            (&["a"], &[], false),
            (&["a"], &["a"], true),
            (&["a", "b"], &["b"], true),
            (&["b"], &["a", "b"], false),
        ] {
            let of = |topics: &[&'static str]| Topics::of(topics.iter().copied());
            assert_eq!(of(socket).covers(&of(page)), covers, "{socket:?} {page:?}");
        }
    }
}
