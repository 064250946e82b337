//! A company of about a hundred people, with everything that real ones have: several sites and zones, managers,
//! leavers, people without work e-mail, two with one local part, accents, a future starter.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use crate::bamboohr::{BambooHr, Location, Person};
use crate::bob::Bob;
use crate::hr::{Hr, Leaving, NewHire, What};

/// The day the company is described for.
pub const TODAY: Date = date(2026, 3, 2);
/// The company's zone.
pub const ZONE: &str = "America/Denver";
/// Somebody in London, who will leave.
pub const IN_LONDON: &str = "21";
/// The future starter.
pub const STARTER: &str = "100";

const SITES: [(&str, &str); 4] = [
    ("Denver, CO", "America/Denver"),
    ("London, UK", "Europe/London"),
    ("Berlin, DE", "Europe/Berlin"),
    ("Auckland, NZ", "Pacific/Auckland"),
];
const DEPARTMENTS: [(&str, &str); 5] = [
    ("Engineering", "Software Engineer"),
    ("Sales", "Account Executive"),
    ("Finance", "Accountant"),
    ("People", "HR Partner"),
    ("Support", "Support Specialist"),
];
const FIRST: [&str; 24] = [
    "Ada",
    "Björn",
    "Chloé",
    "Dmitri",
    "Esther",
    "Farid",
    "Grace",
    "Hiro",
    "Ingrid",
    "José",
    "Katarzyna",
    "Łukasz",
    "Mei",
    "Noor",
    "Oskar",
    "Priya",
    "Quentin",
    "Rosa",
    "Søren",
    "Thandi",
    "Uma",
    "Viktor",
    "Wanjiru",
    "Zoë",
];
const PREFERRED: [&str; 5] = ["Kit", "Max", "Lou", "Ash", "Sky"];
const LAST: [&str; 19] = [
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
    "Petrov",
    "Quist",
    "Rossi",
    "Zielińska",
];

/// Fills an empty BambooHR with the company.
pub fn move_in(bamboohr: &BambooHr) {
    let address = [
        ("1 Market St", "Denver", ("Colorado", "CO"), "80202", ("United States", "US")),
        ("5 Old St", "London", ("England", "ENG"), "EC1V 9HL", ("United Kingdom", "GB")),
        ("Torstr. 7", "Berlin", ("Berlin", "BE"), "10119", ("Germany", "DE")),
        ("9 Queen St", "Auckland", ("Auckland", "AUK"), "1010", ("New Zealand", "NZ")),
    ];
    for ((label, zone), (street, city, state, zip, country)) in SITES.into_iter().zip(address) {
        bamboohr.add_location(Location::new(label, zone).at(street, city, state, zip, country));
    }
    for person in people() {
        bamboohr.hire(person);
    }
    for leaver in LEAVERS {
        bamboohr.terminate(leaver, LEFT);
    }
    bamboohr.set(WITHOUT_EMAIL, "workEmail", None);
}

/// Fills an empty Bob with the same people; their ids there, by those that they have in BambooHR.
pub fn move_in_to_bob(bob: &Bob) -> BTreeMap<String, String> {
    for (name, zone) in SITES {
        bob.add_site(name, Some(zone));
    }
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    let hr = Hr::Bob(bob.clone());
    for person in people() {
        let text = |field: &str| person.fields.get(field).and_then(Option::as_deref);
        let mut hire = NewHire { starts: person.hire_date.clone(), ..NewHire::default() };
        for what in FACTS {
            hire.facts.extend(text(what.in_bamboohr()).map(|value| (what, value.to_owned())));
        }
        hire.facts.extend(text("supervisorEId").map(|boss| (What::Manager, ids[boss].clone())));
        let kind = if person.employment_status == "Contractor" { "Contractor" } else { "Permanent" };
        let id = hr.hire(&hire.employed_as(kind));
        ids.insert(person.id.expect("everybody here has one"), id);
    }
    for leaver in LEAVERS {
        hr.terminate(&ids[leaver], &Leaving::on(LEFT));
    }
    hr.set(&ids[WITHOUT_EMAIL], What::Email, None);
    ids
}

/// Who left, and when.
const LEAVERS: [&str; 4] = ["88", "89", "90", "91"];
const LEFT: Date = date(2025, 11, 28);
/// Who lost their work e-mail.
const WITHOUT_EMAIL: &str = "92";
/// What both HR systems keep of everybody.
const FACTS: [What; 9] = [
    What::FirstName,
    What::LastName,
    What::Preferred,
    What::Email,
    What::EmployeeNumber,
    What::Title,
    What::Department,
    What::Site,
    What::MobilePhone,
];

/// Everybody, managers before their reports.
fn people() -> Vec<Person> {
    let mut people: Vec<Person> = (1..=96).map(ordinary).collect();
    // Two people, one local part at two domains.
    people.push(person(97, "Sam", "Okafor", 1).email("sam.okafor@acme.example").reports_to("2"));
    people.push(person(98, "Sam", "Okafor", 2).email("sam.okafor@acme-labs.example").reports_to("2"));
    // Nobody gave this one a work e-mail yet.
    people.push(person(99, "Wim", "Zonder", 4).reports_to("5"));
    let starter = person(100, "Ana", "Próxima", 0).email("ana.proxima@acme.example").reports_to("2");
    people.push(starter.hired(date(2026, 3, 9)));
    people
}

/// One of the many: 1 leads the company, 2 to 6 lead a department each, everyone else works in one.
fn ordinary(number: usize) -> Person {
    let (first, last) = (FIRST[number % FIRST.len()], LAST[number % LAST.len()]);
    let department = (number + 3) % DEPARTMENTS.len();
    let person = person(number, first, last, department);
    let local = format!("{first}.{last}{}", if number < 60 { String::new() } else { number.to_string() });
    let local = plain(&local);
    let person = person.email(&format!("{local}@acme.example"));
    match number {
        1 => person.with("jobTitle", "Chief Executive"),
        2..=6 => person.with("jobTitle", &format!("Head of {}", DEPARTMENTS[department].0)).reports_to("1"),
        _ => person.reports_to(&(2 + (number + 3) % DEPARTMENTS.len()).to_string()),
    }
}

fn person(number: usize, first: &str, last: &str, department: usize) -> Person {
    let (department, title) = DEPARTMENTS[department];
    let (site, _) = SITES[number % SITES.len()];
    let day = i8::try_from(1 + number % 28).expect("a day of the month");
    let year = 2018 + i16::try_from(number % 8).expect("a year");
    let mut person = Person::new(first, last)
        .id(&number.to_string())
        .with("employeeNumber", &format!("{}", 1000 + number))
        .with("jobTitle", title)
        .with("department", department)
        .with("division", "Acme")
        .with("location", site)
        .with("mobilePhone", &format!("+1 303 555 {number:04}"))
        .hired(date(year, 4, day));
    if number.is_multiple_of(9) {
        person = person.with("preferredName", PREFERRED[number / 9 % PREFERRED.len()]);
    }
    if number.is_multiple_of(10) { person.employed_as("Contractor") } else { person }
}

fn plain(text: &str) -> String {
    let folded = text.chars().map(|c| match c {
        'ö' | 'ø' => 'o',
        'é' | 'ë' => 'e',
        'Ł' | 'ł' => 'l',
        'ř' => 'r',
        'á' => 'a',
        'í' => 'i',
        'ü' => 'u',
        'ń' => 'n',
        other => other,
    });
    folded.filter(|c| *c != '\'').collect::<String>().to_lowercase()
}
