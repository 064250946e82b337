//! The function that acts: brings the people whom a batch of messages names to what HR says. The only one that may read
//! the key that writes.

mod batch;
mod one;
mod work;

use std::sync::Arc;
use std::time::Duration;

use lambda::{Home, time_left};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::work::Provisioner;

/// What is kept of an invocation's time for giving back what was not done, and for the answer.
const MARGIN: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda::start("provisioner");
    let provisioner = Arc::new(Provisioner::new(Home::open()?));
    let handler = service_fn(move |event: LambdaEvent<Value>| {
        let (provisioner, time) = (Arc::clone(&provisioner), time_left(&event.context, MARGIN));
        lambda::invocation(async move { provisioner.work(event.payload, time).await })
    });
    lambda_runtime::run(handler).await
}
