//! One function's real binary, and what AWS Lambda is to it: an environment, events, and somebody who waits.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc, oneshot};

use crate::Broken;
use crate::child;

/// How long a function may take to start, and for one event.
pub const PATIENCE: Duration = Duration::from_secs(900);

/// How an invocation ended.
type Answer = Result<Value, Broken>;

/// What the process talks to.
struct Runtime {
    waiting: AsyncMutex<mpsc::Receiver<(Value, oneshot::Sender<Answer>)>>,
    open: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    ready: Mutex<Option<Instant>>,
    told: Notify,
}

/// A running function. Killed when dropped.
pub struct Function {
    child: Child,
    send: mpsc::Sender<(Value, oneshot::Sender<Answer>)>,
    serving: tokio::task::JoinHandle<()>,
    /// From the start of the process to its first question for an event: what AWS calls init.
    pub init: Duration,
}

impl Function {
    /// Starts it, and waits until it asks for its first event. What it says is added to `log`.
    pub async fn start(binary: &Path, environment: &[(String, String)], log: &Path) -> Result<Function, Broken> {
        let (send, receive) = mpsc::channel(1);
        let runtime = Arc::new(Runtime {
            waiting: AsyncMutex::new(receive),
            open: Mutex::default(),
            ready: Mutex::default(),
            told: Notify::new(),
        });
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failure))
            .with_state(Arc::clone(&runtime));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let api = listener.local_addr().map_err(|error| error.to_string())?.to_string();
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        let file = OpenOptions::new().create(true).append(true).open(log);
        let file = file.map_err(|error| format!("{}: {error}", log.display()))?;
        let mut command = Command::new(binary);
        command.env_clear().envs(environment.iter().cloned()).envs([
            ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "measured"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "measured"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "measured"),
        ]);
        command.stdin(Stdio::null()).stderr(file.try_clone().map_err(|error| error.to_string())?).stdout(file);
        let started = Instant::now();
        let child = command.spawn().map_err(|error| format!("{} cannot be started: {error}", binary.display()))?;
        let mut function = Function { child, send, serving, init: Duration::ZERO };
        let told = tokio::time::timeout(PATIENCE, runtime.told.notified()).await;
        told.map_err(|_| format!("{} asks for no event; see {}", binary.display(), log.display()))?;
        let ready = *runtime.ready.lock().expect("no panic");
        function.init = ready.map(|ready| ready - started).unwrap_or_default();
        Ok(function)
    }

    /// One event, and what comes of it.
    pub async fn invoke(&self, event: Value) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.send.send((event, reply)).await.map_err(|_| "the function is gone".to_owned())?;
        let answer = tokio::time::timeout(PATIENCE, answer).await.map_err(|_| "no answer in time".to_owned())?;
        answer.map_err(|_| "no answer".to_owned())?
    }

    /// The most memory that it ever held, in bytes.
    pub fn peak(&self) -> u64 {
        child::peak_memory(self.child.id()).unwrap_or_default()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.serving.abort();
    }
}

async fn next(State(runtime): State<Arc<Runtime>>) -> Response {
    runtime.ready.lock().expect("no panic").get_or_insert_with(Instant::now);
    runtime.told.notify_one();
    let Some((event, reply)) = runtime.waiting.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let id = format!("{:?}", SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos());
    runtime.open.lock().expect("no panic").insert(id.clone(), reply);
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + PATIENCE;
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:measured".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event.to_string()).into_response()
}

fn settle(runtime: &Runtime, id: &str, answer: Answer) -> StatusCode {
    match runtime.open.lock().expect("no panic").remove(id) {
        Some(reply) => {
            let _ = reply.send(answer);
            StatusCode::ACCEPTED
        }
        None => StatusCode::BAD_REQUEST,
    }
}

async fn response(State(runtime): State<Arc<Runtime>>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    settle(&runtime, &id, Ok(serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

async fn failure(State(runtime): State<Arc<Runtime>>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    settle(&runtime, &id, Err(String::from_utf8_lossy(&body).into_owned()))
}
