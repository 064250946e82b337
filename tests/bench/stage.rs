//! A company of some size in a town of its own, and `hirewire.toml` for it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use tempfile::TempDir;
use tests::town::Town;

use crate::Broken;
use crate::arguments::Setting;
use crate::calls::Calls;

/// Everybody's zone whose site has none.
const ZONE: &str = "America/Denver";
/// When the company is made up.
const FOUNDED: &str = "2026-03-01T16:00:00Z";
/// When it is synced first: long after, so that HR's list of changes says nothing of the founding.
const TODAY: &str = "2026-03-02T16:00:00Z";
/// The same company each time.
const SEED: u64 = 7;
/// As in the demo: the default attributes, one fixed group, and one computed group for each department.
const RULES: &str = r#"first_state = "suspended-until-start"

[[connection.group]]
name = "All staff"

[[connection.group]]
name_from = '"Dept " + department'
"#;

/// A town with a company of some size, before its first sync.
pub struct Stage {
    /// Both vendors.
    pub town: Town,
    /// The `hirewire` to measure.
    pub binary: PathBuf,
    /// What is measured.
    pub setting: Setting,
    /// Where its webhooks come in.
    pub address: String,
    /// Everyone who shall have an account.
    pub members: Vec<String>,
    /// Those of them who have begun: whom things may happen to.
    pub here: Vec<String>,
    _folder: TempDir,
}

impl Stage {
    /// Sets it.
    pub async fn set(binary: &Path, setting: Setting) -> Result<Stage, Broken> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let town = Town::start(folder.path(), moment(FOUNDED), ZONE, "").await;
        // Asked for now, so that the key is in the file before anybody reads it.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let address = free.map_err(|error| error.to_string())?.to_string();
        town.write_key("webhook.key", &town.bamboohr.subscribe(&format!("http://{address}/webhook/acme")));
        let config = town.plain_config(ZONE, RULES);
        town.write_config(&format!("in_flight = {}\n{config}", setting.in_flight));
        town.bamboohr.seed_crowd(setting.people, SEED);
        town.travel_to(moment(TODAY));
        town.bamboohr.edit_pending(Vec::clear);
        town.bamboohr.traffic().set_latency(setting.latency);
        town.jumpcloud.traffic().set_latency(setting.latency);
        Calls::forget(&town);

        let today: Date = TODAY[..10].parse().map_err(|error| format!("{TODAY}: {error}"))?;
        let date = |id: &str, field| town.bamboohr.get(id, field).and_then(|text| text.parse::<Date>().ok());
        // Whoever has left before there was an account gets none.
        let mut members = town.bamboohr.ids();
        members.retain(|id| date(id, "terminationDate").is_none_or(|last| last >= today));
        let begun = |id: &&String| date(id, "hireDate").is_some_and(|first| first < today);
        let here = members.iter().filter(begun).cloned().collect();
        Ok(Stage { town, binary: binary.to_owned(), setting, address, members, here, _folder: folder })
    }

    /// How long nothing must happen before all is taken to be done.
    pub fn quiet(&self) -> Duration {
        Duration::from_millis(700) + 10 * self.setting.latency
    }
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment of the benchmark")
}
