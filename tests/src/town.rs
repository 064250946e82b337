//! A small world: one company in BambooHR and one in Bob, one organisation in JumpCloud, one clock, one folder with
//! `hirewire.toml`, which says whose people they are.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::bamboohr::BambooHr;
use crate::bob::Bob;
use crate::clock::Clock;
use crate::hr::{Hr, HrKind};
use crate::jumpcloud::JumpCloud;

/// All vendors on loopback, a shared clock, and a configuration that leads to them.
#[derive(Clone, Debug)]
pub struct Town {
    /// The clock of everybody.
    pub clock: Clock,
    /// HR.
    pub bamboohr: BambooHr,
    /// The other HR.
    pub bob: Bob,
    /// IT.
    pub jumpcloud: JumpCloud,
    folder: PathBuf,
}

impl Town {
    /// Starts all vendors and writes a configuration for BambooHR and its keys into `folder`. `rules` is what follows
    /// `time_zone` in the connection's section.
    pub async fn start(folder: &Path, now: Timestamp, time_zone: &str, rules: &str) -> Town {
        Town::start_with(HrKind::BambooHr, folder, now, time_zone, rules).await
    }

    /// The same with a configuration for this HR system.
    pub async fn start_with(kind: HrKind, folder: &Path, now: Timestamp, time_zone: &str, rules: &str) -> Town {
        let clock = Clock::at(now);
        let bamboohr = BambooHr::start(clock.clone(), "acme", time_zone).await;
        let bob = Bob::start(clock.clone(), time_zone).await;
        let jumpcloud = JumpCloud::start(clock.clone()).await;
        clock.mirror_to(&folder.join("clock"));
        let town = Town { clock, bamboohr, bob, jumpcloud, folder: folder.to_owned() };
        town.write_key("bamboohr.key", &town.bamboohr.api_key());
        town.write_key("bob.key", &town.bob.token());
        town.write_key("jumpcloud.key", &town.jumpcloud.api_key());
        // Until somebody subscribes: any key will do, none fits.
        town.write_key("webhook.key", "0123456789abcdef0123456789abcdef");
        town.write_key("bolt-webhook.key", "0123456789abcdef0123456789abcdef");
        town.write_config(&town.plain_config_of(kind, time_zone, rules));
        town
    }

    /// One of the two HR systems.
    pub fn hr(&self, kind: HrKind) -> Hr {
        match kind {
            HrKind::BambooHr => Hr::BambooHr(self.bamboohr.clone()),
            HrKind::Bob => Hr::Bob(self.bob.clone()),
        }
    }

    /// A configuration for this town's BambooHR with the given rules.
    pub fn plain_config(&self, time_zone: &str, rules: &str) -> String {
        self.plain_config_of(HrKind::BambooHr, time_zone, rules)
    }

    /// A configuration with one connection, `acme`, to this HR system.
    pub fn plain_config_of(&self, kind: HrKind, time_zone: &str, rules: &str) -> String {
        self.head() + "\n" + &self.connection("acme", kind, "webhook.key", time_zone, rules)
    }

    /// A configuration with two connections: `acme` to BambooHR, and `bolt` to Bob, whose webhook key is in
    /// `bolt-webhook.key`.
    pub fn both_config(&self, time_zone: &str, acme_rules: &str, bolt_rules: &str) -> String {
        let acme = self.connection("acme", HrKind::BambooHr, "webhook.key", time_zone, acme_rules);
        let bolt = self.connection("bolt", HrKind::Bob, "bolt-webhook.key", time_zone, bolt_rules);
        format!("{}\n{acme}\n{bolt}", self.head())
    }

    /// What stands before the connections.
    pub fn head(&self) -> String {
        format!(
            r#"store = "sqlite:hirewire.db"

[jumpcloud]
region = "us"
base_url = "{}"
api_key = "file:jumpcloud.key"
"#,
            self.jumpcloud.url(),
        )
    }

    /// The section of one connection.
    pub fn connection(&self, name: &str, kind: HrKind, webhook_key: &str, time_zone: &str, rules: &str) -> String {
        let hr = self.hr(kind);
        let who = match &hr {
            Hr::BambooHr(bamboohr) => format!("company = \"{}\"", bamboohr.company()),
            Hr::Bob(bob) => format!("service_user = \"{}\"", bob.service_user()),
        };
        format!(
            r#"[[connection]]
name = "{name}"
source = "{source}"
{who}
base_url = "{url}"
api_key = "file:{key}"
webhook_key = "file:{webhook_key}"
time_zone = "{time_zone}"
{rules}"#,
            source = kind.source(),
            url = hr.url(),
            key = hr.key_file(),
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
        self.tick();
    }

    /// Lets what is due at the vendors happen.
    pub fn tick(&self) {
        self.bamboohr.tick();
        self.bob.tick();
        self.jumpcloud.tick();
    }
}
