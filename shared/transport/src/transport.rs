//! The rim: sockets, clocks and chance. What to do is decided in `retry` and `pace`.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, Uri};
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout};

use crate::call::{Limits, Request, Response, Safety};
use crate::fault::Fault;
use crate::pace::Gate;
use crate::quota::{self, Quota};
use crate::retry::{Ended, Standing, Step, next, overloaded};
use crate::retry_after;

/// How long a connection may take to come about: both vendors are one continent away at most.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept. Load balancers close theirs after 60 s, and a request sent into a closing one
/// is a doubtful one.
const IDLE_LIMIT: Duration = Duration::from_secs(20);
/// The room first made for a body whose length is not stated, in bytes.
const BODY_START: usize = 16 << 10;

/// The endpoint of those who pace all of a vendor's together.
const EVERYWHERE: &str = "";

/// Sends requests to one vendor. Clones share connections, pace and count.
#[derive(Clone, Debug)]
pub struct Transport {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    vendor: &'static str,
    /// Through the environment's proxy, where there is one.
    outward: OnceLock<Result<reqwest::Client, String>>,
    /// To this very machine, never through a proxy.
    loopback: OnceLock<Result<reqwest::Client, String>>,
    /// One for each endpoint that is paced apart. Their names are ours, so there are few.
    gates: Mutex<BTreeMap<&'static str, Arc<Gate>>>,
    calls: AtomicU64,
}

/// How one attempt ended, with what the reader of a fault wants to know.
enum Attempt {
    Answered(StatusCode, HeaderMap, Told, Result<Bytes, Broken>),
    NotSent(String),
    Lost(String),
}

/// What an answer says of the pace.
#[derive(Clone, Copy)]
struct Told {
    /// How long to wait before this request is sent again.
    wait: Option<Duration>,
    quota: Option<Quota>,
}

/// Why a body could not be read.
enum Broken {
    TooLarge,
    Lost(String),
}

impl Transport {
    /// For `vendor`, the name that faults and logs show. Nothing is opened yet.
    pub fn new(vendor: &'static str) -> Transport {
        let inner = Inner {
            vendor,
            outward: OnceLock::new(),
            loopback: OnceLock::new(),
            gates: Mutex::default(),
            calls: AtomicU64::new(0),
        };
        Transport { inner: Arc::new(inner) }
    }

    /// How many attempts were sent so far.
    pub fn calls(&self) -> u64 {
        self.inner.calls.load(Ordering::Relaxed)
    }

    /// Sends one request, again where that is safe and promises something, within `limits`. No redirect is followed.
    ///
    /// # Errors
    /// Any other answer than success is not an error here: statuses that are not worth repeating are handed over.
    /// [`Fault::RateLimited`], [`Fault::Unavailable`], [`Fault::Unsure`] and, for a body that is too large,
    /// [`Fault::Malformed`].
    pub async fn send(&self, request: Request, safety: Safety, limits: &Limits) -> Result<Response, Fault> {
        self.send_to(EVERYWHERE, request, safety, limits).await
    }

    /// The same, paced together with other requests to `endpoint` only: for a vendor that counts each endpoint apart.
    /// The name is the caller's own, one of a few.
    ///
    /// # Errors
    /// As [`Transport::send`].
    pub async fn send_to(
        &self,
        endpoint: &'static str,
        request: Request,
        safety: Safety,
        limits: &Limits,
    ) -> Result<Response, Fault> {
        let gate = self.gate(endpoint);
        let vendor = self.inner.vendor;
        let client = self.client(request.uri()).map_err(|detail| Fault::Unavailable { vendor, detail })?;
        let deadline = Instant::now() + limits.deadline;
        let mut made = 0;
        loop {
            let entered = gate.enter(deadline).await;
            let leave = entered.map_err(|wait| Fault::RateLimited { vendor, wait: Some(wait) })?;
            made += 1;
            let sent = Instant::now();
            let attempt = self.attempt(client, &request, limits, deadline).await;
            drop(leave);
            if let Some(quota) = attempt.quota() {
                gate.tell(sent, quota);
            }
            let milliseconds = u64::try_from(sent.elapsed().as_millis()).unwrap_or(u64::MAX);
            let ended = attempt.ended();
            let method = request.method().as_str();
            let status = match ended {
                Ended::Answered { status, .. } => status.as_u16(),
                Ended::NotSent | Ended::Lost => 0,
            };
            tracing::debug!(vendor, method, status, attempt = made, milliseconds, "sent");
            metrics::counter!("calls", "vendor" => vendor, "answer" => answer(status)).increment(1);
            let left = deadline.saturating_duration_since(Instant::now());
            let standing = Standing { safety, made, allowed: limits.attempts, left, chance: fastrand::f64() };
            let step = next(ended, standing);
            if overloaded(ended) {
                gate.slow(sent, attempt.pause(step));
            } else if matches!(ended, Ended::Answered { .. }) {
                gate.succeed();
            }
            match step {
                Step::Again(wait) => sleep(wait).await,
                Step::Deliver => return attempt.deliver(vendor, limits),
                Step::Limited(wait) => return Err(Fault::RateLimited { vendor, wait }),
                Step::Unavailable => return Err(Fault::Unavailable { vendor, detail: attempt.detail() }),
                Step::Unsure => return Err(Fault::Unsure { vendor, detail: attempt.detail() }),
            }
        }
    }

