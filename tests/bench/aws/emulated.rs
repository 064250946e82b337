//! The start of a function as AWS's own runtime emulator sees it, which also counts what it takes to start a process.

use std::fs::File;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use tests::lambda::emulator::{self, INVOCATIONS, free_address};

use crate::Broken;

/// What the emulator says of a start.
const SAID: &str = "INIT REPORT(durationMs: ";
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(5);

/// Has the emulator start a function once. It does with the first event; what becomes of that is not waited for.
pub async fn init(rie: &Path, binary: &Path, environment: &[(String, String)], log: &Path) -> Result<Duration, Broken> {
    let own = free_address();
    let file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut command = emulator::command(rie, &own, binary, "measured", environment.iter().cloned(), file);
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", rie.display()))?;
    let said = said(&own, log).await;
    // The function ends by itself when nobody is there to ask for an event.
    let _ = child.kill();
    let _ = child.wait();
    said
}

async fn said(address: &str, log: &Path) -> Result<Duration, Broken> {
    let began = Instant::now();
    let mut asked = None;
    while began.elapsed() < PATIENCE {
        if asked.is_none()
            && let Ok(mut line) = TcpStream::connect(address)
        {
            let head = format!("POST {INVOCATIONS} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2");
            write!(line, "{head}\r\n\r\n{{}}").map_err(|error| error.to_string())?;
            asked = Some(line);
        }
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let number = text.split_once(SAID).and_then(|(_, rest)| rest.split_once(')')?.0.parse::<f64>().ok());
        if let Some(milliseconds) = number {
            return Ok(Duration::from_secs_f64(milliseconds / 1e3));
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(format!("AWS's emulator does not say how long a start took; see {}", log.display()))
}
