//! One event, from its arrival to the answer.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use lambda_runtime::{Context, Diagnostic};

use crate::meter;
use crate::warm::NotReady;

/// Why an invocation failed. What it says is logged and handed to whoever invoked the function: no personal values.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The event is none of this function's.
    #[error("this event is not for this function: {0}")]
    Event(&'static str),
    /// There is nothing to work with.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// Nothing worked.
    #[error("{0}")]
    Work(String),
    /// A fault in Hirewire itself.
    #[error("it broke off by a fault of its own; the log says where it panicked")]
    Panicked,
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Diagnostic {
        let kind = match &failure {
            Failure::Event(_) => "Event",
            Failure::NotReady(_) => "NotReady",
            Failure::Work(_) => "Work",
            Failure::Panicked => "Panicked",
        };
        Diagnostic { error_type: kind.to_owned(), error_message: failure.to_string() }
    }
}

/// Does the work of one event. A panic is a failure of this event only; metrics are written before the answer goes out.
///
/// # Errors
/// The work's own, or that it panicked.
pub async fn invocation<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // Caught here: the runtime would hand the panic's words to whoever invoked us. What a process keeps between
    // invocations is replaced whole or not at all, so that nothing half done is met by the next one.
    let result = AssertUnwindSafe(work).catch_unwind().await.unwrap_or(Err(Failure::Panicked));
    if let Err(failure) = &result {
        tracing::error!(error = %failure, "failed");
    }
    meter::flush();
    result
}

/// How long this invocation may still take, less `margin` for what comes after.
pub fn time_left(context: &Context, margin: Duration) -> Duration {
    context.deadline().duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_says_nothing_of_what_it_stumbled_over() {
        let broken = invocation::<()>(async { panic!("Ada Lovelace, ada@acme.example") }).await;
        let told = Diagnostic::from(broken.expect_err("it panicked"));
        assert_eq!(told.error_type, "Panicked");
        assert!(!told.error_message.contains("Ada"), "{}", told.error_message);
        assert_eq!(invocation(async { Ok(1) }).await.expect("the next one works"), 1);
    }

    #[test]
    fn time_runs_out_at_nothing() {
        let mut context = Context::default();
        assert_eq!(time_left(&context, Duration::ZERO), Duration::ZERO);
        let soon = SystemTime::now() + Duration::from_secs(60);
        context.deadline =
            u64::try_from(soon.duration_since(SystemTime::UNIX_EPOCH).expect("after it").as_millis()).expect("it fits");
        let left = time_left(&context, Duration::from_secs(10));
        assert!(left > Duration::from_secs(45) && left <= Duration::from_secs(50), "{left:?}");
    }
}
