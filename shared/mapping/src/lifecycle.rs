//! Where a person stands in their employment, and when that changes by itself.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::employee::{Employee, Employment, Reading};
use crate::rules::Rules;

/// For how long an end date counts although HR still says Active.
///
/// BambooHR flips the status at 23:59 of the company's zone, which is at most 26 hours after the same day ended
/// elsewhere. After two days HR has had its say: a date left over from an earlier employment must not lock out
/// somebody who was rehired.
const END_DATE_COUNTS: SignedDuration = SignedDuration::from_hours(48);

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
    /// No longer employed, by HR's explicit word.
    Left {
        /// Last day, where HR says.
        ended: Option<Date>,
    },
    /// HR hides the status, or the start of somebody whom it calls active.
    Unknown,
}

/// A person's standing at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// Where they stand.
    pub standing: Standing,
    /// A new account may be made from this coming moment on; `None` is at once.
    pub create_from: Option<Timestamp>,
    /// The next moment at which this answer changes without anybody touching HR.
    pub next_change: Option<Timestamp>,
    /// HR's own end date has passed, and HR still says Active two days later.
    pub overdue_end: Option<Date>,
}

/// The zone that counts for a person.
pub fn zone_of(employee: &Employee, rules: &Rules) -> TimeZone {
    let own = employee.zone.as_ref().and_then(|name| TimeZone::get(name).ok());
    own.unwrap_or_else(|| rules.zone.clone())
}

/// Where a person stands at `now`.
pub fn lifecycle(employee: &Employee, rules: &Rules, now: Timestamp) -> Lifecycle {
    let zone = zone_of(employee, rules);
    let today = now.to_zoned(zone.clone()).date();
    let starts = employee.starts.value().copied();
    let ends = employee.ends.value().copied();
    let stand = |standing, next_change| Lifecycle { standing, create_from: None, next_change, overdue_end: None };

    // An end before the start belongs to an earlier employment (BambooHR may keep showing it after a rehire).
    let ends = ends.filter(|end| starts.is_none_or(|start| *end >= start));
    match (employee.employment, starts) {
        (Reading::Hidden | Reading::Empty, _) => stand(Standing::Unknown, None),
        // Without the start nobody can tell a colleague from somebody who comes next month: nothing is given on that.
        (Reading::Is(Employment::Active), None) if employee.starts == Reading::Hidden => stand(Standing::Unknown, None),
        // HR may count people as inactive until they start. Who ends on the first day was to start and never will; a
        // later end is that of a fixed term.
        (Reading::Is(Employment::Inactive), Some(start)) if start > today && ends != Some(start) => {
            upcoming(start, &zone, rules, now)
        }
        (Reading::Is(Employment::Active), Some(start)) if start > today => upcoming(start, &zone, rules, now),
        (Reading::Is(Employment::Inactive), _) => stand(Standing::Left { ended: ends }, None),
        (Reading::Is(Employment::Active), _) => match ends {
            None => stand(Standing::Here, None),
            Some(end) => ending(end, &zone, rules, now),
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
    Lifecycle { standing: Standing::Upcoming { starts }, create_from, next_change: next, overdue_end: None }
}

fn ending(end: Date, zone: &TimeZone, rules: &Rules, now: Timestamp) -> Lifecycle {
    let moment = match rules.leaver.at {
        Some(time) => zone.to_timestamp(end.to_datetime(time)).ok(),
        None => end.tomorrow().ok().and_then(|day| midnight(day, zone)),
    };
    let here =
        |next_change, overdue_end| Lifecycle { standing: Standing::Here, create_from: None, next_change, overdue_end };
    let Some(moment) = moment else { return here(None, None) };
    let last_word = moment.checked_add(END_DATE_COUNTS).unwrap_or(Timestamp::MAX);
    if now < moment {
        here(Some(moment), None)
    } else if now < last_word {
        let standing = Standing::Left { ended: Some(end) };
        Lifecycle { standing, create_from: None, next_change: Some(last_word), overdue_end: None }
    } else {
        here(None, Some(end))
    }
}

/// The first moment of a day; days that begin at one o'clock (DST at midnight) begin then.
fn midnight(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.to_zoned(zone.clone()).ok()?.start_of_day().ok().map(|zoned| zoned.timestamp())
}
