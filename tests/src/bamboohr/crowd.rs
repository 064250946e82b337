//! Thousands of plausible people, the same for the same seed.

use std::collections::BTreeMap;

use fastrand::Rng;
use jiff::Span;
use jiff::civil::Date;

use super::company::Company;
use super::locations::Location;
use super::record::{JobRow, Moment, Record, StatusRow, TERMINATED, Text};

/// How many people report to one manager.
const SPAN_OF_CONTROL: u64 = 8;

const FIRST: [&str; 48] = [
    "Ada",
    "Ben",
    "Carla",
    "Dmitri",
    "Elena",
    "Farid",
    "Grace",
    "Hiro",
    "Ingrid",
    "José",
    "Katarzyna",
    "Liam",
    "Mei",
    "Noor",
    "Oskar",
    "Priya",
    "Quentin",
    "Rosa",
    "Søren",
    "Tomás",
    "Uma",
    "Viktor",
    "Wanjiru",
    "Xavier",
    "Yara",
    "Zoë",
    "Łukasz",
    "Amélie",
    "Björn",
    "Chloe",
    "Daniel",
    "Esther",
    "François",
    "Gwen",
    "Hannah",
    "Isaac",
    "Jürgen",
    "Kofi",
    "Leila",
    "Miguel",
    "Nadia",
    "Olga",
    "Pavel",
    "Ruth",
    "Sanjay",
    "Thandi",
    "Vera",
    "William",
];
const LAST: [&str; 52] = [
    "Abbott",
    "Bauer",
    "Costa",
    "Dvořák",
    "Evans",
    "Fischer",
    "García",
    "Hansen",
    "Ivanova",
    "Jensen",
    "Kowalski",
    "Lee",
    "Müller",
    "Nakamura",
    "O'Brien",
    "Patel",
    "Quinn",
    "Rossi",
    "Smith",
    "Tanaka",
    "Ueda",
    "Vargas",
    "Wójcik",
    "Xu",
    "Yilmaz",
    "Zhang",
    "Andersson",
    "Bianchi",
    "Chen",
    "Dubois",
    "Eriksen",
    "Ferrari",
    "Gonzalez",
    "Horvat",
    "Ito",
    "Johnson",
    "Kim",
    "Larsen",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Reyes",
    "Singh",
    "Taylor",
    "Usman",
    "Virtanen",
    "Weber",
    "Young",
    "Zimmermann",
    "de la Cruz",
    "van der Berg",
];
const DEPARTMENTS: [(&str, [&str; 4]); 10] = [
    ("Engineering", ["Software Engineer", "Senior Software Engineer", "Staff Engineer", "Engineering Manager"]),
    ("Product", ["Product Designer", "Product Manager", "Researcher", "Head of Product"]),
    ("Sales", ["Account Executive", "Sales Engineer", "Sales Director", "Sales Manager"]),
    ("Customer Success", ["Support Agent", "Implementation Specialist", "Success Manager", "Support Lead"]),
    ("Human Resources", ["HR Administrator", "Recruiter", "HR Business Partner", "HR Manager"]),
    ("Finance", ["Accountant", "Payroll Specialist", "Controller", "Finance Manager"]),
    ("Operations", ["Office Manager", "Logistics Planner", "Buyer", "Operations Manager"]),
    ("Marketing", ["Content Writer", "Campaign Manager", "Designer", "Marketing Manager"]),
    ("IT", ["Systems Administrator", "Help Desk Technician", "Security Engineer", "IT Manager"]),
    ("Legal", ["Counsel", "Compliance Auditor", "Paralegal", "General Counsel"]),
];
/// Label, zone, street, town, state and its short form, postal code, country and its letters, division.
type Site = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    (&'static str, &'static str),
    &'static str,
    (&'static str, &'static str),
    &'static str,
);
const SITES: [Site; 12] = [
    (
        "Lindon, Utah",
        "America/Denver",
        "335 S 560 W",
        "Lindon",
        ("Utah", "UT"),
        "84042",
        ("United States", "US"),
        "North America",
    ),
    (
        "New York",
        "America/New_York",
        "20 W 34th St",
        "New York",
        ("New York", "NY"),
        "10001",
        ("United States", "US"),
        "North America",
    ),
    (
        "Vancouver, Canada",
        "America/Vancouver",
        "100 Main St",
        "Vancouver",
        ("British Columbia", "BC"),
        "V6A 2S5",
        ("Canada", "CA"),
        "North America",
    ),
    (
        "São Paulo",
        "America/Sao_Paulo",
        "Av. Paulista 1000",
        "São Paulo",
        ("São Paulo", "SP"),
        "01310-100",
        ("Brazil", "BR"),
        "Latin America",
    ),
    (
        "London, UK",
        "Europe/London",
        "1 High St",
        "London",
        ("England", "ENG"),
        "N1 9AA",
        ("United Kingdom", "GB"),
        "Europe",
    ),
    ("Berlin", "Europe/Berlin", "Torstraße 1", "Berlin", ("Berlin", "BE"), "10119", ("Germany", "DE"), "Europe"),
    ("Kraków", "Europe/Warsaw", "Rynek 1", "Kraków", ("Małopolskie", "MA"), "31-042", ("Poland", "PL"), "Europe"),
    ("Nairobi", "Africa/Nairobi", "Kenyatta Ave 5", "Nairobi", ("Nairobi", "NBO"), "00100", ("Kenya", "KE"), "Africa"),
    (
        "Bengaluru",
        "Asia/Kolkata",
        "MG Road 12",
        "Bengaluru",
        ("Karnataka", "KA"),
        "560001",
        ("India", "IN"),
        "Asia-Pacific",
    ),
    ("Tokyo", "Asia/Tokyo", "Marunouchi 1-1", "Tokyo", ("Tokyo", "13"), "100-0005", ("Japan", "JP"), "Asia-Pacific"),
    (
        "Sydney, Australia",
        "Australia/Sydney",
        "5 George St",
        "Sydney",
        ("New South Wales", "NSW"),
        "2000",
        ("Australia", "AU"),
        "Asia-Pacific",
    ),
    ("Remote", "UTC", "", "", ("", ""), "", ("", ""), "North America"),
];

