//! What is said about an answer, by the vendor or by us: never values, keys or addresses.

use mapping::secret::Secret;
use transport::Fault;

/// How much of the vendor's own words is kept, in characters.
pub(crate) const WORDS_LIMIT: usize = 300;
/// The largest body that is searched for words, in bytes; errors are short.
pub(crate) const ERROR_BODY_LIMIT: usize = 64 << 10;

/// Why an answer cannot be read. Never quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw(pub(crate) String);

impl Flaw {
    /// What `error` says about `body`, without any of its values.
    pub(crate) fn new(body: &[u8], error: &serde_json::Error) -> Flaw {
        let place = format!("line {}, column {}", error.line(), error.column());
        let starts = body.iter().find(|byte| !byte.is_ascii_whitespace());
        Flaw(match (starts, error.classify()) {
            (None, _) => "it is empty".to_owned(),
            (Some(b'<'), _) => "it is HTML or XML, not JSON".to_owned(),
            (_, serde_json::error::Category::Eof) => format!("it breaks off at {place}"),
            (_, serde_json::error::Category::Data) => format!("its shape is not the documented one at {place}"),
            (_, serde_json::error::Category::Syntax | serde_json::error::Category::Io) => {
                format!("it is not JSON at {place}")
            }
        })
    }

    /// As a fault of `call`.
    pub(crate) fn of(self, vendor: &'static str, call: &'static str) -> Fault {
        Fault::Malformed { vendor, call, detail: self.0 }
    }
}

/// The vendor's words without the key, without e-mail addresses, on one line, not too long.
pub(crate) fn redacted(words: &str, key: &Secret) -> String {
    let key = key.expose();
    let words = if key.is_empty() { words.to_owned() } else { words.replace(key, "…") };
    let words = words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.map(|word| if word.contains('@') { "…" } else { word }).collect();
    words.join(" ").chars().take(WORDS_LIMIT).collect()
}
