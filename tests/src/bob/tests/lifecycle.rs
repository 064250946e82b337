//! What time does to people, at the midnight of their site.

use super::{Person, ada, moment, standing, town, waiting};
use crate::bob::{Absence, Bob, Ending};
use crate::clock::Clock;

fn words(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

/// A town with one site east of the company and one west of it, and somebody who listens.
async fn wide_town() -> (Bob, Clock) {
    let (bob, clock) = town().await;
    bob.add_site("Kiritimati office", Some("Pacific/Kiritimati"));
    bob.add_site("Honolulu office", Some("Pacific/Honolulu"));
    bob.subscribe("http://127.0.0.1:1/");
    (bob, clock)
}

#[tokio::test]
async fn hired_becomes_employed_at_the_midnight_of_the_site() {
    for (site, midnight) in [
        ("Kiritimati office", "2026-03-08T10:00:00Z"),
        ("Main office", "2026-03-09T06:00:00Z"),
        ("Honolulu office", "2026-03-09T10:00:00Z"),
    ] {
        let (bob, clock) = wide_town().await;
        let id = bob.hire(Person::new("Sam", "Soon").at(site).starts("2026-03-09"));
        assert_eq!(waiting(&bob), ["employee.created"]);
        clock.set(moment(midnight));
        clock.advance(-1);
        assert_eq!(standing(&bob, &id).await, words("hired", "Inactive"), "{site}");
        clock.advance(1);
        assert_eq!(standing(&bob, &id).await, words("employed", "Active"), "{site}");
        assert_eq!(waiting(&bob), ["employee.created", "employee.joined", "employee.activated"], "{site}");
        assert!(bob.pending_webhooks()[1].body.contains(r#""triggeredBy":"system""#));
    }
}

#[tokio::test]
async fn garden_leave_comes_after_the_last_day_and_then_the_end() {
    let (bob, clock) = wide_town().await;
    let id = bob.hire(ada());
    let leaving = Ending { kind: Some("Involuntary".to_owned()), ..Ending::on("2026-03-31") };
    bob.terminate(&id, &Ending { last_day: "2026-03-05".to_owned(), ..leaving });
    assert_eq!(waiting(&bob), ["table.entry.created", "table.entry.created", "employee.updated"]);
    let shown = |field: &str| bob.get(&id, field);
    assert_eq!(shown("internal.terminationDate").as_deref(), Some("2026-03-31"), "shown at once");
    assert_eq!(shown("employee.lastDayOfWork").as_deref(), Some("2026-03-05"));
    assert_eq!(shown("internal.terminationType").as_deref(), Some("Involuntary"));
    bob.edit_pending(Vec::clear);
    clock.set(moment("2026-03-06T06:59:59Z"));
    assert_eq!(standing(&bob, &id).await, words("employed", "Active"));
    clock.advance(1);
    assert_eq!(standing(&bob, &id).await, words("garden leave", "Inactive"));
    assert_eq!(waiting(&bob), ["employee.left", "employee.inactivated"]);
    bob.edit_pending(Vec::clear);
    // By then summer time has begun in Utah.
    clock.set(moment("2026-03-31T05:59:59Z"));
    assert_eq!(standing(&bob, &id).await, words("garden leave", "Inactive"));
    clock.advance(1);
    assert_eq!(standing(&bob, &id).await, words("terminated", "Inactive"));
    assert!(waiting(&bob).is_empty(), "they had left before");
}

#[tokio::test]
async fn ends_that_are_moved_taken_back_or_past() {
    let (bob, clock) = wide_town().await;
    let id = bob.hire(ada());
    bob.terminate(&id, &Ending::on("2026-03-05"));
    bob.terminate(&id, &Ending::on("2026-03-20"));
    clock.set(moment("2026-03-06T12:00:00Z"));
    assert_eq!(standing(&bob, &id).await, words("employed", "Active"));
    bob.cancel_termination(&id);
    assert_eq!(bob.get(&id, "internal.terminationDate"), None);
    clock.set(moment("2026-03-21T12:00:00Z"));
    assert_eq!(standing(&bob, &id).await, words("employed", "Active"));
    bob.edit_pending(Vec::clear);
    bob.terminate(&id, &Ending::on("2026-03-21"));
    assert_eq!(standing(&bob, &id).await, words("terminated", "Inactive"), "today's midnight is past");
    let events = ["table.entry.created", "employee.updated", "employee.left", "employee.inactivated"];
    assert_eq!(waiting(&bob), events);
}

#[tokio::test]
async fn switches_for_what_the_help_pages_say_differently() {
    let (bob, clock) = town().await;
    bob.switch(|switches| {
        switches.garden_leave_keeps_access = true;
        switches.terminated_the_day_after = true;
    });
    let id = bob.hire(ada());
    bob.terminate(&id, &Ending { last_day: "2026-03-03".to_owned(), ..Ending::on("2026-03-10") });
    clock.set(moment("2026-03-04T19:00:00Z"));
    assert_eq!(standing(&bob, &id).await, words("garden leave", "Active"));
    clock.set(moment("2026-03-10T19:00:00Z"));
    assert_eq!(standing(&bob, &id).await, words("garden leave", "Active"));
    clock.set(moment("2026-03-11T06:00:00Z"));
    assert_eq!(standing(&bob, &id).await, words("terminated", "Inactive"));
}

#[tokio::test]
async fn access_can_end_before_the_employment() {
    let (bob, clock) = wide_town().await;
    let id = bob.hire(ada());
    bob.terminate(&id, &Ending::on("2026-03-10"));
    bob.edit_pending(Vec::clear);
    bob.revoke_access_now(&id);
    assert_eq!(standing(&bob, &id).await, words("employed", "Inactive"));
    assert_eq!(waiting(&bob), ["employee.access.revoked.immediately"]);
    clock.set(moment("2026-03-10T06:00:00Z"));
    assert_eq!(waiting(&bob)[1..], ["employee.left", "employee.inactivated"], "they still come on the day");
}

#[tokio::test]
async fn leaves_begin_end_and_may_keep_access() {
    let (bob, clock) = wide_town().await;
    let id = bob.hire(ada());
    let word = |word: &str| Absence { word: word.to_owned(), ..Absence::default() };
    let until = Some("2026-03-08".to_owned());
    bob.leave(&id, &Absence { from: Some("2026-03-04".to_owned()), until, ..word("Parental leave") });
    assert_eq!(standing(&bob, &id).await, words("employed", "Active"));
    clock.set(moment("2026-03-04T07:00:00Z"));
    assert_eq!(standing(&bob, &id).await, words("parental leave", "Inactive"));
    assert_eq!(waiting(&bob)[2..], ["employee.updated", "employee.temporaryLeave", "employee.inactivated"]);
    bob.edit_pending(Vec::clear);
    clock.set(moment("2026-03-09T06:00:00Z"));
    assert_eq!(standing(&bob, &id).await, words("employed", "Active"));
    assert_eq!(waiting(&bob), ["employee.activated"]);
    bob.leave(&id, &Absence { keeps_access: true, ..word("Sabbatical") });
    let (status, access) = standing(&bob, &id).await;
    assert!(status.bytes().all(|byte| byte.is_ascii_digit()), "a word of the company's own: {status}");
    assert_eq!((access.as_str(), bob.get(&id, "internal.lifecycleStatus").as_deref()), ("Active", Some("Sabbatical")));
    bob.back(&id);
    assert_eq!(standing(&bob, &id).await, words("employed", "Active"));
}

#[tokio::test]
async fn a_rehire_keeps_the_id() {
    let (bob, clock) = wide_town().await;
    let id = bob.hire(ada());
    bob.terminate(&id, &Ending::on("2026-03-01"));
    bob.rehire(&id, "2026-03-16");
    assert_eq!(standing(&bob, &id).await, words("hired", "Inactive"));
    assert_eq!(bob.get(&id, "internal.terminationDate"), None);
    assert_eq!(bob.get(&id, "work.originalStartDate").as_deref(), Some("2020-01-06"));
    bob.edit_pending(Vec::clear);
    clock.set(moment("2026-03-16T06:00:00Z"));
    assert_eq!(standing(&bob, &id).await, words("employed", "Active"));
    assert_eq!(waiting(&bob), ["employee.joined", "employee.activated"]);
    let (bob, _) = town().await;
    bob.switch(|switches| {
        switches.rehire_shows_hired = false;
        switches.rehire_keeps_termination = true;
    });
    let id = bob.hire(ada());
    bob.terminate(&id, &Ending::on("2026-03-01"));
    bob.rehire(&id, "2026-03-16");
    assert_eq!(standing(&bob, &id).await, words("terminated", "Inactive"));
    assert_eq!(bob.get(&id, "internal.terminationDate").as_deref(), Some("2026-03-01"));
}

#[tokio::test]
async fn a_start_can_be_moved_and_rows_take_effect_where_they_lead() {
    let (bob, clock) = wide_town().await;
    let id = bob.hire(Person::new("Sam", "Soon").starts("2026-03-09").with("work.title", "Engineer"));
    bob.set(&id, "work.startDate", Some("2026-03-03"));
    assert_eq!(bob.get(&id, "work.activeEffectiveDate").as_deref(), Some("2026-03-03"));
    clock.set(moment("2026-03-03T07:00:00Z"));
    assert_eq!(standing(&bob, &id).await, words("employed", "Active"));
    // Utah's 4th is still far when Kiritimati's begins.
    bob.set_from(&id, "work.site", Some("Kiritimati office"), "2026-03-05");
    clock.set(moment("2026-03-04T09:59:59Z"));
    assert_eq!(bob.get(&id, "work.site").as_deref(), Some("Main office"));
    clock.advance(1);
    assert_eq!(bob.get(&id, "work.site").as_deref(), Some("Kiritimati office"));
    assert_eq!(bob.get(&id, "work.title").as_deref(), Some("Engineer"), "a row goes on from the one before it");
}
