//! Where a function finds what is known and what is to be done.

use mapping::configuration::HomeRef;
use state::{Queue, Secrets, Store};

use crate::invocation::Failure;

/// The variable that names the tables: `dynamodb:NAME`.
const STORE: &str = "HIREWIRE_STORE";
/// The variable that names the queues: `sqs:NAME`.
const QUEUE: &str = "HIREWIRE_QUEUE";

/// What is known, what is to be done, and where the keys are. Cheap to clone.
#[derive(Clone)]
pub struct Home {
    /// What is known.
    pub store: Store,
    /// What is to be done.
    pub queue: Queue,
    /// Where keys are looked up.
    pub secrets: Secrets,
}

impl Home {
    /// Opens the home that the environment names. Nobody is asked yet.
    ///
    /// # Errors
    /// Says what to set.
    pub fn open() -> Result<Home, Failure> {
        let store = std::env::var(STORE).unwrap_or_default();
        let queue = std::env::var(QUEUE).ok();
        let (tables, queue) =
            place(&store, queue.as_deref()).inspect_err(|failure| tracing::error!(error = %failure))?;
        let (store, queue, secrets) = state::open_in_function(&tables, &queue);
        Ok(Home { store, queue, secrets })
    }
}

/// What tables and queues are called.
fn place(store: &str, queue: Option<&str>) -> Result<(String, String), Failure> {
    let wrong = |wrong, todo| Failure::Work(format!("{STORE} and {QUEUE}: {wrong}; {todo}"));
    match HomeRef::parse(store, queue) {
        Ok(HomeRef::Aws { tables, queue }) => Ok((tables, queue)),
        Ok(HomeRef::Machine(_)) => Err(wrong("no file of a function lasts", "write dynamodb:NAME and sqs:NAME")),
        Err((fault, todo)) => Err(wrong(fault, todo)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_that_is_not_named_is_asked_for() {
        let aws = ("hirewire".to_owned(), "hirewire-queue".to_owned());
        assert_eq!(place("dynamodb:hirewire", Some("sqs:hirewire-queue")).expect("a home"), aws);
        let missing = place("", None).expect_err("no home").to_string();
        assert!(missing.contains("HIREWIRE_STORE") && missing.contains("dynamodb:NAME"), "{missing}");
        let file = place("sqlite:hirewire.db", None).expect_err("no home").to_string();
        assert!(file.contains("no file") && file.contains("dynamodb:NAME"), "{file}");
    }
}
