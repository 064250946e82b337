//! What both simulators share: a loopback server that counts calls, waits, and fails on demand.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The largest request body a simulator reads, in bytes.
const REQUEST_LIMIT: usize = 64 << 20;
/// How many exchanges are remembered whole, when remembering is on.
const REMEMBERED: usize = 20_000;

/// One request and its answer, as they went over the wire.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request's method.
    pub method: Method,
    /// Path and query as sent.
    pub path: String,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request's body.
    pub body: Bytes,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's body.
    pub answer: Bytes,
}

/// What goes wrong instead of, or after, the real answer.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// This answer instead; the request has no effect.
    Answer {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: Vec<(&'static str, String)>,
        /// Its body.
        body: String,
    },
    /// The request takes effect, but a 502 is all the caller sees.
    LostAnswer,
    /// The real answer, cut after so many bytes.
    Cut(usize),
    /// The real answer after this long.
    Slow(Duration),
}

/// Trouble for the next `times` requests whose method and path match.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which method; any where `None`.
    pub method: Option<Method>,
    /// What the path with its query must contain.
    pub path: String,
    /// How many matching requests to let through first.
    pub after: usize,
    /// How many requests it strikes.
    pub times: usize,
    /// What happens.
    pub trouble: Trouble,
}

/// Everything that went over one simulator's wire, and what shall go wrong there.
#[derive(Debug, Default)]
pub struct Traffic {
    calls: Mutex<BTreeMap<String, u64>>,
    remembered: Mutex<VecDeque<Exchange>>,
    faults: Mutex<Vec<Fault>>,
    latency_ms: AtomicU64,
    remembering: AtomicUsize,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
}

impl Traffic {
    /// Calls so far by `METHOD /path/{id}`, ids replaced.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.lock().expect("traffic").clone()
    }

    /// All calls so far.
    pub fn total(&self) -> u64 {
        self.calls.lock().expect("traffic").values().sum()
    }

    /// Forgets counts, remembered exchanges and the peak.
    pub fn reset(&self) {
        self.calls.lock().expect("traffic").clear();
        self.remembered.lock().expect("traffic").clear();
        self.peak.store(0, Ordering::SeqCst);
    }

    /// Keeps whole exchanges from now on (bounded), for contract checks.
    pub fn remember(&self) {
        self.remembering.store(1, Ordering::SeqCst);
    }

    /// The exchanges remembered so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.remembered.lock().expect("traffic").iter().cloned().collect()
    }

    /// The most requests that were under way at once since the last reset.
    pub fn peak_in_flight(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }

    /// Every answer waits this long first.
    pub fn set_latency(&self, latency: Duration) {
        let ms = u64::try_from(latency.as_millis()).expect("a short latency");
        self.latency_ms.store(ms, Ordering::SeqCst);
    }

    /// Adds trouble; earlier trouble strikes first.
    pub fn fail(&self, fault: Fault) {
        self.faults.lock().expect("traffic").push(fault);
    }

    /// Takes all trouble away.
    pub fn heal(&self) {
        self.faults.lock().expect("traffic").clear();
    }

    fn trouble_for(&self, method: &Method, path: &str) -> Option<Trouble> {
        let mut faults = self.faults.lock().expect("traffic");
        let matching = |f: &Fault| f.method.as_ref().is_none_or(|m| m == method) && path.contains(&f.path);
        let at = faults.iter().position(matching)?;
        let fault = &mut faults[at];
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        let trouble = fault.trouble.clone();
        fault.times -= 1;
        if fault.times == 0 {
            faults.remove(at);
        }
        Some(trouble)
    }
}

/// A running simulator; it stops when this is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Serves `router` on a free loopback port, behind `traffic`.
    pub async fn start(router: Router, traffic: Arc<Traffic>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free loopback port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let app = router.layer(from_fn_with_state(traffic, pass));
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let until = async move {
                // Ends when the sender is dropped.
                let _ = stopped.await;
            };
            axum::serve(listener, app).with_graceful_shutdown(until).await.expect("a loopback server")
        });
        Server { address, _stop: stop }
    }

    /// `http://127.0.0.1:PORT`, without a final slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// `/api/systemusers/65f0…/x` -> `/api/systemusers/{id}/x`.
fn template(path: &str) -> String {
    let is_id = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits || (part.len() == 24 && part.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let parts: Vec<&str> = path.split('/').map(|part| if is_id(part) { "{id}" } else { part }).collect();
    parts.join("/")
}

async fn pass(State(traffic): State<Arc<Traffic>>, request: Request, next: Next) -> Response {
    let now = traffic.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
    traffic.peak.fetch_max(now, Ordering::SeqCst);
    let response = answer(&traffic, request, next).await;
    traffic.in_flight.fetch_sub(1, Ordering::SeqCst);
    response
}

async fn answer(traffic: &Traffic, request: Request, next: Next) -> Response {
    let name = format!("{} {}", request.method(), template(request.uri().path()));
    *traffic.calls.lock().expect("traffic").entry(name).or_default() += 1;
    let latency = traffic.latency_ms.load(Ordering::SeqCst);
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let trouble = traffic.trouble_for(request.method(), &path);
    if trouble.is_none() && traffic.remembering.load(Ordering::SeqCst) == 0 {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let body = to_bytes(body, REQUEST_LIMIT).await.unwrap_or_default();
    let (method, headers) = (head.method.clone(), head.headers.clone());
    let response = match trouble {
        Some(Trouble::Answer { status, headers, body }) => plain(status, &headers, body),
        Some(other) => {
            let real = next.run(Request::from_parts(head, Body::from(body.clone()))).await;
            after(other, real).await
        }
        None => next.run(Request::from_parts(head, Body::from(body.clone()))).await,
    };
    let (head, answer) = response.into_parts();
    let answer = to_bytes(answer, usize::MAX).await.unwrap_or_default();
    let mut remembered = traffic.remembered.lock().expect("traffic");
    if remembered.len() == REMEMBERED {
        remembered.pop_front();
    }
    remembered.push_back(Exchange { method, path, headers, body, status: head.status, answer: answer.clone() });
    Response::from_parts(head, Body::from(answer))
}

/// Sends something by itself, as a vendor does; the status, or `None` for no answer.
pub(crate) async fn post(client: &reqwest::Client, url: &str, headers: &[(String, String)], body: &str) -> Option<u16> {
    let mut request = client.post(url).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await.ok().map(|answer| answer.status().as_u16())
}

fn plain(status: u16, headers: &[(&'static str, String)], body: String) -> Response {
    let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().expect("a header value"));
    }
    response
}

async fn after(trouble: Trouble, real: Response) -> Response {
    match trouble {
        Trouble::LostAnswer => StatusCode::BAD_GATEWAY.into_response(),
        Trouble::Cut(at) => {
            let (mut head, body) = real.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
            head.headers.remove("content-length");
            Response::from_parts(head, Body::from(body.slice(..at.min(body.len()))))
        }
        Trouble::Slow(wait) => {
            tokio::time::sleep(wait).await;
            real
        }
        Trouble::Answer { .. } => real,
    }
}
