//! JSON that strangers write, read so that it has one meaning.
//!
//! serde has two habits that are wrong for it: of a name that stands twice in a map the last value counts, and a list is
//! taken for a struct, its elements for the fields. A filter before Chatterbox may see the first value, or see no field at
//! all, and let pass what Chatterbox reads otherwise.

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;
use std::{fmt, marker::PhantomData};

/// The fields of a JSON object that somebody wants to read, each still as its text. Others are skipped.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    /// Each field that is there, with its first value.
    values: Vec<(&'static str, &'a RawValue)>,
    /// The first of the fields that is there more than once.
    pub(crate) twice: Option<&'static str>,
}

impl<'a> Object<'a> {
    /// The fields of these names; `None` if the text is no JSON object.
    pub(crate) fn read(text: &'a str, wanted: &'static [&'static str]) -> Option<Object<'a>> {
        let mut json = serde_json::Deserializer::from_str(text);
        let object = json.deserialize_map(Wanted(wanted)).ok()?;
        json.end().ok().map(|()| object)
    }

    /// The field's value, if it is there. `null` is a value.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.values
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, value)| *value)
    }
}

struct Wanted(&'static [&'static str]);

impl<'a> Visitor<'a> for Wanted {
    type Value = Object<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Object<'a>, M::Error> {
        let mut object = Object {
            values: Vec::new(),
            twice: None,
        };
        while let Some(Name(name)) = map.next_key()? {
            match self.0.iter().find(|wanted| wanted.as_bytes() == name) {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(name) if object.get(name).is_some() => {
                    object.twice.get_or_insert(name);
                    map.next_value::<IgnoredAny>()?;
                }
                Some(name) => object.values.push((name, map.next_value()?)),
            }
        }
        Ok(object)
    }
}

/// A field's name, as bytes, since it may have half of a surrogate pair, which is no UTF-8.
struct Name(Vec<u8>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Name, E> {
                Ok(Name(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// A struct that is read from an object and from nothing else. serde itself refuses a field that is there twice.
#[derive(Clone, Copy, Debug)]
pub struct Strict<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict<T>, D::Error> {
        struct Only<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Only<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Only(PhantomData)).map(Strict)
    }
}

/// JSON's text without the byte order mark that some programs begin it with (RFC 8259, 8.1).
pub(crate) fn without_mark(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Option<&str>, Option<&str>, Option<&'static str>)> {
        let object = Object::read(text, &["a", "b"])?;
        let text = |name| object.get(name).map(RawValue::get);
        Some((text("a"), text("b"), object.twice))
    }

    #[test]
    fn wanted_fields_are_read_as_their_text_and_others_are_skipped() {
        for (text, expected) in [
            ("{}", (None, None, None)),
            (
                r#" {"a": {"a":1,"a":2} ,"c":1,"c":2,"b":null} "#,
                (Some(r#"{"a":1,"a":2}"#), Some("null"), None),
            ),
            // The same name in another spelling, numbers beyond every type, half a surrogate pair.
            (r#"{"\u0061":1E400,"b":-0}"#, (Some("1E400"), Some("-0"), None)),
            (
                r#"{"\ud800":1,"\ud800":2,"a":"\ud800"}"#,
                (Some(r#""\ud800""#), None, None),
            ),
            (r#"{"":1,"a ":2,"A":3}"#, (None, None, None)),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_wanted_field_that_is_there_twice_is_told_with_whatever_value() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"b":0,"a":null,"a":1}"#,
            r#"{"a":1,"b":0,"\u0061":{}}"#,
            r#"{"a":1,"a":2,"a":3,"b":4,"b":5}"#,
        ] {
            assert_eq!(Object::read(text, &["a", "b"]).unwrap().twice, Some("a"), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        let deep = format!(r#"{{"c":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&deep), Some((None, None, None)));
        for text in [
            "",
            "null",
            "[]",
            r#"["a",1]"#,
            r#""a""#,
            "7",
            "{",
            r#"{"a":1}{"#,
            r#"{"a":}"#,
            &deep[..50_000],
        ] {
            assert_eq!(read(text), None, "{text:.80}");
        }
    }

    #[test]
    fn a_list_is_no_struct() {
        #[derive(Debug, Deserialize)]
        struct Pair {
            a: u8,
            inner: Option<Strict<Inner>>,
        }
        #[derive(Debug, Deserialize)]
        struct Inner {
            b: u8,
        }
        let read = |text: &str| serde_json::from_str::<Strict<Pair>>(text);
        let pair = read(r#"{"a":1,"inner":{"b":2}}"#).unwrap().0;
        assert_eq!((pair.a, pair.inner.map(|inner| inner.0.b)), (1, Some(2)));
        assert!(read("[1,null]").unwrap_err().to_string().contains("expected an object"));
        for text in [
            "[1,null]",
            r#"{"a":1,"inner":[2]}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"inner":{"b":2,"b":2}}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
