//! `hirewire-bench`: what the real `hirewire` costs, in calls, time and memory.
//!
//! The simulators run inside this process; the release binary of `hirewire` that lies beside this one runs as a child
//! process, so that its time and its memory are its own. `--aws` measures the functions instead: `tests/figures` builds
//! and starts what that needs. `life` lives through a company's year in this process, and proves every minute of it.

mod arguments;
mod aws;
mod calls;
mod child;
mod life;
mod measures;
mod planning;
mod stage;
mod targets;
mod words;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use crate::arguments::Arguments;
use crate::measures::Run;
use crate::stage::Stage;

/// Why a measurement could not be made, for a person to read.
type Broken = String;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads can be started");
    match runtime.block_on(run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(broken) => {
            eprintln!("hirewire-bench: {broken}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Broken> {
    let started = Instant::now();
    if let Some(built) = arguments.on_aws() {
        return aws::run(&built).await;
    }
    if let Some(span) = arguments.life() {
        let lived = life::run(span).await?;
        print!("{}", life::print(&lived));
        return if lived.is_good() { Ok(()) } else { Err("something is wrong, or too much was called for".to_owned()) };
    }
    let binary = child::hirewire()?;
    let baseline = measures::baseline(&binary).await?;
    words::opening(&binary, baseline);
    let mut runs: Vec<Run> = Vec::new();
    let mut planned = None;
    let largest = arguments.sizes().into_iter().max().unwrap_or_default();
    for setting in arguments.settings() {
        words::heading(&setting);
        let stage = Stage::set(&binary, setting).await?;
        let run = measures::all(&stage, &mut words::row).await?;
        if setting.people == largest && setting.latency.is_zero() {
            planned = Some(planning::measure(&stage).await?);
        }
        runs.push(run);
    }
    words::left_out(&arguments.left_out(), &runs);
    if let Some(planned) = &planned {
        words::planning(planned);
    }
    words::to_reach(&targets::all(&runs, planned.as_ref(), baseline));
    println!("\nTook {} in all.", words::time(started.elapsed()));
    Ok(())
}
