//! Many people at once.

use jiff::civil::Date;

use super::company::Company;
use super::person::Person;

const FIRST: [&str; 12] =
    ["Ada", "Björn", "Chloé", "Dmitri", "Esther", "Farid", "Grace", "Hiro", "Ingrid", "José", "Łukasz", "Zoë"];
const LAST: [&str; 11] =
    ["Abbott", "Bauer", "Costa", "Dvořák", "Evans", "García", "Hansen", "Kowalski", "Müller", "O'Brien", "Rossi"];
const DEPARTMENTS: [(&str, &str); 5] = [
    ("Engineering", "Software Engineer"),
    ("Sales", "Account Executive"),
    ("Finance", "Accountant"),
    ("People", "HR Partner"),
    ("Support", "Support Specialist"),
];
/// One manager for so many people.
const TEAM: usize = 8;

impl Company {
    pub(super) fn seed_crowd(&mut self, n: usize, seed: u64) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut pick = |limit: usize| rng.usize(..limit);
        let begun = self.people.len();
        let mut ids: Vec<String> = Vec::with_capacity(n);
        for number in 0..n {
            let (department, title) = DEPARTMENTS[pick(DEPARTMENTS.len())];
            let site = self.lists.sites[pick(self.lists.sites.len())].name.clone();
            let year = 2012 + i16::try_from(pick(13)).expect("a year");
            let day = 1 + i8::try_from(pick(28)).expect("a day of the month");
            let starts = Date::new(year, 1 + day % 12, day).expect("a date");
            let employee = begun + number + 1;
            let mut person = Person::new(FIRST[pick(FIRST.len())], LAST[pick(LAST.len())])
                .email(&format!("person{employee}@acme.example"))
                .with("work.employeeIdInCompany", &employee.to_string())
                .with("work.department", department)
                .with("work.title", title)
                .with("payroll.employment.type", if pick(10) == 0 { "Contractor" } else { "Permanent" })
                .at(&site)
                .starts(starts);
            if number > 0 {
                person = person.reports_to(&ids[(number - 1) / TEAM]);
            }
            person.quiet = true;
            ids.push(self.hire(person).to_string());
        }
    }
}
