//! The door: takes what HR systems send by themselves, proves it, and puts its hints on the queue. It can read no other
//! keys than those that deliveries are signed with, and nothing is said to a sender but a status.

mod door;
mod request;

use std::sync::Arc;
use std::time::Duration;

use lambda::{Home, time_left};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_runtime::{LambdaEvent, service_fn};

use crate::door::Door;

/// BambooHR waits ten seconds for an answer; a cold start, the network and the gateway take some of them.
const DEADLINE: Duration = Duration::from_secs(6);
/// What is kept of an invocation's time for its answer.
const MARGIN: Duration = Duration::from_secs(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda::start("webhook");
    let door = Arc::new(Door::new(Home::open()?));
    // Not `lambda_http::run`: it panics over a path that is no URL and over a body that is not base64, and anybody can
    // send those. Its event is read as it is instead.
    let handler = service_fn(move |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let (door, time) = (Arc::clone(&door), time_left(&event.context, MARGIN).min(DEADLINE));
        async move {
            let taken = lambda::invocation(async move { Ok(door.answer(event.payload, time).await) }).await;
            // A panic is our own fault like any other: the sender is to try again.
            Ok::<_, std::convert::Infallible>(taken.unwrap_or_else(|_| request::answer(request::OUR_FAULT)))
        }
    });
    lambda_runtime::run(handler).await
}
