//! Inputs: those of the corpus with some edits, and bytes of any kind.

use proptest::{collection::vec, prelude::*, sample::Index};
use std::path::Path;

/// The inputs that a target's corpus has.
pub(crate) fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files = std::fs::read_dir(folder).expect("a folder for each target");
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Random inputs for a target.
pub(crate) fn inputs(target: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let seeds = seeds(target);
    let all = seeds.clone();
    let edited = (any::<Index>(), vec(edit(), 0..8)).prop_map(move |(seed, edits)| {
        let mut input = seed.get(&all).clone();
        for edit in edits {
            edit.make(&mut input, &all);
        }
        input
    });
    prop_oneof![
        8 => edited,
        1 => vec(any::<u8>(), 0..300),
        1 => ".{0,200}".prop_map(String::into_bytes),
    ]
}

/// A change of an input.
#[derive(Clone, Debug)]
enum Edit {
    /// Puts a token there.
    Insert(Index, &'static str),
    /// Puts it in place of some bytes.
    Replace(Index, usize, &'static str),
    /// Takes some bytes out.
    Delete(Index, usize),
    /// Puts some bytes there a second time.
    Double(Index, usize, Index),
    /// Sets one byte.
    Set(Index, u8),
    /// Goes on as another seed does.
    Splice(Index, Index, Index),
    /// Nests it deeply at this place.
    Nest(Index, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = any::<Index>;
    let token = || proptest::sample::select(TOKENS);
    prop_oneof![
        (place(), token()).prop_map(|(at, token)| Edit::Insert(at, token)),
        (place(), 0_usize..12, token()).prop_map(|(at, length, token)| Edit::Replace(at, length, token)),
        (place(), 1_usize..30).prop_map(|(at, length)| Edit::Delete(at, length)),
        (place(), 1_usize..60, place()).prop_map(|(from, length, to)| Edit::Double(from, length, to)),
        (place(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (place(), place(), place()).prop_map(|(at, seed, from)| Edit::Splice(at, seed, from)),
        (place(), any::<u8>()).prop_map(|(at, times)| Edit::Nest(at, times)),
    ]
}

impl Edit {
    fn make(&self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let place = |at: &Index, bytes: &[u8]| at.index(bytes.len() + 1);
        let range = |at: &Index, length: usize, bytes: &[u8]| {
            let start = place(at, bytes);
            start..(start + length).min(bytes.len())
        };
        match self {
            Edit::Insert(at, token) => {
                let at = place(at, input);
                input.splice(at..at, token.bytes());
            }
            Edit::Replace(at, length, token) => {
                let range = range(at, *length, input);
                input.splice(range, token.bytes());
            }
            Edit::Delete(at, length) => {
                let range = range(at, *length, input);
                input.drain(range);
            }
            Edit::Double(from, length, to) => {
                let copy = input[range(from, *length, input)].to_vec();
                let to = place(to, input);
                input.splice(to..to, copy);
            }
            Edit::Set(at, byte) => {
                if let Some(old) = at
                    .index(input.len() + 1)
                    .checked_sub(1)
                    .and_then(|at| input.get_mut(at))
                {
                    *old = *byte;
                }
            }
            Edit::Splice(at, seed, from) => {
                let other = seed.get(seeds);
                input.truncate(place(at, input));
                input.extend(&other[place(from, other)..]);
            }
            Edit::Nest(at, times) => {
                let (at, times) = (place(at, input), usize::from(*times));
                input.splice(at..at, [b"[".repeat(times), b"]".repeat(times)].concat());
            }
        }
    }
}

/// Words that parsers look for, and values at the edges.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\",
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1e3",
    "1E400",
    "1.5",
    "18446744073709551616",
    "9007199254740993",
    "1763900000000.5",
    "\"\\ud800\"",
    "\\u0000",
    "\u{feff}",
    "\u{0}",
    "\u{85}",
    "é",
    "\n",
    "\r\n",
    " ",
    "%",
    "%00",
    "%FF",
    "=",
    ";",
    "\"login\":\"b\",",
    "\"login\":",
    "\"logins\":[",
    "\"users\":",
    "\"topic\":\"t\",",
    "\"topics\":[",
    "\"body\":",
    "\"id\":\"i\",",
    "\"at\":",
    "\"attempt\":",
    "\"Records\":[",
    "\"eventSource\":\"aws:sqs\",",
    "\"eventSource\":\"aws:dynamodb\",",
    "\"EventSource\":\"aws:sns\",",
    "\"Sns\":",
    "\"dynamodb\":",
    "\"detail-type\":\"t\",",
    "\"detail\":",
    "\"time\":",
    "\"MessageId\":\"m\",",
    "\"Message\":",
    "\"requestPayload\":",
    "\"requestContext\":",
    "\"attributes\":{\"SentTimestamp\":",
    "\"action\":\"sync\",",
    "\"action\":\"ping\",",
    "\"cursor\":",
    "\"epoch\":\"E\",",
    "\"version\":",
    "\"n\":",
    "\"type\":",
    "\"prev\":",
    "\"updates\":[",
    "chatterbox.v1",
    "chatterbox.auth.",
    "chatterbox.v1, chatterbox.auth.",
    "user=",
    "chatter=",
    "3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b",
    "https://www.example.com",
    "https://",
    "\\054",
    "\\\"",
    "GET ",
    "POST ",
    "HTTP/1.1\r\n",
    "Host: localhost\r\n",
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: Upgrade\r\n",
    "/dev",
    "/dev/@connections/",
    "/2015-03-31/functions/f/invocations",
    "/2018-06-01/runtime/invocation/",
    "\r\n\r\n",
    "\u{1}",
    "\u{8}",
    "\u{9}",
];
