//! One function's real binary, and what AWS Lambda is to it: an environment, events, and somebody who waits.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::lambda::{Answer, Runtime};

use crate::Broken;
use crate::child;

/// What a function is given, in megabytes.
const MEMORY: u32 = 512;
/// How long a function may take to start, and for one event.
pub const PATIENCE: Duration = Duration::from_secs(900);

/// A running function. Killed when dropped.
pub struct Function {
    child: Child,
    runtime: Runtime,
    /// From the start of the process to its first question for an event: what AWS calls init.
    pub init: Duration,
}

impl Function {
    /// Starts it, and waits until it asks for its first event. What it says is added to `log`.
    pub async fn start(binary: &Path, environment: &[(String, String)], log: &Path) -> Result<Function, Broken> {
        let runtime = Runtime::open(PATIENCE).await;
        let file = OpenOptions::new().create(true).append(true).open(log);
        let file = file.map_err(|error| format!("{}: {error}", log.display()))?;
        let mut command = Command::new(binary);
        command.env_clear().envs(environment.iter().cloned()).envs(runtime.environment("measured", MEMORY));
        command.stdin(Stdio::null()).stderr(file.try_clone().map_err(|error| error.to_string())?).stdout(file);
        let started = Instant::now();
        let child = command.spawn().map_err(|error| format!("{} cannot be started: {error}", binary.display()))?;
        let mut function = Function { child, runtime, init: Duration::ZERO };
        let asked = tokio::time::timeout(PATIENCE, function.runtime.first_asked()).await;
        let asked = asked.map_err(|_| format!("{} asks for no event; see {}", binary.display(), log.display()))?;
        function.init = asked? - started;
        Ok(function)
    }

    /// One event, and what comes of it.
    pub async fn invoke(&self, event: Value) -> Answer {
        let answer = self.runtime.send(event).await?;
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
    }
}
