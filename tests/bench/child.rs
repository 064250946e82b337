//! The real `hirewire` as a child process, and its memory and processor time as the kernel counts them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use tests::town::Town;

use crate::Broken;

/// How often the child is looked at. Its numbers only grow, so that only the last moment can be missed.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long one of the kernel's ticks is: `USER_HZ` is 100 on every Linux.
const TICK: Duration = Duration::from_millis(10);
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
    used: Arc<Mutex<Used>>,
    ended: Arc<AtomicBool>,
    watcher: JoinHandle<()>,
    log: PathBuf,
}

/// What a process has used since it was started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// The most memory it ever held, in bytes (VmHWM).
    pub peak: u64,
    /// Processor time of all its threads.
    pub cpu: Duration,
}

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// From start to end.
    pub took: Duration,
    /// What it has used.
    pub used: Used,
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
        let (used, ended) = (Arc::<Mutex<Used>>::default(), Arc::new(AtomicBool::new(false)));
        let watcher = spawn({
            let (used, ended, id) = (Arc::clone(&used), Arc::clone(&ended), child.id());
            move || {
                while !ended.load(Ordering::Relaxed) {
                    look(id, &used);
                    sleep(LOOK_EVERY);
                }
            }
        });
        Ok(Hirewire { child, started, used, ended, watcher, log })
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

    /// What it has used so far.
    pub fn used(&self) -> Used {
        look(self.child.id(), &self.used)
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
            Ok(status) if status.success() => {
                Ok(Ended { took, used: *self.used.lock().expect("nobody panics holding it") })
            }
            Ok(status) => Err(format!("hirewire ended with {status}: {}", last_words(&self.log))),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Looks once more; what it has used by then.
fn look(id: u32, used: &Mutex<Used>) -> Used {
    let (peak, cpu) = (peak_memory(id).unwrap_or_default(), processor_time(id).unwrap_or_default());
    let mut used = used.lock().expect("nobody panics holding it");
    *used = Used { peak: used.peak.max(peak), cpu: used.cpu.max(cpu) };
    *used
}

fn processor_time(id: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in brackets may hold anything; user and system time are the 12th and 13th word behind it.
    let mut words = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || words.next()?.parse::<u32>().ok();
    Some(TICK * ticks()?.saturating_add(ticks()?))
}

/// The most memory that a running process ever held, in bytes.
pub fn peak_memory(id: u32) -> Option<u64> {
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
