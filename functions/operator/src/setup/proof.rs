//! Proves a door: a signed delivery that names nobody is taken, and one that is signed with another key is not.

use std::time::Duration;

use bytes::Bytes;
use hris::Webhook;
use mapping::configuration::Connection;
use mapping::secret::Secret;
use tokio::time::{Instant, sleep};
use transport::{Fault, Limits, Safety, Transport};

use crate::check::Findings;
use crate::exit::Exit;
use crate::home::Desk;

/// One delivery: a function that starts cold takes a few seconds, and an answer has no body to speak of.
const DELIVERY: Limits =
    Limits { body: 64 << 10, deadline: Duration::from_secs(20), attempts: 1, each: Duration::from_secs(20) };
/// How long the functions may take to see new rules and keys: they look every 30 seconds.
const AWS_PATIENCE: Duration = Duration::from_secs(75);
/// Between two deliveries while waiting for them.
const PAUSE: Duration = Duration::from_secs(5);
/// What nobody's webhook is signed with.
const NO_KEY_OF_ANYBODY: &str = "this signature is to be refused";

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// HTTP status.
    Status(u16),
    /// Nobody answered.
    None(String),
}

/// Proves it.
pub async fn prove(desk: &Desk, connection: &Connection, key: &Secret, url: &str) -> Findings {
    let mut found = Findings::new();
    let name = connection.name.as_str();
    let transport = Transport::new("the door");
    let patience = if desk.is_aws() { AWS_PATIENCE } else { Duration::ZERO };
    let until = Instant::now() + patience;
    let signed = Webhook::new(connection, Some(key.clone()));
    let mut told = false;
    let answer = loop {
        let answer = deliver(&transport, desk, &signed, url).await;
        let may_pass = matches!(answer, Answer::Status(401 | 404 | 500..));
        if !may_pass || Instant::now() + PAUSE > until {
            break answer;
        }
        if !told {
            told = true;
            eprintln!("hirewire: waiting up to {} s for the functions to see what is new", patience.as_secs());
        }
        sleep(PAUSE).await;
    };
    if !matches!(answer, Answer::Status(200..300)) {
        explain(desk, connection, url, &answer, &mut found);
        return found;
    }
    let forged = Webhook::new(connection, Some(Secret::new(NO_KEY_OF_ANYBODY)));
    match deliver(&transport, desk, &forged, url).await {
        // On AWS keys that were read a moment ago may have been changed since: it says then that one is to try again.
        Answer::Status(status) if status == 401 || (status == 503 && desk.is_aws()) => {
            found.good(name, format!("the door at {url} takes what is signed with the kept key, and nothing else"));
        }
        Answer::Status(200..300) => found.fault(
            name,
            format!("the door at {url} takes deliveries with a wrong signature as well"),
            "something else than hirewire answers there; look where --door leads".to_owned(),
            Exit::Some,
        ),
        Answer::Status(status) => found.fault(
            name,
            format!("the door at {url} answers a wrong signature with HTTP {status} instead of 401"),
            "look whether a proxy or firewall before the door answers in its place".to_owned(),
            Exit::Some,
        ),
        Answer::None(why) => explain(desk, connection, url, &Answer::None(why), &mut found),
    }
    found
}

async fn deliver(transport: &Transport, desk: &Desk, webhook: &Webhook, url: &str) -> Answer {
    let body = webhook.nobody();
    let request = webhook.sign(body, desk.clock.now()).map_err(|refusal| refusal.to_string()).and_then(|headers| {
        let mut request = http::Request::post(url).body(Bytes::from_static(body)).map_err(|error| error.to_string())?;
        request.headers_mut().extend(headers);
        Ok(request)
    });
    let request = match request {
        Ok(request) => request,
        Err(why) => return Answer::None(why),
    };
    match transport.send(request, Safety::Repeatable, &DELIVERY).await {
        Ok(response) => Answer::Status(response.status.as_u16()),
        Err(Fault::RateLimited { .. }) => Answer::Status(429),
        Err(fault) => {
            let detail = match fault {
                Fault::Unavailable { detail, .. } | Fault::Unsure { detail, .. } | Fault::Malformed { detail, .. } => {
                    detail
                }
                Fault::RateLimited { .. }
                | Fault::KeyRefused { .. }
                | Fault::Rejected { .. }
                | Fault::NotFound { .. } => fault.to_string(),
            };
            // An answer that is worth repeating is told by its status, and so it is one.
            let status = detail.strip_prefix("HTTP ").and_then(|status| status.get(..3)?.parse().ok());
            status.map_or(Answer::None(detail), Answer::Status)
        }
    }
}

/// What an answer means, and what to do.
fn explain(desk: &Desk, connection: &Connection, url: &str, answer: &Answer, found: &mut Findings) {
    let (name, vendor) = (connection.name.as_str(), hris::vendor(connection.source));
    let makes_webhooks = Webhook::new(connection, None).steps(url).is_none();
    let again = "then run `hirewire setup` again";
    let aws = desk.is_aws();
    let (what, todo, exit) = match answer {
        Answer::Status(401) => (
            "it knows another key than the one that is kept, or its clock is more than five minutes off".to_owned(),
            if !aws {
                format!("stop `hirewire serve` and start it again, because it reads the key when it starts; {again}")
            } else if makes_webhooks {
                format!("wait a minute, {again}; if it stays so, `hirewire setup --remove-webhooks` and once more")
            } else {
                format!("wait a minute, {again}; if it stays so, bring the webhook's secret once more with --key")
            },
            Exit::Some,
        ),
        Answer::Status(404) => (
            format!("it knows no connection `{name}`"),
            if aws {
                format!("run `hirewire rules push`, wait a minute, {again}")
            } else {
                format!("look whether --door leads to `hirewire serve`, started with this very configuration; {again}")
            },
            Exit::Some,
        ),
        Answer::Status(503) => (
            "it cannot read its key or its store yet".to_owned(),
            if aws {
                format!("look at the log of the webhook function (may its role read the secret?), {again}")
            } else {
                format!("look at the log of `hirewire serve`, {again}")
            },
            Exit::Some,
        ),
        Answer::Status(status @ 300..=399) => (
            format!("it points to another address (HTTP {status}), and {vendor} need not follow"),
            format!("give that address as --door, {again}"),
            Exit::Some,
        ),
        Answer::Status(status) => (
            format!("it answers HTTP {status}"),
            format!("look whether a proxy or firewall before the door answers in its place, {again}"),
            Exit::Some,
        ),
        Answer::None(why) => (
            format!("nobody answers there ({why})"),
            if aws {
                format!("compare it with the address that `sam deploy` printed, {again}")
            } else {
                format!("start `hirewire serve` behind your TLS proxy, {again}")
            },
            Exit::Away,
        ),
    };
    found.fault(name, format!("the door at {url} does not take a signed delivery: {what}"), todo, exit);
}
