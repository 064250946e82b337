//! A small world: one company in BambooHR, one organisation in JumpCloud, one clock, one folder with `hirewire.toml`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::bamboohr::BambooHr;
use crate::clock::Clock;
use crate::jumpcloud::JumpCloud;

/// Both vendors on loopback, a shared clock, and a configuration that leads to them.
#[derive(Clone, Debug)]
pub struct Town {
    /// The clock of everybody.
    pub clock: Clock,
    /// HR.
    pub bamboohr: BambooHr,
    /// IT.
    pub jumpcloud: JumpCloud,
    folder: PathBuf,
}

impl Town {
    /// Starts both vendors and writes the configuration and its keys into `folder`. `rules` is what follows
    /// `time_zone` in the connection's section.
    pub async fn start(folder: &Path, now: Timestamp, time_zone: &str, rules: &str) -> Town {
        let clock = Clock::at(now);
        let bamboohr = BambooHr::start(clock.clone(), "acme", time_zone).await;
        let jumpcloud = JumpCloud::start(clock.clone()).await;
        clock.mirror_to(&folder.join("clock"));
        let town = Town { clock, bamboohr, jumpcloud, folder: folder.to_owned() };
        town.write_key("bamboohr.key", &town.bamboohr.api_key());
        town.write_key("jumpcloud.key", &town.jumpcloud.api_key());
        // Until somebody subscribes: any key will do, none fits.
        town.write_key("webhook.key", "0123456789abcdef0123456789abcdef");
        town.write_config(&town.plain_config(time_zone, rules));
        town
    }

    /// A configuration for this town with the given rules.
    pub fn plain_config(&self, time_zone: &str, rules: &str) -> String {
        format!(
            r#"store = "sqlite:hirewire.db"

[jumpcloud]
region = "us"
base_url = "{jumpcloud}"
api_key = "file:jumpcloud.key"

[[connection]]
name = "acme"
source = "bamboohr"
company = "acme"
base_url = "{bamboohr}"
api_key = "file:bamboohr.key"
webhook_key = "file:webhook.key"
time_zone = "{time_zone}"
{rules}"#,
            jumpcloud = self.jumpcloud.url(),
            bamboohr = self.bamboohr.url(),
        )
    }

    /// Writes the configuration.
    pub fn write_config(&self, text: &str) {
        std::fs::write(self.config(), text).expect("the town's folder can be written");
    }

    /// Writes a key where the configuration looks for it, readable by its owner only.
    pub fn write_key(&self, name: &str, key: &str) {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let mut open = std::fs::OpenOptions::new();
        let open = open.write(true).create(true).truncate(true).mode(0o600);
        let mut file = open.open(self.folder.join(name)).expect("the town's folder can be written");
        file.write_all(key.as_bytes()).expect("a key can be written");
    }

    /// Where the configuration is.
    pub fn config(&self) -> PathBuf {
        self.folder.join("hirewire.toml")
    }

    /// Where everything is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What `HIREWIRE_CLOCK` must say for a process that lives in this town.
    pub fn clock_setting(&self) -> String {
        format!("file:{}", self.folder.join("clock").display())
    }

    /// Moves the clock, and lets what falls due at the vendors happen.
    pub fn travel_to(&self, moment: Timestamp) {
        self.clock.set(moment);
        self.bamboohr.tick();
        self.jumpcloud.tick();
    }
}
