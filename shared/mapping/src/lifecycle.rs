//! Where a person stands in their employment, and when that changes by itself.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::employee::{Employee, Employment, Reading, Stage};
use crate::expression::{Outcome, normalise};
use crate::leave::{Leave, leave};
use crate::rules::{EndsOn, Mode, Rules};

/// For how long a date and HR's status may contradict each other.
///
/// BambooHR flips the status at 23:59 of the company's zone, HiBob at the site's midnight: at most 26 hours before or
/// after the same day ended where the person is. For two days the date counts, then the status: a date left over from
/// an earlier employment must not lock out somebody who was rehired, and a status that HR set long before the date is
/// meant so.
const DATE_COUNTS: SignedDuration = SignedDuration::from_hours(48);

/// Where a person stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// Hired, not there yet.
    Upcoming {
        /// First day.
        starts: Date,
    },
    /// Employed.
    Here,
    /// Employed, and away for a while.
    Away {
        /// Whether the account is suspended for that.
        suspend: bool,
        /// Whether they leave the groups for that.
        leave_groups: bool,
        /// First day back, where HR says.
        returns: Option<Date>,
    },
    /// No longer employed by HR's explicit word, and their last day is not over where they are.
    Leaving {
        /// Last day.
        ends: Date,
    },
    /// No longer employed, by HR's explicit word.
    Left {
        /// Last day, where HR says.
        ended: Option<Date>,
    },
    /// HR hides the status, or the start of somebody whom it calls active.
    Unknown,
}

/// A person's standing at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// Where they stand.
    pub standing: Standing,
    /// HR's word for the leave they are on.
    pub leave: Option<Box<str>>,
    /// A new account may be made from this coming moment on; `None` is at once.
    pub create_from: Option<Timestamp>,
    /// The next moment at which this answer changes without anybody touching HR.
    pub next_change: Option<Timestamp>,
    /// HR's own end date has passed, and HR still says Active two days later.
    pub overdue_end: Option<Date>,
}

impl Lifecycle {
    fn at(standing: Standing, next_change: Option<Timestamp>) -> Lifecycle {
        Lifecycle { standing, leave: None, create_from: None, next_change, overdue_end: None }
    }
}

/// What happens when things change by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The account may be made.
    Creation,
    /// First day.
    Start,
    /// Leave begins.
    Leave,
    /// Back from leave.
    Return,
    /// Access ends.
    End,
    /// HR's dates and its status have contradicted each other for long enough.
    Look,
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Turn::Creation => "account is made",
            Turn::Start => "first day",
            Turn::Leave => "leave begins",
            Turn::Return => "back from leave",
            Turn::End => "access ends",
            Turn::Look => "HR's status is asked again",
        })
    }
}

/// What happens at the next change of this answer, if one is foreseen: told by the answer of that moment.
pub fn turn(employee: &Employee, rules: &Rules, now: &Lifecycle) -> Option<Turn> {
    let then = lifecycle(employee, rules, now.next_change?).standing;
    let ends = matches!(then, Standing::Left { .. } | Standing::Leaving { .. });
    Some(match now.standing {
        Standing::Upcoming { .. } if matches!(then, Standing::Upcoming { .. }) => Turn::Creation,
        Standing::Upcoming { .. } => Turn::Start,
        Standing::Leaving { .. } => Turn::End,
        Standing::Here | Standing::Away { .. } if ends => Turn::End,
        Standing::Away { .. } => Turn::Return,
        Standing::Here if matches!(then, Standing::Away { .. }) => Turn::Leave,
        Standing::Here | Standing::Left { .. } | Standing::Unknown => Turn::Look,
    })
}

/// Whose midnight counts for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// The zone.
    pub zone: TimeZone,
    /// The site, where HR names one and nobody knows its zone, so that the connection's counts.
    pub unknown_site: Option<Box<str>>,
}

/// The zone that counts for a person: the rules' for the site, else HR's own for it, else the connection's.
pub fn zone_of(employee: &Employee, rules: &Rules) -> Zone {
    let site = employee.fields.get(rules.site_field).value().copied().filter(|_| !rules.zones.is_empty());
    if let Some(zone) = site.and_then(|site| rules.zones.get(&normalise(site))) {
        return Zone { zone: zone.clone(), unknown_site: None };
    }
    match employee.zone.as_ref().and_then(|name| TimeZone::get(name).ok()) {
        Some(zone) => Zone { zone, unknown_site: None },
        None => Zone { zone: rules.zone.clone(), unknown_site: site.map(Box::from) },
    }
}

