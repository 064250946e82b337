//! The places of the simulated company, and the rules of its two connections as an administrator writes them.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use tests::hr::HrKind;
use tests::town::Town;

/// The zone of both HR companies: BambooHR's dates begin and end there.
pub const COMPANY_ZONE: &str = "America/Denver";
/// Where people work, and what time it is there: the first and the last midnight of the world are among them.
pub const SITES: [(&str, &str); 5] = [
    ("London", "Europe/London"),
    ("Denver", COMPANY_ZONE),
    ("Kiritimati", "Pacific/Kiritimati"),
    ("Pago Pago", "Pacific/Pago_Pago"),
    ("Kolkata", "Asia/Kolkata"),
];
/// What departments there are.
pub const DEPARTMENTS: [&str; 8] = ["Forge", "Kiln", "Loom", "Anvil", "Mill", "Press", "Wheel", "Bench"];
/// What people do; whose title begins with `Lead` is in a group.
pub const TITLES: [&str; 6] = ["Smith", "Weaver", "Turner", "Lead smith", "Lead weaver", "Clerk"];
/// HR's word for a leave that the rules count.
pub const LEAVE: &str = "Parental leave";
/// How many days before the start `bolt` makes an account.
pub const BOLT_CREATES_BEFORE: i64 = 5;
/// How many days after access ended `acme` deletes an account.
pub const ACME_DELETES_AFTER: i64 = 30;
/// The hour at which `acme` ends access.
pub const ACME_ENDS_AT: Time = Time::constant(18, 0, 0, 0);

const ATTRIBUTES: &str = r#"
[connection.attributes]
email = 'workEmail'
firstname = 'firstName'
lastname = 'lastName'
displayname = 'trim(firstName + " " + lastName)'
employeeIdentifier = 'employeeNumber'
jobTitle = 'jobTitle'
department = 'department'
"#;

/// One of the two halves of the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum House {
    /// The connection `acme`, which reads BambooHR.
    Acme,
    /// The connection `bolt`, which reads HiBob.
    Bolt,
}

impl House {
    /// Both.
    pub const ALL: [House; 2] = [House::Acme, House::Bolt];

    /// The connection's name.
    pub fn name(self) -> &'static str {
        match self {
            House::Acme => "acme",
            House::Bolt => "bolt",
        }
    }

    /// Its HR system.
    pub fn kind(self) -> HrKind {
        match self {
            House::Acme => HrKind::BambooHr,
            House::Bolt => HrKind::Bob,
        }
    }

    /// The field that names a person's site.
    fn site_field(self) -> &'static str {
        match self {
            House::Acme => "location",
            House::Bolt => "site",
        }
    }

    /// Where the secret of its webhook is.
    pub fn webhook_key(self) -> &'static str {
        match self {
            House::Acme => "webhook.key",
            House::Bolt => "bolt-webhook.key",
        }
    }
}

/// The whole `hirewire.toml`.
pub fn configuration(town: &Town) -> String {
    town.both_config(COMPANY_ZONE, &rules(House::Acme), &rules(House::Bolt))
}

fn rules(house: House) -> String {
    let starts = match house {
        House::Acme => "first_state = \"suspended-until-start\"\n".to_owned(),
        House::Bolt => {
            format!("first_state = \"staged-until-start\"\ncreate_days_before_start = {BOLT_CREATES_BEFORE}\n")
        }
    };
    let leaver = match house {
        House::Acme => format!(
            "[connection.leaver]\nat = \"18:00\"\ndevices = \"remove\"\ndelete_after_days = {ACME_DELETES_AFTER}\n\
             [connection.brakes]\ndelete = 1000\n"
        ),
        House::Bolt => "[connection.leaver]\ndevices = \"remove\"\n".to_owned(),
    };
    let leave = match house {
        House::Acme => "groups = \"keep\"",
        House::Bolt => "groups = \"leave\"",
    };
    let leave = format!("[connection.leave]\nstatuses = [\"{LEAVE}\"]\naccount = \"suspend\"\n{leave}\n");
    let (name, field) = (house.name(), house.site_field());
    let mut groups = format!(
        "[[connection.group]]\nname = \"{name} staff\"\n\n[[connection.group]]\nname_from = '\"{name} \" + department'\n\n\
         [[connection.group]]\nname = \"{name} leads\"\nwhen = 'jobTitle.startsWith(\"Lead\")'\n\n"
    );
    let mut zones = "[connection.time_zones]\n".to_owned();
    for (site, zone) in SITES {
        groups += &format!("[[connection.group]]\nname = \"{name} {site}\"\nwhen = '{field} == \"{site}\"'\n\n");
        zones += &format!("\"{site}\" = \"{zone}\"\n");
    }
    format!("{starts}{ATTRIBUTES}\n{leaver}\n{leave}\n{zones}\n{groups}")
}

/// The groups that those rules give somebody, in plain words.
pub fn groups(house: House, department: usize, title: usize, site: usize) -> Vec<String> {
    let name = house.name();
    let mut groups = vec![format!("{name} staff"), format!("{name} {}", DEPARTMENTS[department])];
    if TITLES[title].starts_with("Lead") {
        groups.push(format!("{name} leads"));
    }
    groups.push(format!("{name} {}", SITES[site].0));
    groups.sort();
    groups
}

/// The clocks on the walls.
#[derive(Clone, Debug)]
pub struct Zones {
    sites: Vec<TimeZone>,
    company: TimeZone,
}

impl Zones {
    /// Of every site.
    pub fn new() -> Zones {
        let zone = |name: &str| TimeZone::get(name).expect("a zone of the world");
        Zones { sites: SITES.iter().map(|(_, name)| zone(name)).collect(), company: zone(COMPANY_ZONE) }
    }

    /// A moment of a day at a site.
    pub fn at(&self, site: usize, date: Date, time: Time) -> Timestamp {
        self.sites[site].to_timestamp(date.to_datetime(time)).expect("a moment within the calendar")
    }

    /// Which day it is at a site.
    pub fn today(&self, site: usize, now: Timestamp) -> Date {
        now.to_zoned(self.sites[site].clone()).date()
    }

    /// Which day it is for BambooHR.
    pub fn company_today(&self, now: Timestamp) -> Date {
        now.to_zoned(self.company.clone()).date()
    }
}

/// So many days later, or earlier.
pub fn days(date: Date, by: i64) -> Date {
    date.saturating_add(Span::new().days(by))
}
