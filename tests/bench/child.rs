//! The real `hirewire` as a child process, and its memory as the kernel counts it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use tests::town::Town;

use crate::Broken;

/// How often the child's memory is looked at. The number only grows, so that only the last moment can be missed.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How much of what the child said is shown when it failed, in bytes.
const LAST_WORDS: usize = 2_000;

/// The release binary beside this one.
pub fn hirewire() -> Result<PathBuf, Broken> {
    let here = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let path = here.with_file_name("hirewire");
    if cfg!(debug_assertions) {
        return Err("measure the release build: cargo run --release --bin hirewire-bench".to_owned());
    }
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!("{} is missing; build it first: cargo build --release --workspace", path.display()))
    }
}

/// A running `hirewire`.
pub struct Hirewire {
    child: Child,
    started: Instant,
    peak: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
    watcher: JoinHandle<()>,
    log: PathBuf,
}

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// From start to end.
    pub took: Duration,
    /// The most memory it ever held, in bytes (VmHWM).
    pub peak: u64,
}

impl Hirewire {
    /// Starts `hirewire` with these arguments in `town`. What it prints is written to a file there, as it would be in
    /// a script.
    pub fn start(binary: &Path, town: &Town, arguments: &[&str]) -> Result<Hirewire, Broken> {
        let log = town.folder().join("hirewire.log");
        let file = |path: &Path| File::create(path).map_err(|error| format!("{}: {error}", path.display()));
        let started = Instant::now();
        let child = Command::new(binary)
            .args(arguments)
            .env("HIREWIRE_CONFIG", town.config())
            .env("HIREWIRE_CLOCK", town.clock_setting())
            .env_remove("HIREWIRE_LOG")
            .stdin(Stdio::null())
            .stdout(file(&town.folder().join("hirewire.out"))?)
            .stderr(file(&log)?)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", binary.display()))?;
        let (peak, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let watcher = spawn({
            let (peak, ended, id) = (Arc::clone(&peak), Arc::clone(&ended), child.id());
            move || {
                while !ended.load(Ordering::Relaxed) {
                    peak.fetch_max(peak_memory(id).unwrap_or_default(), Ordering::Relaxed);
                    sleep(LOOK_EVERY);
                }
            }
        });
        Ok(Hirewire { child, started, peak, ended, watcher, log })
    }

    /// Waits until it ends by itself. It must have done everything that was to be done.
    pub async fn end(mut self) -> Result<Ended, Broken> {
        let waited = tokio::task::spawn_blocking(move || {
            let status = self.child.wait();
            (self.started.elapsed(), status, self)
        });
        let (took, status, hirewire) = waited.await.map_err(|error| error.to_string())?;
        hirewire.settle(took, status)
    }

    /// The most memory so far, in bytes.
    pub fn peak(&self) -> u64 {
        let now = peak_memory(self.child.id()).unwrap_or_default();
        self.peak.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// Whether it still runs; its last words where it does not.
    pub fn is_there(&mut self) -> Result<(), Broken> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("hirewire ended ({status}): {}", last_words(&self.log))),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Asks it to stop, and waits for that.
    pub async fn stop(self) -> Result<(), Broken> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        told.map_err(|error| format!("kill: {error}"))?;
        self.end().await.map(drop)
    }

    fn settle(self, took: Duration, status: std::io::Result<ExitStatus>) -> Result<Ended, Broken> {
        self.ended.store(true, Ordering::Relaxed);
        let _ = self.watcher.join();
        match status {
            Ok(status) if status.success() => Ok(Ended { took, peak: self.peak.load(Ordering::Relaxed) }),
            Ok(status) => Err(format!("hirewire ended with {status}: {}", last_words(&self.log))),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn peak_memory(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

fn last_words(log: &Path) -> String {
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let from = said.char_indices().rev().nth(LAST_WORDS).map_or(0, |(at, _)| at);
    said[from..].trim().to_owned()
}
