//! Leave: away for a while, and what the rules make of it.

use jiff::civil::Date;

use crate::employee::{Absence, Employee};
use crate::rules::{Rules, status_word};

/// The leave that somebody is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leave {
    /// HR's word for it.
    pub(crate) word: Box<str>,
    /// First day back, where HR says.
    pub(crate) returns: Option<Date>,
    /// Whether the account is suspended.
    pub(crate) suspend: bool,
    /// Whether the groups are left.
    pub(crate) leave_groups: bool,
}

impl Leave {
    /// Leave that no rule names, during which HR gives no access: no more than that is done.
    pub(crate) fn by_access(word: Box<str>) -> Leave {
        Leave { word, returns: None, suspend: true, leave_groups: false }
    }

    fn by_rule(rules: &Rules, word: &str, returns: Option<Date>) -> Leave {
        let (suspend, leave_groups) = (rules.leave.suspend, rules.leave.leave_groups);
        Leave { word: word.into(), returns, suspend, leave_groups }
    }
}

/// The leave, of those that the rules name, that HR's status says somebody is on.
pub(crate) fn by_status(employee: &Employee, rules: &Rules) -> Option<Leave> {
    let word = employee.status.value().filter(|word| rules.leave.statuses.contains(&status_word(word)))?;
    Some(Leave::by_rule(rules, word, None))
}

/// The same, and time off that counts.
pub(crate) fn leave(employee: &Employee, rules: &Rules, today: Date) -> Option<Leave> {
    by_status(employee, rules).or_else(|| {
        let stretch = stretches(employee, rules).into_iter().find(|one| one.from <= today && today <= one.through)?;
        Some(Leave::by_rule(rules, &stretch.kind, stretch.through.tomorrow().ok()))
    })
}

/// The first day of the next time off that counts.
pub(crate) fn next(employee: &Employee, rules: &Rules, today: Date) -> Option<Date> {
    stretches(employee, rules).into_iter().map(|one| one.from).filter(|from| *from > today).min()
}

/// Time off that counts; requests that follow one another are one.
fn stretches(employee: &Employee, rules: &Rules) -> Vec<Absence> {
    let mut counted: Vec<Absence> = employee
        .absences
        .iter()
        .filter(|one| one.from <= one.through && rules.leave.time_off_types.contains(&status_word(&one.kind)))
        .cloned()
        .collect();
    counted.sort_by_key(|one| (one.from, one.through));
    let mut stretches: Vec<Absence> = Vec::new();
    for one in counted {
        match stretches.last_mut() {
            Some(last) if last.through.tomorrow().is_ok_and(|next| one.from <= next) => {
                last.through = last.through.max(one.through);
            }
            Some(_) | None => stretches.push(one),
        }
    }
    let days = |one: &Absence| i64::from((one.through - one.from).get_days()) + 1;
    stretches.retain(|one| days(one) > i64::from(rules.leave.longer_than_days));
    stretches
}