    fn gate(&self, endpoint: &'static str) -> Arc<Gate> {
        // Each change is one insertion; a panic elsewhere leaves nothing half done.
        let mut gates = self.inner.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(endpoint).or_default())
    }

    fn client(&self, uri: &Uri) -> Result<&reqwest::Client, String> {
        let loopback = is_loopback(uri);
        let kept = if loopback { &self.inner.loopback } else { &self.inner.outward };
        kept.get_or_init(|| client(loopback)).as_ref().map_err(Clone::clone)
    }

    async fn attempt(
        &self,
        client: &reqwest::Client,
        request: &Request,
        limits: &Limits,
        deadline: Instant,
    ) -> Attempt {
        let time = limits.each.min(deadline.saturating_duration_since(Instant::now()));
        match timeout(time, self.exchange(client, request, limits.body)).await {
            Ok(attempt) => attempt,
            Err(_) => Attempt::Lost(format!("no answer within {} s", time.as_secs_f64().ceil())),
        }
    }

    async fn exchange(&self, client: &reqwest::Client, request: &Request, body_limit: usize) -> Attempt {
        let mut outgoing = match reqwest::Request::try_from(request.clone()) {
            Ok(outgoing) => outgoing,
            Err(error) => return Attempt::NotSent(cause(&error)),
        };
        if request.body().is_empty() {
            *outgoing.body_mut() = None;
        }
        self.inner.calls.fetch_add(1, Ordering::Relaxed);
        let mut answer = match client.execute(outgoing).await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() || error.is_builder() => return Attempt::NotSent(cause(&error)),
            Err(error) => return Attempt::Lost(cause(&error)),
        };
        let headers = std::mem::take(answer.headers_mut());
        let told = Told::by(answer.status(), &headers, Timestamp::now());
        let body = read(&mut answer, body_limit).await;
        Attempt::Answered(answer.status(), headers, told, body)
    }
}

impl Told {
    fn by(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Told {
        let quota = quota::read(headers, now);
        let wait = retry_after::wait(headers, now);
        // Who refuses because there were too many, and says when the next window begins, need not be asked before.
        let next = || quota.filter(|quota| status == StatusCode::TOO_MANY_REQUESTS && quota.remaining == 0);
        Told { wait: wait.or_else(|| next().map(|quota| quota.window)), quota }
    }
}

impl Attempt {
    fn quota(&self) -> Option<Quota> {
        match self {
            Attempt::Answered(_, _, told, _) => told.quota,
            Attempt::NotSent(_) | Attempt::Lost(_) => None,
        }
    }

    fn ended(&self) -> Ended {
        match self {
            // Half an answer to a request that was taken is none.
            Attempt::Answered(status, _, _, Err(Broken::Lost(_))) if status.is_success() => Ended::Lost,
            Attempt::Answered(status, _, told, _) => Ended::Answered { status: *status, wait: told.wait },
            Attempt::NotSent(_) => Ended::NotSent,
            Attempt::Lost(_) => Ended::Lost,
        }
    }

    /// How long everybody waits after a refusal: what the vendor asks for, else what this call waits itself.
    fn pause(&self, step: Step) -> Duration {
        match (self, step) {
            (Attempt::Answered(_, _, Told { wait: Some(asked), .. }, _), _) => *asked,
            (_, Step::Again(wait)) => wait,
            _ => Duration::ZERO,
        }
    }

    fn detail(self) -> String {
        match self {
            Attempt::Answered(status, _, _, Ok(_) | Err(Broken::TooLarge)) => format!("HTTP {}", status.as_u16()),
            Attempt::Answered(status, _, _, Err(Broken::Lost(why))) => format!("HTTP {}, then {why}", status.as_u16()),
            Attempt::NotSent(why) | Attempt::Lost(why) => why,
        }
    }

    fn deliver(self, vendor: &'static str, limits: &Limits) -> Result<Response, Fault> {
        match self {
            Attempt::Answered(status, headers, _, Ok(body)) => Ok(Response { status, headers, body }),
            // The status says enough where it is not a success; its body would only explain.
            Attempt::Answered(status, headers, _, Err(Broken::Lost(_))) => {
                Ok(Response { status, headers, body: Bytes::new() })
            }
            Attempt::Answered(_, _, _, Err(Broken::TooLarge)) => {
                let detail = format!("larger than {} bytes", limits.body);
                Err(Fault::Malformed { vendor, call: "a call", detail })
            }
            Attempt::NotSent(detail) | Attempt::Lost(detail) => Err(Fault::Unavailable { vendor, detail }),
        }
    }
}

/// The kind of an answer, for counting. What a person does something about has a kind of its own.
fn answer(status: u16) -> &'static str {
    match status {
        0 => "none",
        401 => "401",
        403 => "403",
        429 => "429",
        1..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

async fn read(answer: &mut reqwest::Response, limit: usize) -> Result<Bytes, Broken> {
    let stated = answer.content_length().map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    if stated.is_some_and(|n| n > limit) {
        return Err(Broken::TooLarge);
    }
    let mut body = BytesMut::with_capacity(stated.unwrap_or(BODY_START).min(limit));
    loop {
        match answer.chunk().await {
            Ok(None) => return Ok(body.freeze()),
            Ok(Some(chunk)) if chunk.len() > limit - body.len() => return Err(Broken::TooLarge),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => return Err(Broken::Lost(cause(&error))),
        }
    }
}

fn client(loopback: bool) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        // One place decides what is sent again.
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_LIMIT)
        .pool_idle_timeout(IDLE_LIMIT);
    let builder = if loopback { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| cause(&error))
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The innermost reason: it names no URL.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: Option<&(dyn Error + 'static)> = error.source();
    while let Some(deeper) = innermost.and_then(Error::source) {
        innermost = Some(deeper);
    }
    match innermost {
        Some(reason) => reason.to_string(),
        None if error.is_builder() => "the address is no URL".to_owned(),
        None => "the connection failed".to_owned(),
    }
}

#[cfg(test)]
mod tests;
