//! AWS's own runtime interface emulator, which `tests/run` fetches: how it is started with a function's binary.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where the emulator takes events, below its address.
pub const INVOCATIONS: &str = "/2015-03-31/functions/function/invocations";

/// An address that nobody has at this moment.
///
/// # Panics
/// Where no loopback port is free.
pub fn free_address() -> String {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    free.local_addr().expect("an address").to_string()
}

/// The command that has the emulator take events at `own` for a function, with nothing else in its environment. What both
/// of them say goes to `log`.
///
/// # Panics
/// Where the log has no second handle.
pub fn command(
    emulator: &Path,
    own: &str,
    binary: &Path,
    name: &str,
    environment: impl IntoIterator<Item = (String, String)>,
    log: File,
) -> Command {
    let mut command = Command::new(emulator);
    command.args(["--runtime-interface-emulator-address", own, "--runtime-api-address", &free_address()]).arg(binary);
    command.env_clear().envs(environment).env("AWS_LAMBDA_FUNCTION_NAME", name).env("AWS_SESSION_TOKEN", "test");
    command.stdin(Stdio::null()).stderr(log.try_clone().expect("a file has another handle")).stdout(log);
    command
}
