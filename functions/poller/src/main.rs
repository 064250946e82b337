//! The function that asks: each minute, who changed in HR, and whose moment has come. Both end as requests on the queue.

mod round;

use std::sync::Arc;
use std::time::Duration;

use lambda::{Home, time_left};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::round::Poller;

/// What is kept of an invocation's time for its answer.
const MARGIN: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda::start("poller");
    let poller = Arc::new(Poller::new(Home::open()?));
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let (poller, time) = (Arc::clone(&poller), time_left(&event.context, MARGIN));
        lambda::invocation(async move { poller.round(&event.payload, time).await })
    });
    lambda_runtime::run(handler).await
}
