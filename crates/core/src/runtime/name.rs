//! Names that settings give to what others keep or send: which ones these can be.

/// A rule for names, as the end of a sentence that begins with the setting's name.
pub(super) struct Rule {
    pub(super) must_be: &'static str,
    pub(super) holds: fn(&str) -> bool,
}

/// A namespace of CloudWatch's metrics ("Metrics concepts" in its guide; `PutMetricData` takes none that begins with a colon).
/// One with a blank at an end is allowed there, and is hardly meant.
pub(super) const NAMESPACE: Rule = Rule {
    must_be: "1 to 255 letters of the English alphabet, digits, blanks within, and . - _ / # :, not beginning with a colon",
    holds: |name| {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || ".-_/#: ".contains(letter);
        (1..=255).contains(&name.len()) && name.chars().all(is_letter) && name.trim() == name && !name.starts_with(':')
    },
};

/// The name of a cookie: a token (RFC 6265, section 4.1.1, and RFC 9110, section 5.6.2). A browser sends no other.
pub(super) const COOKIE: Rule = Rule {
    must_be: "the name of a cookie: letters of the English alphabet, digits and ! # $ % & ' * + - . ^ _ ` | ~",
    holds: |name| {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
        !name.is_empty() && name.chars().all(is_letter)
    },
};

/// The name of a parameter in a query string. It may have any letter, since it arrives decoded; blanks in it are hardly meant.
pub(super) const PARAMETER: Rule = Rule {
    must_be: "a name without blanks",
    holds: |name| !name.is_empty() && !name.chars().any(|letter| letter.is_whitespace() || letter.is_control()),
};
