//! `hirewire`: the human's way in.

mod arguments;
mod check;
mod dead;
mod demo;
mod exit;
mod explain;
mod follow;
mod forecast;
mod home;
mod output;
mod plan;
mod progress;
mod records;
mod release;
mod rules;
mod serve;
mod setup;
mod sync;
mod words;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::exit::{Exit, Failure};
use crate::home::{Desk, Home};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    output::start_log(arguments.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(Failure::new(Exit::Configuration, format!("no threads can be started: {error}"))),
    };
    match result {
        Ok(exit) => exit.code(),
        Err(failure) => {
            failure.print();
            failure.exit.code()
        }
    }
}

async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { config, format, command, .. } = arguments;
    match command {
        Command::Demo(demo) => demo::run(&demo, format).await,
        Command::Setup(how) => setup::run(&config, &how, format).await,
        Command::Check => check::run(&config, format).await,
        Command::Plan(who) => plan::run(&Home::open(&config).await?, &who, format).await,
        Command::Forecast(what) => forecast::run(&Home::open_to_read(&config).await?, &what, format).await,
        Command::Sync(what) => sync::run(&Home::open_pushed(&config).await?, &what, format).await,
        Command::Serve(how) => serve::run(Home::open(&config).await?, &how).await,
        Command::Records(which) => records::run(&Desk::open(&config).await?, &which, format).await,
        Command::Explain(whom) => explain::run(&Home::open_pushed(&config).await?, &whom, format).await,
        Command::Release(whom) => release::run(&Desk::open_pushed(&config).await?, &whom, format).await,
        Command::Rules(what) => rules::run(&config, &what, format).await,
        Command::Dead => dead::list(&Desk::open(&config).await?, format).await,
        Command::Replay(whom) => dead::replay(&Desk::open(&config).await?, &whom, format).await,
    }
}
