//! Where a function finds what is known and what is to be done.

use mapping::configuration::HomeRef;
use state::{Queue, Store};

use crate::invocation::Failure;

/// The variable that names the tables: `dynamodb:NAME`.
const STORE: &str = "HIREWIRE_STORE";
/// The variable that names the queues: `sqs:NAME`.
const QUEUE: &str = "HIREWIRE_QUEUE";

/// What is known, and what is to be done. Cheap to clone.
#[derive(Clone)]
pub struct Home {
    /// What is known.
    pub store: Store,
    /// What is to be done.
    pub queue: Queue,
}

impl Home {
    /// Opens the home that the environment names. Nobody is asked yet.
    ///
    /// # Errors
    /// Says what to set.
    pub async fn open() -> Result<Home, Failure> {
        let store = std::env::var(STORE).unwrap_or_default();
        let queue = std::env::var(QUEUE).ok();
        let place = place(&store, queue.as_deref()).inspect_err(|failure| tracing::error!(error = %failure))?;
        let opened = state::open(&place).await;
        let (store, queue) = opened.map_err(|error| Failure::Work(error.to_string()))?;
        Ok(Home { store, queue })
    }
}

fn place(store: &str, queue: Option<&str>) -> Result<HomeRef, Failure> {
    let place = HomeRef::parse(store, queue);
    place.map_err(|(wrong, todo)| Failure::Work(format!("{STORE} and {QUEUE}: {wrong}; {todo}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_that_is_not_named_is_asked_for() {
        let aws = HomeRef::Aws { tables: "hirewire".to_owned(), queue: "hirewire".to_owned() };
        assert_eq!(place("dynamodb:hirewire", Some("sqs:hirewire")).expect("a home"), aws);
        let missing = place("", None).expect_err("no home").to_string();
        assert!(missing.contains("HIREWIRE_STORE") && missing.contains("dynamodb:NAME"), "{missing}");
    }
}
