//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Keeps JumpCloud in step with HR, one way: joiners, movers, leavers, rehires.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = EXIT_CODES)]
pub struct Arguments {
    /// The configuration.
    #[arg(long, global = true, env = "HIREWIRE_CONFIG", default_value = "hirewire.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// How results are printed, on standard output; progress and logs go to standard error.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// How logs are written.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, env = "HIREWIRE_LOG_FORMAT")]
    pub log: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 some people failed or are held, the rest is done; \
2 configuration or usage; 3 a key is refused or a vendor is out of reach.";

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the main job on a simulated company, on this machine only.
    Demo(DemoArguments),
    /// Set up keys, rules and webhooks step by step, and prove that webhooks arrive; safe to run again.
    Setup(SetupArguments),
    /// Check keys, regions, roles and mapped fields; each fault with what to do.
    Check,
    /// Show what a sync would do, with old and new values and the reason; write nothing.
    Plan(Selected),
    /// Show who will change in the days to come, when, and why; write nothing.
    Forecast(ForecastArguments),
    /// Bring JumpCloud into step: everyone, or the people named.
    Sync(SyncArguments),
    /// Keep JumpCloud in step: poll HR, take its webhooks, wake who is due; until SIGTERM.
    Serve(ServeArguments),
    /// Show how things are with everyone.
    Records(RecordsArguments),
    /// Show why one person is as they are, and what would be done; write nothing.
    Explain(One),
    /// Let people go ahead whom a limit a day holds (`[connection.brakes]` in the rules).
    Release(ReleaseArguments),
    /// Rules: write a first file of them; on AWS put this file's in place, list their versions, show one.
    Rules(RulesArguments),
    /// Show the requests that were given up on.
    Dead,
    /// Put requests that were given up on back on the queue.
    Replay(Replayed),
}

/// How to set up.
#[derive(Debug, Args)]
pub struct SetupArguments {
    /// Where HR's webhooks come in, without a path: https://HOST. Their path is /webhook/CONNECTION.
    #[arg(long, value_name = "URL")]
    pub door: Option<String>,
    /// A key to put in its place, taken from env:VARIABLE or file:PATH; missing ones are asked for.
    #[arg(long = "key", value_name = "NAME=env:VARIABLE|file:PATH")]
    pub keys: Vec<String>,
    /// Ask nothing, read nothing from standard input, and do what is to be done.
    #[arg(long)]
    pub yes: bool,
    /// Only remove the webhooks that setup made, those at --door or all; nobody else's.
    #[arg(long, conflicts_with = "keys")]
    pub remove_webhooks: bool,
}

/// People.
#[derive(Debug, Default, Args)]
pub struct Selected {
    /// Employees: the HR system's id, or CONNECTION:ID; everyone where none is given.
    #[arg(value_name = "EMPLOYEE")]
    pub employees: Vec<String>,
    /// Only this connection's people.
    #[arg(long, value_name = "NAME")]
    pub connection: Option<String>,
    /// Also show people for whom there is nothing to do.
    #[arg(long)]
    pub all: bool,
}

/// What to foresee.
#[derive(Debug, Args)]
#[command(after_long_help = FORESEEN)]
pub struct ForecastArguments {
    /// Employees: the HR system's id, or CONNECTION:ID; everyone where none is given.
    #[arg(value_name = "EMPLOYEE")]
    pub employees: Vec<String>,
    /// Only this connection's people.
    #[arg(long, value_name = "NAME")]
    pub connection: Option<String>,
    /// How many days ahead, of 24 hours each.
    #[arg(long, default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=366))]
    pub days: u16,
    /// Write it to this file as CSV as well.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

const FORESEEN: &str = "What is foreseen is what follows from HR's answers of now, the rules, and JumpCloud as it is: first days, last days, time off with dates, accounts to be made before a start or deleted after an end. Not foreseen is what HR keeps to itself until its day (a department, a title or a leave that begins or ends later by a dated row), and what people will yet enter. On AWS the rules are those that were pushed.";

/// How to sync.
#[derive(Debug, Args)]
pub struct SyncArguments {
    /// Whom.
    #[command(flatten)]
    pub selected: Selected,
    /// Write each person's result to this file as well.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

/// One person.
#[derive(Debug, Args)]
pub struct One {
    /// The HR system's id, or CONNECTION:ID.
    #[arg(value_name = "EMPLOYEE")]
    pub employee: String,
}

/// Rules.
#[derive(Debug, Args)]
pub struct RulesArguments {
    /// What to do with them.
    #[command(subcommand)]
    pub what: RulesCommand,
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Write a whole configuration for one HR system, with every default and what it means.
    Init(InitArguments),
    /// Check this file and put it in place; the functions obey it within a minute.
    Push,
    /// Show which versions there were, the newest first.
    List,
    /// Print one version, the one that counts where none is named.
    Show {
        /// Which.
        version: Option<u64>,
    },
}

/// What to begin with.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// The HR system.
    #[arg(value_enum, value_name = "HR")]
    pub source: HrSystem,
    /// Write it to this file, which must not be there yet; to standard output where none is given.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long, requires = "output")]
    pub force: bool,
}

/// HR systems, as `source` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HrSystem {
    /// BambooHR.
    #[value(name = "bamboohr")]
    BambooHr,
    /// HiBob.
    #[value(name = "bob")]
    Bob,
}

/// Whom to let go ahead.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("whom").required(true).args(["employees", "connection"]))]
pub struct ReleaseArguments {
    /// People: the HR system's id, or CONNECTION:ID.
    #[arg(value_name = "PERSON")]
    pub employees: Vec<String>,
    /// Everybody of this connection whom a limit holds.
    #[arg(long, value_name = "NAME")]
    pub connection: Option<String>,
    /// Only show who and why.
    #[arg(long)]
    pub dry_run: bool,
}

/// Dead letters.
#[derive(Debug, Args)]
pub struct Replayed {
    /// Only this employee's; all where none is given.
    #[arg(value_name = "EMPLOYEE")]
    pub employee: Option<String>,
}

/// How to serve.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Where webhooks come in: POST /webhook/CONNECTION. Put a TLS proxy in front; BambooHR calls https only.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Seconds between two polls of HR's list of changes.
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub poll_every: u64,
    /// Hours between two surveys of everyone; the first comes at once if there never was one.
    #[arg(long, default_value_t = 24, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=744))]
    pub survey_every: u64,
}

/// Which records.
#[derive(Debug, Args)]
pub struct RecordsArguments {
    /// Only records of this status: synced, skipped, pending, held, failed.
    #[arg(long, value_name = "STATUS", value_parser = ["synced", "skipped", "pending", "held", "failed"])]
    pub status: Option<String>,
    /// Only this connection's people.
    #[arg(long, value_name = "NAME")]
    pub connection: Option<String>,
    /// Write them to this file as CSV as well.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

/// How to show it.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Leave the simulated company up afterwards, to play with, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
}