impl Company {
    /// Adds `n` people, silently: no webhooks, as if they had been there before anybody listened. Some are yet to
    /// start, some have left, some have an end to come.
    pub(super) fn seed_crowd(&mut self, n: usize, seed: u64) {
        let mut rng = Rng::with_seed(seed);
        for (label, zone, street, city, state, zipcode, country, _) in SITES {
            if self.locations.iter().all(|known| known.label != label) {
                let mut location = Location::new(label, zone).at(street, city, state, zipcode, country);
                location.remote = street.is_empty();
                self.add_location(location);
            }
        }
        let place = |alias: &str| self.catalogue.find(alias).expect("a standard field");
        let keys = Keys {
            first: place("firstName"),
            last: place("lastName"),
            preferred: place("preferredName"),
            number: place("employeeNumber"),
            email: place("workEmail"),
            home_email: place("homeEmail"),
            phone: place("workPhone"),
            mobile: place("mobilePhone"),
        };
        let moment = self.moment();
        let mut ids: Vec<u64> = Vec::with_capacity(n);
        for _ in 0..n {
            let id = self.new_employee_id(None);
            let manager = ids.len().checked_sub(1).map(|last| ids[last / SPAN_OF_CONTROL as usize]);
            let record = self.plausible(id, manager, &keys, &moment, &mut rng);
            self.people.insert(id, record);
            ids.push(id);
        }
        for id in ids {
            self.expect_coming(id);
        }
    }

    fn plausible(&mut self, id: u64, manager: Option<u64>, keys: &Keys, moment: &Moment, rng: &mut Rng) -> Record {
        let (first, last) = (FIRST[rng.usize(..FIRST.len())], LAST[rng.usize(..LAST.len())]);
        let mut record = Record::new(id, moment.now);
        let mail: String = format!("{first}.{last}")
            .to_lowercase()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '.')
            .collect();
        let mut keep = |key: usize, text: String| drop(record.stored.insert(key, text));
        keep(keys.first, first.to_owned());
        keep(keys.last, last.to_owned());
        keep(keys.number, (1000 + id).to_string());
        // The id keeps it unique.
        keep(keys.email, format!("{mail}.{id}@crowd.example.com"));
        if rng.u8(..10) == 0 {
            keep(keys.preferred, first.chars().take(3).collect());
        }
        if rng.u8(..4) == 0 {
            keep(keys.home_email, format!("{mail}.{id}@home.example.org"));
        }
        keep(keys.phone, format!("+1 555 {:03} {:04}", rng.u16(..1000), rng.u16(..10_000)));
        if rng.bool() {
            keep(keys.mobile, format!("+1 555 {:03} {:04}", rng.u16(..1000), rng.u16(..10_000)));
        }
        let lot = rng.u8(..100);
        let days = |days: i32| -> Date { moment.today.saturating_add(Span::new().days(days)) };
        // Two in a hundred start within three months; the others began at some time in the last ten years.
        let hired = if lot < 2 { days(rng.i32(1..90)) } else { days(-rng.i32(60..3650)) };
        let ended = match lot {
            2..8 => Some(days(-rng.i32(1..50))),
            8 => Some(days(rng.i32(1..60))),
            _ => None,
        };
        record.hire_date = Some(hired);
        let status = ["Full-Time", "Full-Time", "Full-Time", "Part-Time", "Contractor"][rng.usize(..5)];
        let status = self.option("employmentHistoryStatus", status);
        let ended = ended.map(|date| (date, self.option("employmentHistoryStatus", TERMINATED)));
        for (date, status) in [Some((hired, status)), ended].into_iter().flatten() {
            let row = self.next_row_id();
            // Saved on the day of hiring, so that an end to come waits for its evening.
            record.employment.push(StatusRow { id: row, date, status, saved_on: hired, rest: BTreeMap::new() });
        }
        record.jobs.push(self.plausible_job(hired, manager, rng));
        record
    }

    fn plausible_job(&mut self, date: Date, manager: Option<u64>, rng: &mut Rng) -> JobRow {
        let (department, titles) = DEPARTMENTS[rng.usize(..DEPARTMENTS.len())];
        let site = SITES[rng.usize(..SITES.len())];
        let title = titles[rng.usize(..titles.len())];
        let mut option = |list, text| -> Option<Text> { Some(self.option(list, text)) };
        let (title, department) = (option("jobTitle", title), option("department", department));
        let (location, division) = (option("location", site.0), option("division", site.7));
        let id = self.next_row_id();
        JobRow { title, department, location, division, reports_to: manager, ..JobRow::new(id, date) }
    }
}

/// Places of the fields that a plausible person has.
struct Keys {
    first: usize,
    last: usize,
    preferred: usize,
    number: usize,
    email: usize,
    home_email: usize,
    phone: usize,
    mobile: usize,
}
