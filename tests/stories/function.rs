//! One Lambda function's real binary, and what AWS Lambda is to it: events in, answers out, a process at a time.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use crate::world::binary;

/// How often one looks whether the process is still there.
const LOOK: Duration = Duration::from_millis(20);

/// How an invocation ended.
pub type Answer = Result<Value, String>;

struct Invocation {
    event: Value,
    reply: oneshot::Sender<Answer>,
}

/// What the process talks to.
struct Runtime {
    waiting: AsyncMutex<mpsc::Receiver<Invocation>>,
    open: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    timeout: Duration,
}

/// A function: one process, one event at a time, started again when it ends. Killed by its own process id when dropped.
pub struct Function {
    name: &'static str,
    environment: Vec<(String, String)>,
    log: PathBuf,
    timeout: Duration,
    send: mpsc::Sender<Invocation>,
    process: Mutex<Option<Child>>,
    retired: AtomicBool,
    turn: AsyncMutex<()>,
    _stop: oneshot::Sender<()>,
}

impl Function {
    /// Starts nothing yet: the process comes with the first event. Its log is added to `log`.
    pub async fn new(
        name: &'static str,
        environment: Vec<(String, String)>,
        timeout: Duration,
        log: &Path,
    ) -> Arc<Function> {
        let (send, receive) = mpsc::channel(1);
        let runtime = Arc::new(Runtime { waiting: AsyncMutex::new(receive), open: Mutex::default(), timeout });
        let app = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(runtime);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free loopback port");
        let api = listener.local_addr().expect("an address").to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let until = async move {
                let _ = stopped.await;
            };
            let _ = axum::serve(listener, app).with_graceful_shutdown(until).await;
        });
        let mut environment = environment;
        for (variable, value) in [
            ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", name),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stories"),
        ] {
            environment.push((variable.to_owned(), value.to_owned()));
        }
        let (process, turn, retired) = (Mutex::new(None), AsyncMutex::new(()), AtomicBool::new(false));
        let log = log.to_owned();
        Arc::new(Function { name, environment, log, timeout, send, process, retired, turn, _stop: stop })
    }

    /// One event, and what comes of it; `Err` is what Lambda calls an error: the function's own, its end, or no time.
    pub async fn invoke(&self, event: Value) -> Answer {
        let _one_at_a_time = self.turn.lock().await;
        if self.retired.load(Ordering::SeqCst) {
            return Err("the function is no more".to_owned());
        }
        self.start();
        let (reply, mut answer) = oneshot::channel();
        let sent = self.send.send(Invocation { event, reply }).await;
        sent.map_err(|_| "the runtime is gone".to_owned())?;
        let until = tokio::time::Instant::now() + self.timeout;
        loop {
            match tokio::time::timeout(LOOK, &mut answer).await {
                Ok(answer) => return answer.unwrap_or_else(|_| Err("no answer".to_owned())),
                Err(_) if tokio::time::Instant::now() >= until => {
                    self.kill();
                    return Err(format!("Task timed out after {:?}", self.timeout));
                }
                Err(_) if !self.is_running() => return Err("Runtime.ExitError".to_owned()),
                Err(_) => {}
            }
        }
    }

    /// Whether it has an event under way.
    pub fn is_busy(&self) -> bool {
        self.turn.try_lock().is_err()
    }

    /// Ends the process as a power cut would, for ever.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::SeqCst);
        self.kill();
    }

    /// Ends the process as a power cut would.
    pub fn kill(&self) {
        if let Some(mut child) = self.process.lock().expect("no panic with a process").take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn is_running(&self) -> bool {
        let mut process = self.process.lock().expect("no panic with a process");
        process.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    fn start(&self) {
        if self.is_running() {
            return;
        }
        let log = OpenOptions::new().create(true).append(true).open(&self.log).expect("a log can be written");
        let mut command = Command::new(binary(self.name));
        command.env_clear().envs(self.environment.iter().cloned()).stdin(Stdio::null());
        command.stderr(log.try_clone().expect("a file has another handle")).stdout(log);
        *self.process.lock().expect("no panic with a process") = Some(command.spawn().expect("the function starts"));
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn next(State(runtime): State<Arc<Runtime>>) -> Response {
    let Some(Invocation { event, reply }) = runtime.waiting.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let id = format!("{:032x}", fastrand::u128(..));
    runtime.open.lock().expect("no panic").insert(id.clone(), reply);
    let deadline = SystemTime::now() + runtime.timeout;
    let deadline = deadline.duration_since(UNIX_EPOCH).expect("after 1970").as_millis().to_string();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", &deadline),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:stories"),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000"),
        ("content-type", "application/json"),
    ] {
        headers.insert(name, HeaderValue::from_str(value).expect("a header"));
    }
    (headers, event.to_string()).into_response()
}

fn answer(runtime: &Runtime, id: &str, answer: Answer) -> StatusCode {
    match runtime.open.lock().expect("no panic").remove(id) {
        Some(reply) => {
            let _ = reply.send(answer);
            StatusCode::ACCEPTED
        }
        None => StatusCode::BAD_REQUEST,
    }
}

async fn response(State(runtime): State<Arc<Runtime>>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    answer(&runtime, &id, Ok(serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

async fn error(State(runtime): State<Arc<Runtime>>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    answer(&runtime, &id, Err(String::from_utf8_lossy(&body).into_owned()))
}

async fn init_error(body: Bytes) -> StatusCode {
    eprintln!("a function cannot start: {}", String::from_utf8_lossy(&body));
    StatusCode::ACCEPTED
}
