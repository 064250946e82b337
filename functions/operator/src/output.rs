//! What goes to standard output, and how logs go to standard error.

use std::io::Write;
use std::path::Path;

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::arguments::LogFormat;
use crate::exit::Failure;

/// Starts logging. `HIREWIRE_LOG` sets what is logged (`info`, `workflow=debug`); warnings where it is not set.
pub fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("HIREWIRE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    match format {
        LogFormat::Text => log.without_time().init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// Prints the one JSON document of a command.
pub fn json(document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document).map_err(Failure::usage)?;
    text_line(&text);
    Ok(())
}

/// Prints text; a reader that went away (`| head`) is no fault.
pub fn text_line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
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
