//! Logs: one JSON line each on standard output, where CloudWatch takes it from. Ids and counts only.

use std::panic::PanicHookInfo;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The variable that says what is logged (`info`, `workflow=debug`).
const FILTER: &str = "HIREWIRE_LOG";
/// The crates that know what must not be logged. All others are heard up to `info`: below that the runtime logs whole
/// events and the AWS SDK whole bodies, and those are full of people.
const OURS: [&str; 12] = [
    "webhook",
    "poller",
    "provisioner",
    "reconciler",
    "lambda",
    "intake",
    "workflow",
    "hris",
    "jumpcloud",
    "transport",
    "state",
    "mapping",
];
/// Says again what [`crate::invocation()`] has logged.
const SAID_ALREADY: &str = "lambda_runtime::layers::panic";

/// Starts logging, and lets a panic be logged like everything else.
pub(crate) fn start() {
    let wished = std::env::var(FILTER).ok().and_then(|text| text.parse().ok());
    let filter = wished.unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    let lines = lines.with_writer(std::io::stdout).with_filter(filter_fn(is_logged));
    tracing_subscriber::registry().with(filter).with(lines).init();
    std::panic::set_hook(Box::new(log_panic));
}

fn is_logged(metadata: &Metadata<'_>) -> bool {
    is_heard(metadata.target(), *metadata.level())
}

fn is_heard(target: &str, level: Level) -> bool {
    let first = target.split("::").next().unwrap_or_default();
    (level <= Level::INFO || OURS.contains(&first)) && target != SAID_ALREADY
}

/// Only where: what a panic says may quote the value that it stumbled over.
fn log_panic(panic: &PanicHookInfo<'_>) {
    match panic.location() {
        Some(place) => tracing::error!(file = place.file(), line = place.line(), "panicked"),
        None => tracing::error!("panicked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_crates_are_heard_below_info() {
        assert!(is_heard("workflow::drain", Level::DEBUG));
        assert!(is_heard("lambda_runtime", Level::INFO));
        assert!(!is_heard("lambda_runtime::layers::api_response", Level::TRACE));
        assert!(!is_heard("aws_smithy_runtime::client", Level::DEBUG));
        assert!(!is_heard(SAID_ALREADY, Level::ERROR));
    }
}
