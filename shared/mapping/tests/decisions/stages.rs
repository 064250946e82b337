//! HR's lifecycle, access status and dates, and what they come to.

use mapping::employee::{Employment, Reading, Stage};
use mapping::lifecycle::{Lifecycle, Standing, lifecycle};

use crate::people::{Person, ada, at, date, rules};

/// HiBob's words with what they are read as; `garden leave` and a company's own words are nobody's.
const WORDS: [(&str, Stage); 8] = [
    ("-", Stage::Unsaid),
    ("hired", Stage::Hired),
    ("employed", Stage::Employed),
    ("leave", Stage::Away),
    ("parental leave", Stage::Away),
    ("garden leave", Stage::Unsaid),
    ("Study leave", Stage::Unsaid),
    ("terminated", Stage::Terminated),
];

fn person(word: &str, access: &str) -> Person {
    let (_, stage) = WORDS.into_iter().find(|(known, _)| *known == word).expect("one of the words");
    let employment = match access {
        "Active" => Reading::Is(Employment::Active),
        "Inactive" => Reading::Is(Employment::Inactive),
        _ => Reading::Hidden,
    };
    Person { employment, ..ada().stage(stage, word) }
}

/// One word and a date for each answer: `away!` suspends, `away!-` leaves the groups too.
fn short(life: &Lifecycle) -> String {
    let standing = match life.standing {
        Standing::Upcoming { .. } => "upcoming".to_owned(),
        Standing::Here if life.overdue_end.is_some() => "here (overdue)".to_owned(),
        Standing::Here => "here".to_owned(),
        Standing::Away { suspend, leave_groups, .. } => {
            format!("away{}{}", if suspend { "!" } else { "" }, if leave_groups { "-" } else { "" })
        }
        Standing::Leaving { .. } => "leaving".to_owned(),
        Standing::Left { .. } => "left".to_owned(),
        Standing::Unknown => "unknown".to_owned(),
    };
    match life.next_change {
        Some(next) => format!("{standing} -> {}", next.strftime("%m-%d %H:%M")),
        None => standing,
    }
}

fn life(person: &Person, lines: &str) -> Lifecycle {
    lifecycle(&person.employee(), &rules(lines), at("2026-03-02T12:00:00Z"))
}

