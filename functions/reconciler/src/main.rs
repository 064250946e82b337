//! The function that makes sure: surveys everyone, once a day or when somebody asks, and queues whoever is not in step.

mod asked;
mod survey;

use std::sync::Arc;
use std::time::Duration;

use lambda::{Home, time_left};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::asked::{Asked, survey_hours};
use crate::survey::Reconciler;

/// What is kept of an invocation's time for storing how far it came, and for the answer.
const MARGIN: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda::start("reconciler");
    let reconciler = Arc::new(Reconciler::new(Home::open()?, survey_hours()?));
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let (reconciler, time) = (Arc::clone(&reconciler), time_left(&event.context, MARGIN));
        lambda::invocation(async move { reconciler.run(&Asked::parse(&event.payload)?, time).await })
    });
    lambda_runtime::run(handler).await
}
