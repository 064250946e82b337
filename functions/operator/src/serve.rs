//! `hirewire serve`: one process that polls, takes webhooks, wakes who is due, and works the queue, until told to stop.

mod rest;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::future::try_join_all;
use intake::{Receipt, ReceiveError};
use jiff::{SignedDuration, Timestamp};
use mapping::employee::ConnectionName;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use workflow::{Drained, Mode, Selection, Site, Stops, Trouble, Until};

use crate::arguments::ServeArguments;
use crate::exit::{Exit, Failure};
use crate::home::Home;
use crate::serve::rest::{Rest, Turn};
use crate::words;

/// The largest webhook body, in bytes. BambooHR documents none; a batch of hundreds of people is far smaller.
const BODY_LIMIT: usize = 1 << 20;
/// How long a webhook may take to arrive whole.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// How often the schedule looks at the clock.
const TICK: Duration = Duration::from_millis(200);
/// How long a schedule that failed waits before it tries again, in seconds.
const AFTER_FAILURE: i64 = 30;

/// Serves until SIGTERM or Ctrl-C. People under way are finished first.
pub async fn run(home: Home, how: &ServeArguments) -> Result<Exit, Failure> {
    if home.desk.is_aws() {
        return Err(Failure::usage("this home's functions do the work on AWS; `serve` is for one machine"));
    }
    let (stop, stopped) = watch::channel(false);
    // Heard from here on: whoever sees the door open may already say stop.
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::usage)?;
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        tracing::warn!("stopping: people under way are finished first");
        let _ = stop.send(true);
    });
    let cannot_listen = |error| Failure::usage(format!("cannot listen on {}: {error}", how.listen));
    let listener = TcpListener::bind(how.listen).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    eprintln!("hirewire: serving; webhooks at http://{address}/webhook/CONNECTION");
    words::modes(&home.desk, &[]).iter().for_each(|line| eprintln!("hirewire: {line}"));
    serve(Arc::new(home), how, listener, stopped).await
}

/// Serves until `stopped` says so.
pub async fn serve(
    home: Arc<Home>,
    how: &ServeArguments,
    listener: TcpListener,
    stopped: watch::Receiver<bool>,
) -> Result<Exit, Failure> {
    let app = Router::new()
        .route("/webhook/{connection}", post(webhook))
        .route("/health", get(health))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::clone(&home));
    let mut until = stopped.clone();
    let door = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _ = until.wait_for(|stop| *stop).await;
    });
    let door = async { door.await.map_err(|error| Failure::usage(format!("the webhook door broke: {error}"))) };
    // Whichever of the three ends with a fault ends the process; a clean stop lets all three finish.
    let ((), exit, ()) = tokio::try_join!(door, work(&home, stopped.clone()), schedule(&home, how, stopped))?;
    Ok(exit)
}

/// Works the queue. JumpCloud's refused key stops everything, and so does an HR system's once nobody is left who is not
/// refused: going on would get the key locked out.
async fn work(home: &Home, stopped: watch::Receiver<bool>) -> Result<Exit, Failure> {
    let now = || home.desk.clock.now();
    let in_flight = home.desk.configuration.in_flight;
    let drained = home.workflow.drain(in_flight, Until::Told(stopped), &now, &|_| {}, &|_| {}).await?;
    match drained {
        Drained { stopped: Some(trouble), .. } => Err(trouble.into()),
        Drained { stopped: None, .. } => Ok(Exit::Done),
    }
}

/// The schedule: each connection by itself, so that one HR system that hangs holds up nobody else's people, and moments
/// that were foreseen apart from all of them. A stop does not wait for HR: what a poll or a survey has not queued yet is
/// found again by the next.
async fn schedule(home: &Home, how: &ServeArguments, stopped: watch::Receiver<bool>) -> Result<(), Failure> {
    let connections = home.workflow.sites.iter().map(|(name, site)| keep_up(home, how, name, site));
    let mut stop = stopped;
    tokio::select! {
        result = try_join_all(connections) => result.map(drop),
        result = wake(home) => result,
        _ = stop.wait_for(|stop| *stop) => Ok(()),
    }
}

