//! Where a person stands in their employment, and when that changes by itself.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::employee::{Employee, Employment, Reading, Stage};
use crate::expression::{Outcome, normalise};
use crate::leave::{Leave, by_status, leave, next as next_leave};
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
    let end_moment = end.and_then(|end| ends_at(end, &zone, rules));
    let case = Case { rules, now, zone, end, end_moment };
    if rules.mode == Mode::Offboard || ends_at_once(employee, rules, end) {
        return case.left(None);
    }
    let Reading::Is(employment) = employee.employment else { return Lifecycle::at(Standing::Unknown, None) };
    let starts = employee.starts.value().copied();
    let coming = starts.filter(|start| *start > today);
    match (employee.stage, employment, coming) {
        (Stage::Terminated, _, _) => case.gone(),
        // HR may count people as inactive until they start. Who ends on the first day was to start and never will; a
        // later end is that of a fixed term.
        (stage @ (Stage::Unsaid | Stage::Hired | Stage::Employed), Employment::Inactive, Some(start))
            if end == Some(start) =>
        {
            case.never_comes(start, stage)
        }
        (Stage::Unsaid | Stage::Hired | Stage::Employed, _, Some(start)) => case.upcoming(start),
        (Stage::Hired, _, None) => match starts {
            Some(start) => case.begun(start, employment),
            None => Lifecycle::at(Standing::Unknown, None),
        },
        // HR's lifecycle says employed and its access says no: somebody turned that off.
        (Stage::Employed, Employment::Inactive, None) => case.left(None),
        // Only a status that the rules call leave makes anything else of this than a leaver: time off that was approved
        // before somebody left is still there afterwards.
        (Stage::Unsaid, Employment::Inactive, None) => match by_status(employee, rules) {
            Some(leave) => case.employed(Some(&leave), None),
            None => case.gone(),
        },
        (Stage::Away, Employment::Inactive, _) => {
            let by_access = || Leave::by_access(employee.status.value().cloned().unwrap_or_default());
            case.employed(Some(&by_status(employee, rules).unwrap_or_else(by_access)), None)
        }
        // Without the start nobody can tell a colleague from somebody who comes next month: nothing is given on that.
        (Stage::Unsaid, Employment::Active, None) if employee.starts == Reading::Hidden => {
            Lifecycle::at(Standing::Unknown, None)
        }
        (Stage::Unsaid | Stage::Employed | Stage::Away, Employment::Active, coming) => {
            match (leave(employee, rules, today), coming) {
                // Away before the first day: nothing is given for that either.
                (None, Some(start)) => case.upcoming(start),
                (on_leave, _) => case.employed(on_leave.as_ref(), next_leave(employee, rules, today)),
            }
        }
    }
}

/// One person at one moment, with what the answers have in common.
struct Case<'a> {
    rules: &'a Rules,
    now: Timestamp,
    zone: TimeZone,
    end: Option<Date>,
    /// When access ends on that day.
    end_moment: Option<Timestamp>,
}

impl Case<'_> {
    fn left(&self, next_change: Option<Timestamp>) -> Lifecycle {
        Lifecycle::at(Standing::Left { ended: self.end }, next_change)
    }

    fn midnight(&self, day: Date) -> Option<Timestamp> {
        midnight(day, &self.zone)
    }

    /// HR says that they left. Shortly before their own last day is over, that counts from its end on; long before, at
    /// once.
    fn gone(&self) -> Lifecycle {
        let coming = self.end.zip(self.end_moment.filter(|moment| *moment > self.now));
        let Some((ends, moment)) = coming else { return self.left(None) };
        match moment.checked_sub(DATE_COUNTS) {
            Ok(counts_from) if counts_from > self.now => self.left(Some(counts_from)),
            Ok(_) | Err(_) => Lifecycle::at(Standing::Leaving { ends }, Some(moment)),
        }
    }

    /// Hired once, and ended on the first day, which is still to come.
    fn never_comes(&self, start: Date, stage: Stage) -> Lifecycle {
        match stage {
            // On that day itself nobody can tell them from somebody who is there for one day.
            Stage::Unsaid => self.left(self.midnight(start).filter(|first| self.end_moment > Some(*first))),
            Stage::Hired | Stage::Employed | Stage::Away | Stage::Terminated => self.left(None),
        }
    }

    fn upcoming(&self, starts: Date) -> Lifecycle {
        let create_from = self.rules.create_days_before.and_then(|days| {
            let day = starts.checked_sub(Span::new().days(days)).ok()?;
            self.midnight(day).filter(|moment| *moment > self.now)
        });
        let next = create_from.into_iter().chain(self.midnight(starts)).min();
        Lifecycle { create_from, ..Lifecycle::at(Standing::Upcoming { starts }, next) }
    }

    /// Hired, and the day has come: HR says so itself within hours.
    fn begun(&self, start: Date, employment: Employment) -> Lifecycle {
        let last_word = self.midnight(start).and_then(|began| began.checked_add(DATE_COUNTS).ok());
        let is_over = self.end == Some(start) || self.end_moment.is_some_and(|moment| moment <= self.now);
        match employment {
            Employment::Active => self.employed(None, None),
            // Who is inactive and ends on the first day never came.
            Employment::Inactive if is_over => self.left(None),
            Employment::Inactive if last_word.is_some_and(|moment| moment <= self.now) => {
                Lifecycle::at(Standing::Unknown, self.end_moment)
            }
            Employment::Inactive => Lifecycle::at(Standing::Here, last_word.into_iter().chain(self.end_moment).min()),
        }
    }

    /// Employed, on leave or not; a date says until when.
    fn employed(&self, on_leave: Option<&Leave>, next_leave: Option<Date>) -> Lifecycle {
        let here = self.until_the_end();
        match here.standing {
            Standing::Here => {}
            Standing::Upcoming { .. }
            | Standing::Away { .. }
            | Standing::Leaving { .. }
            | Standing::Left { .. }
            | Standing::Unknown => return here,
        }
        let (standing, day) = match on_leave {
            None => (Standing::Here, next_leave),
            Some(&Leave { suspend, leave_groups, returns, .. }) => {
                (Standing::Away { suspend, leave_groups, returns }, returns)
            }
        };
        let next_change = here.next_change.into_iter().chain(day.and_then(|day| self.midnight(day))).min();
        Lifecycle { standing, leave: on_leave.map(|leave| leave.word.clone()), next_change, ..here }
    }

    /// HR's status says employed, and a date says until when: for two days it has the last word.
    fn until_the_end(&self) -> Lifecycle {
        let Some((end, moment)) = self.end.zip(self.end_moment) else { return Lifecycle::at(Standing::Here, None) };
        let last_word = moment.checked_add(DATE_COUNTS).unwrap_or(Timestamp::MAX);
        if self.now < moment {
            Lifecycle::at(Standing::Here, Some(moment))
        } else if self.now < last_word {
            self.left(Some(last_word))
        } else {
            Lifecycle { overdue_end: Some(end), ..Lifecycle::at(Standing::Here, None) }
        }
    }
}

/// The moment at which access ends on that day, by the rules.
fn ends_at(end: Date, zone: &TimeZone, rules: &Rules) -> Option<Timestamp> {
    match rules.leaver.at {
        Some(time) => zone.to_timestamp(end.to_datetime(time)).ok(),
        None => end.tomorrow().ok().and_then(|day| midnight(day, zone)),
    }
}

/// The first moment of a day; days that begin at one o'clock (DST at midnight) begin then.
pub(crate) fn midnight(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.to_zoned(zone.clone()).ok()?.start_of_day().ok().map(|zoned| zoned.timestamp())
}