/// The date that ends a person's access, by the rules; not one from before their start, which belongs to an earlier
/// employment (BambooHR may keep showing it after a rehire).
fn end_of(employee: &Employee, rules: &Rules) -> Option<Date> {
    let (ends, last_day) = (employee.ends.value().copied(), employee.last_day.value().copied());
    let end = match rules.leaver.on {
        EndsOn::Earliest => ends.into_iter().chain(last_day).min(),
        EndsOn::LastDay => last_day.or(ends),
        EndsOn::TerminationDate => ends.or(last_day),
    };
    let starts = employee.starts.value().copied();
    end.filter(|end| starts.is_none_or(|start| *end >= start))
}

/// Whether the rules end this person's access at once.
fn ends_at_once(employee: &Employee, rules: &Rules, end: Option<Date>) -> bool {
    // What is said of an earlier employment does not count for this one.
    let is_over = end.is_none() && (employee.ends.value().is_some() || employee.last_day.value().is_some());
    let when = rules.leaver.at_once.as_ref().filter(|_| !is_over);
    when.is_some_and(|when| when.holds(&employee.fields, &rules.language) == Outcome::Is(true))
}

/// Where a person stands at `now`.
pub fn lifecycle(employee: &Employee, rules: &Rules, now: Timestamp) -> Lifecycle {
    let zone = zone_of(employee, rules).zone;
    let today = now.to_zoned(zone.clone()).date();
    let end = end_of(employee, rules);
    let left = Lifecycle::at(Standing::Left { ended: end }, None);
    if rules.mode == Mode::Offboard || ends_at_once(employee, rules, end) {
        return left;
    }
    let Reading::Is(employment) = employee.employment else { return Lifecycle::at(Standing::Unknown, None) };
    let starts = employee.starts.value().copied();
    let coming = starts.filter(|start| *start > today);
    let on_leave = leave(employee, rules, today);
    let end_moment = end.and_then(|end| ends_at(end, &zone, rules));
    let gone = || gone(end, end_moment, now);
    match (employment, employee.stage, coming) {
        // HR may count people as inactive until they start. Who ends on the first day was to start and never will; a
        // later end is that of a fixed term.
        (Employment::Inactive, Stage::Unsaid | Stage::Employed | Stage::Hired, Some(start)) if end == Some(start) => {
            left
        }
        (_, Stage::Unsaid | Stage::Employed | Stage::Hired, Some(start)) => upcoming(start, &zone, rules, now),
        (_, Stage::Hired, None) => match starts {
            Some(start) => begun(start, employment, end, &zone, rules, now),
            None => Lifecycle::at(Standing::Unknown, None),
        },
        (_, Stage::Terminated, _) => gone(),
        (Employment::Inactive, Stage::Unsaid, None) => match &on_leave {
            Some(leave) => away(leave, None, &zone),
            None => gone(),
        },
        // HR's lifecycle says employed and its access says no: somebody turned that off.
        (Employment::Inactive, Stage::Employed, None) => left,
        (Employment::Inactive, Stage::Away, _) => {
            let word = employee.status.value().cloned().unwrap_or_default();
            away(&on_leave.unwrap_or(Leave::by_access(word)), None, &zone)
        }
        // Without the start nobody can tell a colleague from somebody who comes next month: nothing is given on that.
        (Employment::Active, Stage::Unsaid, None) if employee.starts == Reading::Hidden => {
            Lifecycle::at(Standing::Unknown, None)
        }
        (Employment::Active, Stage::Unsaid | Stage::Employed | Stage::Away, _) => {
            let here = match end_moment.zip(end) {
                None => Lifecycle::at(Standing::Here, None),
                Some((moment, end)) => ending(end, moment, now),
            };
            match (here.standing, on_leave) {
                (Standing::Here, Some(leave)) => {
                    Lifecycle { overdue_end: here.overdue_end, ..away(&leave, here.next_change, &zone) }
                }
                (Standing::Here, None) => {
                    let leaves = crate::leave::next(employee, rules, today).and_then(|day| midnight(day, &zone));
                    Lifecycle { next_change: here.next_change.into_iter().chain(leaves).min(), ..here }
                }
                (
                    Standing::Upcoming { .. }
                    | Standing::Away { .. }
                    | Standing::Leaving { .. }
                    | Standing::Left { .. }
                    | Standing::Unknown,
                    _,
                ) => here,
            }
        }
    }
}

