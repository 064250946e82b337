//! The start of a function as AWS's own runtime emulator sees it, which also counts what it takes to start a process.

use std::fs::File;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Broken;

/// What the emulator says of a start.
const SAID: &str = "INIT REPORT(durationMs: ";
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(5);

/// Has the emulator start a function once. It does with the first event; what becomes of that is not waited for.
pub async fn init(
    emulator: &Path,
    binary: &Path,
    environment: &[(String, String)],
    log: &Path,
) -> Result<Duration, Broken> {
    let (own, runtime) = (free_address()?, free_address()?);
    let file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut command = Command::new(emulator);
    command.args(["--runtime-interface-emulator-address", &own, "--runtime-api-address", &runtime]).arg(binary);
    command.env_clear().envs(environment.iter().cloned()).env("AWS_LAMBDA_FUNCTION_NAME", "measured");
    command.env("AWS_SESSION_TOKEN", "test").stdin(Stdio::null());
    command.stdout(file.try_clone().map_err(|error| error.to_string())?).stderr(file);
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", emulator.display()))?;
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
            let head =
                "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2";
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

fn free_address() -> Result<String, Broken> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    free.map(|address| address.to_string()).map_err(|error| error.to_string())
}
