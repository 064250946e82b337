//! How an answer is read, whoever gave it.

use mapping::employee::EmployeeKey;
use serde_json::de::SliceRead;
use transport::Fault;

use crate::words::Flaw;

/// Reads a whole answer: `read` takes the one value that it must be.
pub(crate) fn whole<'a, T>(
    body: &'a [u8],
    read: impl FnOnce(&mut serde_json::Deserializer<SliceRead<'a>>) -> serde_json::Result<T>,
) -> Result<T, Flaw> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let all = read(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    all.map_err(|error| Flaw::new(body, &error))
}

/// Reads the large answer to a call. A hundred megabytes take the better part of a second: not on a thread that others
/// wait for.
pub(crate) async fn aside<T: Send + 'static>(
    vendor: &'static str,
    call: &'static str,
    read: impl FnOnce() -> Result<T, Flaw> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => read.map_err(|flaw| flaw.of(vendor, call)),
        Err(_) => Err(Fault::Unavailable { vendor, detail: "reading the answer was broken off".to_owned() }),
    }
}

/// Puts people in order and leaves each once; the ids that came twice.
pub(crate) fn each_once<T>(people: &mut Vec<T>, key: impl Fn(&T) -> &EmployeeKey) -> Vec<String> {
    // Stable: of two records with one id the first stays.
    people.sort_by(|a, b| key(a).order().cmp(&key(b).order()));
    let mut duplicates: Vec<String> = Vec::new();
    people.dedup_by(|later, first| {
        let twice = key(later).id == key(first).id;
        if twice && duplicates.last().is_none_or(|last| last != key(first).id.as_str()) {
            duplicates.push(key(first).id.to_string());
        }
        twice
    });
    duplicates
}

/// The same fault of a call by its name, which the transport does not know.
pub(crate) fn named(fault: Fault, call: &'static str) -> Fault {
    match fault {
        Fault::Malformed { vendor, detail, .. } => Fault::Malformed { vendor, call, detail },
        fault => fault,
    }
}