/// HR says that they left. Shortly before their own last day is over, that counts from its end on; long before, at once.
fn gone(end: Option<Date>, end_moment: Option<Timestamp>, now: Timestamp) -> Lifecycle {
    let coming = end.zip(end_moment.filter(|moment| *moment > now));
    let Some((ends, moment)) = coming else { return Lifecycle::at(Standing::Left { ended: end }, None) };
    match moment.checked_sub(DATE_COUNTS) {
        Ok(counts_from) if counts_from > now => Lifecycle::at(Standing::Left { ended: end }, Some(counts_from)),
        Ok(_) | Err(_) => Lifecycle::at(Standing::Leaving { ends }, Some(moment)),
    }
}

/// Hired, and the day has come: HR says so itself within hours.
fn begun(
    start: Date,
    employment: Employment,
    end: Option<Date>,
    zone: &TimeZone,
    rules: &Rules,
    now: Timestamp,
) -> Lifecycle {
    let began = midnight(start, zone);
    let last_word = began.and_then(|began| began.checked_add(DATE_COUNTS).ok());
    match (employment, last_word) {
        (Employment::Inactive, Some(last_word)) if now >= last_word => Lifecycle::at(Standing::Unknown, None),
        (Employment::Inactive, last_word) => Lifecycle::at(Standing::Here, last_word),
        (Employment::Active, _) => match end.and_then(|end| Some((end, ends_at(end, zone, rules)?))) {
            None => Lifecycle::at(Standing::Here, None),
            Some((end, moment)) => ending(end, moment, now),
        },
    }
}

fn upcoming(starts: Date, zone: &TimeZone, rules: &Rules, now: Timestamp) -> Lifecycle {
    let start = midnight(starts, zone);
    let create_from = rules.create_days_before.and_then(|days| {
        let day = starts.checked_sub(Span::new().days(days)).ok()?;
        midnight(day, zone).filter(|moment| *moment > now)
    });
    let next = create_from.into_iter().chain(start).min();
    Lifecycle { create_from, ..Lifecycle::at(Standing::Upcoming { starts }, next) }
}

fn away(leave: &Leave, next_change: Option<Timestamp>, zone: &TimeZone) -> Lifecycle {
    let back = leave.returns.and_then(|day| midnight(day, zone));
    let standing = Standing::Away { suspend: leave.suspend, leave_groups: leave.leave_groups, returns: leave.returns };
    let next_change = next_change.into_iter().chain(back).min();
    Lifecycle { leave: Some(leave.word.clone()), ..Lifecycle::at(standing, next_change) }
}

/// The moment at which access ends on that day, by the rules.
fn ends_at(end: Date, zone: &TimeZone, rules: &Rules) -> Option<Timestamp> {
    match rules.leaver.at {
        Some(time) => zone.to_timestamp(end.to_datetime(time)).ok(),
        None => end.tomorrow().ok().and_then(|day| midnight(day, zone)),
    }
}

/// HR says Active, and a date says until when.
fn ending(end: Date, moment: Timestamp, now: Timestamp) -> Lifecycle {
    let last_word = moment.checked_add(DATE_COUNTS).unwrap_or(Timestamp::MAX);
    if now < moment {
        Lifecycle::at(Standing::Here, Some(moment))
    } else if now < last_word {
        Lifecycle::at(Standing::Left { ended: Some(end) }, Some(last_word))
    } else {
        Lifecycle { overdue_end: Some(end), ..Lifecycle::at(Standing::Here, None) }
    }
}

/// The first moment of a day; days that begin at one o'clock (DST at midnight) begin then.
pub(crate) fn midnight(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.to_zoned(zone.clone()).ok()?.start_of_day().ok().map(|zoned| zoned.timestamp())
}
