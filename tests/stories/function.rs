//! One Lambda function's real binary, and what AWS Lambda is to it: events in, answers out, a process at a time.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tests::lambda::{Answer, Runtime};
use tokio::sync::Mutex as AsyncMutex;

use crate::world::binary;

/// What a function is given, in megabytes.
const MEMORY: u32 = 256;
/// How often one looks whether the process is still there.
const LOOK: Duration = Duration::from_millis(20);

/// A function: one process, one event at a time, started again when it ends. Killed by its own process id when dropped.
pub struct Function {
    name: &'static str,
    environment: Vec<(String, String)>,
    log: PathBuf,
    timeout: Duration,
    runtime: Runtime,
    process: Mutex<Option<Child>>,
    retired: AtomicBool,
    turn: AsyncMutex<()>,
}

impl Function {
    /// Starts nothing yet: the process comes with the first event. Its log is added to `log`.
    pub async fn new(
        name: &'static str,
        environment: Vec<(String, String)>,
        timeout: Duration,
        log: &Path,
    ) -> Arc<Function> {
        let runtime = Runtime::open(timeout).await;
        let mut environment = environment;
        let lambda = runtime.environment(name, MEMORY);
        environment.extend(lambda.map(|(variable, value)| (variable.to_owned(), value)));
        let (process, turn, retired) = (Mutex::new(None), AsyncMutex::new(()), AtomicBool::new(false));
        let log = log.to_owned();
        Arc::new(Function { name, environment, log, timeout, runtime, process, retired, turn })
    }

    /// One event, and what comes of it; `Err` is what Lambda calls an error: the function's own, its end, or no time.
    pub async fn invoke(&self, event: Value) -> Answer {
        let _one_at_a_time = self.turn.lock().await;
        if self.retired.load(Ordering::SeqCst) {
            return Err("the function is no more".to_owned());
        }
        self.start();
        let mut answer = self.runtime.send(event).await?;
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
