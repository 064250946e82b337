//! The command line, and what it comes to.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::aws::Built;
use crate::life::Span;

/// From so many people on, more of them are worked on at once.
const LARGE: usize = 10_000;
/// How many, in a small company: the default of `hirewire.toml`.
const IN_FLIGHT: usize = 8;
/// How many, in a large one.
const IN_FLIGHT_LARGE: usize = 32;

/// Measures the real `hirewire` against simulated vendors on this machine: calls, time and memory.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Companies of these sizes.
    #[arg(long, value_delimiter = ',', default_values_t = [200, 1_000, 10_000, 100_000], value_name = "NUMBERS")]
    people: Vec<usize>,
    /// How long the vendors take to answer, in milliseconds; measured besides 0.
    #[arg(long, default_value_t = 50, value_name = "MILLISECONDS")]
    latency: u64,
    /// Wait for the large companies too when the vendors take their time: some ten minutes more.
    #[arg(long)]
    full: bool,
    /// Only 200 and 1,000 people, and vendors that answer at once: well under a minute.
    #[arg(long, conflicts_with_all = ["people", "latency", "full"])]
    quick: bool,
    /// How many people are worked on at once [default: 8; 32 from 10,000 people on].
    #[arg(long, value_name = "NUMBER")]
    in_flight: Option<usize>,
    /// Measure the functions instead: these, as `cargo lambda build` has built them. Needs the AWS emulator of `tests/aws`.
    #[arg(long, value_name = "FOLDER", requires_all = ["hello", "emulator"], conflicts_with_all = ["people", "latency", "full", "quick", "in_flight"])]
    aws: Option<PathBuf>,
    /// The smallest function there is, built as they are.
    #[arg(long, value_name = "FILE")]
    hello: Option<PathBuf>,
    /// AWS's own runtime emulator.
    #[arg(long, value_name = "FILE")]
    emulator: Option<PathBuf>,
}

/// What else can be done.
#[derive(Clone, Copy, Debug, Subcommand)]
enum Command {
    /// Lives through a simulated company's days, and looks at every minute whether everybody's account is as it should be.
    Life {
        /// Decides everything that happens.
        #[arg(long, default_value_t = 1, value_name = "NUMBER")]
        seed: u64,
        /// People at first.
        #[arg(long, default_value_t = 1_000, value_name = "NUMBER")]
        people: usize,
        /// Days.
        #[arg(long, default_value_t = 400, value_name = "NUMBER")]
        days: i64,
    },
}

/// One company to measure.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its size.
    pub people: usize,
    /// How long the vendors take.
    pub latency: Duration,
    /// How many people are worked on at once.
    pub in_flight: usize,
}

impl Arguments {
    /// What to measure on AWS, if that is what is asked for.
    pub fn on_aws(&self) -> Option<Built> {
        Some(Built { functions: self.aws.clone()?, hello: self.hello.clone()?, emulator: self.emulator.clone()? })
    }

    /// What to live through, if that is what is asked for.
    pub fn life(&self) -> Option<Span> {
        match self.command? {
            Command::Life { seed, people, days } => Some(Span { seed, people, days }),
        }
    }

    /// The sizes asked for.
    pub fn sizes(&self) -> Vec<usize> {
        if self.quick { vec![200, 1_000] } else { self.people.clone() }
    }

    /// What to measure, in order.
    pub fn settings(&self) -> Vec<Setting> {
        self.every().into_iter().filter(|setting| !self.takes_too_long(setting)).collect()
    }

    /// What is left out, for want of `--full`.
    pub fn left_out(&self) -> Vec<Setting> {
        self.every().into_iter().filter(|setting| self.takes_too_long(setting)).collect()
    }

    fn every(&self) -> Vec<Setting> {
        let latencies = if self.quick || self.latency == 0 { vec![0] } else { vec![0, self.latency] };
        let setting = |latency: u64, people: usize| Setting {
            people,
            latency: Duration::from_millis(latency),
            in_flight: self.in_flight.unwrap_or(if people < LARGE { IN_FLIGHT } else { IN_FLIGHT_LARGE }),
        };
        latencies.into_iter().flat_map(|ms| self.sizes().into_iter().map(move |people| setting(ms, people))).collect()
    }

    fn takes_too_long(&self, setting: &Setting) -> bool {
        !self.full && !setting.latency.is_zero() && setting.people >= LARGE
    }
}
