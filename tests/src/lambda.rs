//! What AWS Lambda is to one function's real process: somebody to ask for events, and to answer them to.
//!
//! The stories and the benchmark both need it; how the process is started and ended is their own.

pub mod emulator;
pub mod events;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// How an invocation ended.
pub type Answer = Result<Value, String>;

struct Invocation {
    event: Value,
    reply: oneshot::Sender<Answer>,
}

/// What the process talks to.
struct Desk {
    waiting: AsyncMutex<mpsc::Receiver<Invocation>>,
    open: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    first_asked: watch::Sender<Option<Instant>>,
    timeout: Duration,
}

/// One function's runtime API. Closed when dropped.
pub struct Runtime {
    address: String,
    send: mpsc::Sender<Invocation>,
    first_asked: watch::Receiver<Option<Instant>>,
    serving: JoinHandle<()>,
}

impl Runtime {
    /// Opens one whose events must be answered within `timeout`: that is what the function is told, nobody ends it here.
    ///
    /// # Panics
    /// Where no loopback port is free.
    pub async fn open(timeout: Duration) -> Runtime {
        let (send, receive) = mpsc::channel(1);
        let (asks, first_asked) = watch::channel(None);
        let waiting = AsyncMutex::new(receive);
        let desk = Arc::new(Desk { waiting, open: Mutex::default(), first_asked: asks, timeout });
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(desk);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free loopback port");
        let address = listener.local_addr().expect("an address").to_string();
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Runtime { address, send, first_asked, serving }
    }

    /// What a process needs in its environment to be this function.
    pub fn environment(&self, name: &str, megabytes: u32) -> [(&'static str, String); 6] {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address.clone()),
            ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", megabytes.to_string()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", name.to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "tests".to_owned()),
        ]
    }

    /// Has an event wait until the process asks for one; where its answer comes.
    ///
    /// # Errors
    /// When nobody takes events any more.
    pub async fn send(&self, event: Value) -> Result<oneshot::Receiver<Answer>, String> {
        let (reply, answer) = oneshot::channel();
        let sent = self.send.send(Invocation { event, reply }).await;
        sent.map_err(|_| "the runtime is gone".to_owned())?;
        Ok(answer)
    }

    /// Waits until the process asks for its first event; when that was.
    ///
    /// # Errors
    /// When nobody can ask any more.
    pub async fn first_asked(&self) -> Result<Instant, String> {
        let mut first_asked = self.first_asked.clone();
        let asked = first_asked.wait_for(Option::is_some).await.map_err(|_| "the runtime is gone".to_owned())?;
        Ok(asked.expect("it was waited for"))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn next(State(desk): State<Arc<Desk>>) -> Response {
    desk.first_asked.send_if_modified(|first| {
        let is_first = first.is_none();
        first.get_or_insert_with(Instant::now);
        is_first
    });
    let Some(Invocation { event, reply }) = desk.waiting.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let id = format!("{:032x}", fastrand::u128(..));
    desk.open.lock().expect("no panic").insert(id.clone(), reply);
    let deadline = SystemTime::now() + desk.timeout;
    let deadline = deadline.duration_since(UNIX_EPOCH).expect("after 1970").as_millis().to_string();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", &deadline),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:tests"),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000"),
        ("content-type", "application/json"),
    ] {
        headers.insert(name, HeaderValue::from_str(value).expect("a header"));
    }
    (headers, event.to_string()).into_response()
}

fn answer(desk: &Desk, id: &str, answer: Answer) -> StatusCode {
    match desk.open.lock().expect("no panic").remove(id) {
        Some(reply) => {
            let _ = reply.send(answer);
            StatusCode::ACCEPTED
        }
        None => StatusCode::BAD_REQUEST,
    }
}

async fn response(State(desk): State<Arc<Desk>>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    answer(&desk, &id, Ok(serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

async fn error(State(desk): State<Arc<Desk>>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    answer(&desk, &id, Err(String::from_utf8_lossy(&body).into_owned()))
}

async fn init_error(body: Bytes) -> StatusCode {
    eprintln!("a function cannot start: {}", String::from_utf8_lossy(&body));
    StatusCode::ACCEPTED
}
