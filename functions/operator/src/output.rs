//! What goes to standard output, and how logs go to standard error.

use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::arguments::LogFormat;
use crate::exit::Failure;

/// Starts logging. `HIREWIRE_LOG` sets what is logged (`info`, `workflow=debug`); warnings where it is not set.
pub fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("HIREWIRE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(true);
    let lines = match format {
        LogFormat::Text => lines.without_time().boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(lines.with_filter(filter_fn(is_heard))).init();
}

/// Our own crates know what must not be logged. All others are heard up to `info`: below that the AWS SDK and what it
/// is made of log whole requests, and those are full of people.
fn is_heard(metadata: &Metadata<'_>) -> bool {
    let theirs = ["aws_", "hyper", "h2", "reqwest", "rustls"];
    *metadata.level() <= Level::INFO || !theirs.iter().any(|name| metadata.target().starts_with(name))
}

/// Prints the one JSON document of a command.
pub fn json(document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document).map_err(Failure::usage)?;
    write(&text);
    Ok(())
}

/// Prints text; where a person reads it, lines that are longer than the terminal is wide go on below, indented.
pub fn text_line(text: &str) {
    static WIDTH: LazyLock<Option<u16>> = LazyLock::new(|| Table::new().width());
    match *WIDTH {
        Some(width) => text.split('\n').for_each(|line| write(&wrapped(line, width.into()))),
        None => write(text),
    }
}

/// Prints text as it is, without a new line.
pub fn raw(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// A reader that went away (`| head`) is no fault.
fn write(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Wraps one line between words; what cannot be wrapped stays as it is.
fn wrapped(line: &str, width: usize) -> String {
    let line = line.trim_end();
    let indent = line.chars().take_while(|c| !c.is_alphanumeric()).take(width / 3).count() + 2;
    let mut done = String::with_capacity(line.len() + 8);
    let mut column = 0;
    for word in line.split_inclusive(' ') {
        let length = word.trim_end().chars().count();
        if column > indent && column + length > width {
            done.truncate(done.trim_end().len());
            done.push('\n');
            done.push_str(&" ".repeat(indent));
            column = indent;
        }
        done.push_str(word);
        column += word.chars().count();
    }
    done
}

/// One line under the header and nothing else: a hundred people should fit a screen or two.
const PLAIN: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table that fits the terminal.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(PLAIN).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    table
}

/// Writes rows to a CSV file. Cells that a spreadsheet would take for a formula are quoted with an apostrophe.
pub fn csv(path: &Path, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<(), Failure> {
    let failed = |error: csv::Error| Failure::usage(format!("{} cannot be written: {error}", path.display()));
    let mut writer = csv::Writer::from_path(path).map_err(failed)?;
    writer.write_record(header).map_err(failed)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell))).map_err(failed)?;
    }
    writer.flush().map_err(|error| failed(error.into()))
}

fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

/// "1 action", "2 actions".
pub fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// "1 person", "2 people".
pub fn people(count: usize) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_go_on_below() {
        let line = "    ! department is left as it is: no line for Marketing";
        assert_eq!(wrapped(line, 30), "    ! department is left as it\n        is: no line for\n        Marketing");
        assert_eq!(wrapped("short", 30), "short");
        let solid = "x".repeat(40);
        assert_eq!(wrapped(&solid, 30), solid);
    }
}