/// Each word with each access status, for somebody of these dates on Monday, 2 March, at noon in London.
fn table(change: impl Fn(Person) -> Person, lines: &str) -> String {
    let mut table = String::new();
    for (word, _) in WORDS {
        let cells = ["Active", "Inactive", "hidden"].map(|access| short(&life(&change(person(word, access)), lines)));
        let [active, inactive, hidden] = cells;
        let line = format!("{word:<16}{active:<24}{inactive:<24}{hidden}");
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

#[test]
fn somebody_who_began_years_ago() {
    //              Active                  Inactive                hidden
    let expected = "\
-               here                    left                    unknown
hired           here                    unknown                 unknown
employed        here                    left                    unknown
leave           here                    away!                   unknown
parental leave  here                    away!                   unknown
garden leave    here                    left                    unknown
Study leave     here                    left                    unknown
terminated      left                    left                    unknown
";
    assert_eq!(table(|person| person, ""), expected);
}

#[test]
fn somebody_who_starts_today() {
    let expected = "\
-               here                    left                    unknown
hired           here                    here -> 03-04 00:00     unknown
employed        here                    left                    unknown
leave           here                    away!                   unknown
parental leave  here                    away!                   unknown
garden leave    here                    left                    unknown
Study leave     here                    left                    unknown
terminated      left                    left                    unknown
";
    assert_eq!(table(|person| person.starts("2026-03-02"), ""), expected);
}

/// Nobody has access before the first day by falling back on something, and who is away has less than that.
#[test]
fn somebody_who_starts_next_week() {
    let expected = "\
-               upcoming -> 03-09 00:00 upcoming -> 03-09 00:00 unknown
hired           upcoming -> 03-09 00:00 upcoming -> 03-09 00:00 unknown
employed        upcoming -> 03-09 00:00 upcoming -> 03-09 00:00 unknown
leave           upcoming -> 03-09 00:00 away!                   unknown
parental leave  upcoming -> 03-09 00:00 away!                   unknown
garden leave    upcoming -> 03-09 00:00 upcoming -> 03-09 00:00 unknown
Study leave     upcoming -> 03-09 00:00 upcoming -> 03-09 00:00 unknown
terminated      left                    left                    unknown
";
    assert_eq!(table(|person| person.starts("2026-03-09"), ""), expected);
}

#[test]
fn the_first_day_is_hidden() {
    let expected = "\
-               unknown                 left                    unknown
hired           unknown                 unknown                 unknown
employed        here                    left                    unknown
leave           here                    away!                   unknown
parental leave  here                    away!                   unknown
garden leave    unknown                 left                    unknown
Study leave     unknown                 left                    unknown
terminated      left                    left                    unknown
";
    assert_eq!(table(|person| Person { starts: Reading::Hidden, ..person }, ""), expected);
}

#[test]
fn the_employment_ends_today() {
    let expected = "\
-               here -> 03-03 00:00     leaving -> 03-03 00:00  unknown
hired           here -> 03-03 00:00     unknown -> 03-03 00:00  unknown
employed        here -> 03-03 00:00     left                    unknown
leave           here -> 03-03 00:00     away! -> 03-03 00:00    unknown
parental leave  here -> 03-03 00:00     away! -> 03-03 00:00    unknown
garden leave    here -> 03-03 00:00     leaving -> 03-03 00:00  unknown
Study leave     here -> 03-03 00:00     leaving -> 03-03 00:00  unknown
terminated      leaving -> 03-03 00:00  leaving -> 03-03 00:00  unknown
";
    assert_eq!(table(|person| person.ends("2026-03-02"), ""), expected);
}

#[test]
fn the_employment_ended_yesterday() {
    let expected = "\
-               left -> 03-04 00:00     left                    unknown
hired           left -> 03-04 00:00     left                    unknown
employed        left -> 03-04 00:00     left                    unknown
leave           left -> 03-04 00:00     left -> 03-04 00:00     unknown
parental leave  left -> 03-04 00:00     left -> 03-04 00:00     unknown
garden leave    left -> 03-04 00:00     left                    unknown
Study leave     left -> 03-04 00:00     left                    unknown
terminated      left                    left                    unknown
";
    assert_eq!(table(|person| person.ends("2026-03-01"), ""), expected);
}

#[test]
fn the_employment_ended_last_week() {
    let expected = "\
-               here (overdue)          left                    unknown
hired           here (overdue)          left                    unknown
employed        here (overdue)          left                    unknown
leave           here (overdue)          away!                   unknown
parental leave  here (overdue)          away!                   unknown
garden leave    here (overdue)          left                    unknown
Study leave     here (overdue)          left                    unknown
terminated      left                    left                    unknown
";
    assert_eq!(table(|person| person.ends("2026-02-23"), ""), expected);
}

/// What HR said long before the day is meant so, and is not taken back by the day coming near.
#[test]
fn the_employment_ends_next_week() {
    let expected = "\
-               here -> 03-10 00:00     left -> 03-08 00:00     unknown
hired           here -> 03-10 00:00     unknown -> 03-10 00:00  unknown
employed        here -> 03-10 00:00     left                    unknown
leave           here -> 03-10 00:00     away! -> 03-10 00:00    unknown
parental leave  here -> 03-10 00:00     away! -> 03-10 00:00    unknown
garden leave    here -> 03-10 00:00     left -> 03-08 00:00     unknown
Study leave     here -> 03-10 00:00     left -> 03-08 00:00     unknown
terminated      left -> 03-08 00:00     left -> 03-08 00:00     unknown
";
    assert_eq!(table(|person| person.ends("2026-03-09"), ""), expected);
}

/// Who ends on the first day was to start and never did: neither before that day nor on it do they get access.
#[test]
fn a_hire_that_was_cancelled() {
    let before = "\
-               upcoming -> 03-09 00:00 left -> 03-09 00:00     unknown
hired           upcoming -> 03-09 00:00 left                    unknown
employed        upcoming -> 03-09 00:00 left                    unknown
leave           upcoming -> 03-09 00:00 away! -> 03-10 00:00    unknown
parental leave  upcoming -> 03-09 00:00 away! -> 03-10 00:00    unknown
garden leave    upcoming -> 03-09 00:00 left -> 03-09 00:00     unknown
Study leave     upcoming -> 03-09 00:00 left -> 03-09 00:00     unknown
terminated      left -> 03-08 00:00     left -> 03-08 00:00     unknown
";
    assert_eq!(table(|person| person.starts("2026-03-09").ends("2026-03-09"), ""), before);
    let on_the_day = person("hired", "Inactive").starts("2026-03-02").ends("2026-03-02");
    assert_eq!(short(&life(&on_the_day, "")), "left");
}

#[test]
fn statuses_that_the_rules_call_leave() {
    let rule = "[connection.leave]\nstatuses = [\"PARENTAL-LEAVE\", \"study leave\"]\n";
    let expected = "\
-               here                    left                    unknown
hired           here                    unknown                 unknown
employed        here                    left                    unknown
leave           here                    away!                   unknown
parental leave  away!-                  away!-                  unknown
garden leave    here                    left                    unknown
Study leave     away!-                  away!-                  unknown
terminated      left                    left                    unknown
";
    assert_eq!(table(|person| person, rule), expected);
    let ends = "\
-               here -> 03-10 00:00     left -> 03-08 00:00     unknown
hired           here -> 03-10 00:00     unknown -> 03-10 00:00  unknown
employed        here -> 03-10 00:00     left                    unknown
leave           here -> 03-10 00:00     away! -> 03-10 00:00    unknown
parental leave  away -> 03-10 00:00     away -> 03-10 00:00     unknown
garden leave    here -> 03-10 00:00     left -> 03-08 00:00     unknown
Study leave     away -> 03-10 00:00     away -> 03-10 00:00     unknown
terminated      left -> 03-08 00:00     left -> 03-08 00:00     unknown
";
    let rule = format!("{rule}account = \"keep\"\ngroups = \"keep\"");
    assert_eq!(table(|person| person.ends("2026-03-09"), &rule), ends);
}

/// (rule, termination date, last day at work, the moment at which access ends)
#[test]
fn which_date_ends_access() {
    for (on, ends, last_day, moment) in [
        ("earliest", "2026-03-31", "2026-03-20", "2026-03-21T00:00:00Z"),
        ("earliest", "2026-03-20", "2026-03-31", "2026-03-21T00:00:00Z"),
        ("last-day", "2026-03-31", "2026-03-20", "2026-03-21T00:00:00Z"),
        ("last-day", "2026-03-20", "2026-03-28", "2026-03-29T00:00:00Z"),
        ("last-day", "2026-03-20", "-", "2026-03-21T00:00:00Z"),
        ("termination-date", "2026-03-27", "2026-03-20", "2026-03-28T00:00:00Z"),
        ("termination-date", "-", "2026-03-20", "2026-03-21T00:00:00Z"),
    ] {
        let day = |text: &str| if text == "-" { Reading::Empty } else { Reading::Is(date(text)) };
        let person = Person { ends: day(ends), last_day: day(last_day), ..person("employed", "Active") };
        let life = life(&person, &format!("[connection.leaver]\non = \"{on}\""));
        assert_eq!((life.standing, life.next_change), (Standing::Here, Some(at(moment))), "{on} {ends} {last_day}");
    }
}

/// On garden leave the last day at work is over and the employment is not: the rule says which of them counts, and
/// HR's access status has the last word.
#[test]
fn garden_leave() {
    let person = |access| person("garden leave", access).last_day("2026-02-20").ends("2026-05-31");
    let last_day = "[connection.leaver]\non = \"last-day\"";
    let termination = "[connection.leaver]\non = \"termination-date\"";
    assert_eq!(short(&life(&person("Active"), last_day)), "here (overdue)", "HR still gives access");
    assert_eq!(short(&life(&person("Inactive"), last_day)), "left");
    assert_eq!(short(&life(&person("Active"), termination)), "here -> 05-31 23:00");
    assert_eq!(short(&life(&person("Inactive"), termination)), "left -> 05-29 23:00", "HR took it long before");
}

#[test]
fn what_ends_access_at_once() {
    let rule = "[connection.leaver]\nat_once = 'terminationType == \"Involuntary\"'";
    let leaver = person("employed", "Active").with("terminationType", "Involuntary");
    assert_eq!(short(&life(&leaver, rule)), "left");
    assert_eq!(short(&life(&leaver.clone().ends("2026-03-31"), rule)), "left", "whatever the dates say");
    assert_eq!(short(&life(&leaver.clone().hiding("terminationType"), rule)), "here", "hidden is no word");
    assert_eq!(short(&life(&leaver.clone().with("terminationType", "Voluntary"), rule)), "here");
    // It is about the employment that ended before this one began.
    let again = leaver.starts("2026-02-02").ends("2026-01-15");
    assert_eq!(short(&life(&again, rule)), "here");
    assert_eq!(short(&life(&again.starts("2026-03-09"), rule)), "upcoming -> 03-09 00:00");
}