/// Polls and surveys one connection, for ever.
async fn keep_up(home: &Home, how: &ServeArguments, name: &ConnectionName, site: &Site) -> Result<(), Failure> {
    let poll_every = seconds(how.poll_every);
    let survey_every = seconds(how.survey_every * 3600);
    let schedule = home.desk.configuration.connections.iter().find(|c| c.name == *name).and_then(|c| c.poll.as_ref());
    let poll_again = |now| match schedule {
        // The calendar's end is nobody's concern.
        Some(schedule) => schedule.next(now).unwrap_or(now),
        None => later(now, poll_every),
    };
    let start = home.desk.clock.now();
    let last = home.workflow.last_survey(name).await?;
    let (mut next_poll, mut next_survey) = (start, last.map_or(start, |last| later(last, survey_every)));
    let mut rest = Rest::default();
    loop {
        let now = home.desk.clock.now();
        match rest.look(name, site, &home.desk.secrets).await {
            Turn::Works => {}
            // Whoever changed meanwhile.
            Turn::GoesOn => next_poll = now,
            Turn::Rests => {
                tokio::time::sleep(TICK).await;
                continue;
            }
        }
        if now >= next_survey {
            next_survey = match survey(home, name, now).await {
                Ok(()) => later(now, survey_every),
                Err(trouble) => after(trouble, name, "survey", home.desk.clock.now())?,
            };
        }
        if now >= next_poll {
            next_poll = match poll(home, name, site, now).await {
                Ok(()) => poll_again(now),
                Err(trouble) => after(trouble, name, "poll", home.desk.clock.now())?,
            };
        }
        tokio::time::sleep(TICK).await;
    }
}

/// Wakes whoever is due, for ever.
async fn wake(home: &Home) -> Result<(), Failure> {
    loop {
        let due = intake::wake_due(&home.workflow.store, &home.workflow.queue, home.desk.clock.now()).await?;
        if due > 0 {
            tracing::info!(people = due, "woken: their moment has come");
        }
        tokio::time::sleep(TICK).await;
    }
}

fn seconds(seconds: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(seconds).expect("the command line has limits"))
}

fn later(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.saturating_add(by).expect("the schedule's steps are fixed spans")
}

async fn survey(home: &Home, name: &ConnectionName, now: Timestamp) -> Result<(), Trouble> {
    let selection = Selection { connections: vec![name.clone()], ..Selection::default() };
    let in_flight = home.desk.configuration.in_flight;
    let surveyed = home.workflow.survey(&selection, Mode::Queue, in_flight, now, &mut |_| {}, &|_| {}).await?;
    for one in &surveyed {
        tracing::info!(
            connection = name.as_str(),
            people = one.people,
            to_do = one.to_do,
            held = one.held,
            missing = one.missing.len(),
            complete = one.doubts.is_empty(),
            "surveyed"
        );
        for doubt in &one.doubts {
            tracing::warn!(connection = name.as_str(), %doubt, "nothing is taken away on this list's word");
        }
    }
    Ok(())
}

async fn poll(home: &Home, name: &ConnectionName, site: &Site, now: Timestamp) -> Result<(), Trouble> {
    if site.rules.mode != mapping::rules::Mode::On {
        return Ok(());
    }
    let polled = intake::poll(&site.source(), &home.workflow.store, &home.workflow.queue, now).await;
    let polled = polled.map_err(|error| match error {
        intake::PollError::Hr(fault) => site.trouble(fault),
        intake::PollError::State(error) => Trouble::State(error),
    })?;
    if polled.changed > 0 {
        tracing::info!(connection = name.as_str(), people = polled.changed, "HR changed people");
    }
    Ok(())
}

/// When to try again what failed. JumpCloud's refused key ends the process.
fn after(trouble: Trouble, name: &ConnectionName, what: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    match trouble.stops() {
        Stops::Everything => Err(trouble.into()),
        // As soon as it rests no more.
        Stops::Connection(_) => Ok(now),
        Stops::Nothing => {
            tracing::warn!(connection = name.as_str(), error = trouble.for_log(), "{what} failed; tried again soon");
            Ok(later(now, SignedDuration::from_secs(AFTER_FAILURE)))
        }
    }
}

/// For whoever watches: 200 where all is well, and 503 with the names of the connections that rest.
async fn health(State(home): State<Arc<Home>>) -> Response {
    let resting = home.workflow.resting();
    if resting.is_empty() {
        return "ok\n".into_response();
    }
    let lines: String = resting.iter().map(|name| format!("{name} rests: its key is refused\n")).collect();
    (StatusCode::SERVICE_UNAVAILABLE, lines).into_response()
}

/// The door. Nothing is said to the sender but a status: no hint of what exists here.
async fn webhook(
    State(home): State<Arc<Home>>,
    Path(connection): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let door = ConnectionName::parse(&connection).ok().and_then(|name| home.doors.get(&name));
    let Some(door) = door else { return StatusCode::NOT_FOUND.into_response() };
    let body = match tokio::time::timeout(BODY_DEADLINE, axum::body::to_bytes(body, BODY_LIMIT)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let (store, queue) = (&home.workflow.store, &home.workflow.queue);
    match intake::receive(door, store, queue, &headers, &body, home.desk.clock.now()).await {
        Ok(Receipt::Queued(_) | Receipt::Replayed) => StatusCode::OK.into_response(),
        Err(error) => {
            log_refusal(&error, &connection);
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE).into_response()
        }
    }
}

fn log_refusal(error: &ReceiveError, connection: &str) {
    tracing::warn!(connection, %error, "webhook not taken");
}
