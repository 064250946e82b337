//! Metrics: lines on standard output that CloudWatch turns into numbers (its embedded metric format).

use std::io::Write;
use std::sync::OnceLock;

use metrics::Unit;
use metrics_cloudwatch_embedded::{Builder, Collector};

/// The variable that names the namespace.
const NAMESPACE: &str = "HIREWIRE_METRICS";
/// The namespace where none is named.
const OWN: &str = "Hirewire";
/// The variable that tells two installations of one account apart: the dimension `stage` of every metric.
const STAGE: &str = "HIREWIRE_STAGE";

static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();

/// Starts counting for `service`.
pub(crate) fn start(service: &'static str) {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let namespace = set(NAMESPACE).unwrap_or_else(|| OWN.to_owned());
    let mut counting = Builder::new().cloudwatch_namespace(namespace).with_dimension("service", service);
    if let Some(stage) = set(STAGE) {
        counting = counting.with_dimension("stage", stage);
    }
    match counting.init() {
        Ok(collector) => {
            let _ = COLLECTOR.set(collector);
        }
        // Work goes on without numbers.
        Err(_) => tracing::error!("metrics cannot be kept: they were started twice"),
    }
    metrics::describe_histogram!("change_to_access_seconds", Unit::Seconds, "");
    metrics::describe_histogram!("survey_seconds", Unit::Seconds, "");
}

/// Writes what was counted since the last time. Lambda may freeze or end the process after any answer, so this comes
/// before each.
pub(crate) fn flush() {
    let Some(collector) = COLLECTOR.get() else { return };
    // Whole lines in one go: the collector writes piece by piece, and a log line must not come in between.
    let mut lines = Vec::new();
    if collector.flush(&mut lines).is_ok() {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(&lines).and_then(|()| out.flush());
    }
}
