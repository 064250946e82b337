//! What should be for one person now.
//!
//! Here is what that is, and who takes part. `attributes` says what the account holds, `groups` where it is a member.

mod attributes;
mod groups;

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::account::{GroupName, Mail};
use crate::attribute::Attribute;
use crate::employee::{Employee, EmployeeId, EmployeeKey, Employment, Reading};
use crate::expression::Outcome;
use crate::lifecycle::{Lifecycle, Standing, Zone, lifecycle, zone_of};
use crate::naming::Naming;
use crate::rules::{
    DeletedAccount, FirstState, InactivePeople, ManualChanges, ManualSuspension, Mode, OnRename, Rehire, Rules,
    ScopeExit,
};
use crate::status::{Note, Skip};
use crate::turn::{Turn, turn};

use self::attributes::{email, label, manager, usernames, wanted};
use self::groups::groups;
pub use self::groups::{GroupAnswer, computed_groups, group_answers};

/// One slot that is ours, what it shall hold, and which rule says so.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The slot.
    pub attribute: Attribute,
    /// Its value; `None` clears it.
    pub value: Option<String>,
    /// The rule, as written.
    pub because: Arc<str>,
}

/// Personal values stay out of logs.
impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wanted({}, {})", self.attribute, if self.value.is_some() { "…" } else { "(empty)" })
    }
}

/// Who the manager shall be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WantedManager {
    /// Not ours to say.
    NotOurs,
    /// Nobody.
    Nobody,
    /// This employee of the same connection.
    Person(EmployeeId),
}

/// The parts of the rules that a plan still needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// What becomes of the whole connection.
    pub mode: Mode,
    /// People without an account who are inactive.
    pub inactive_people: InactivePeople,
    /// What becomes of those who leave the scope.
    pub on_leaving_scope: ScopeExit,
    /// People who come back as somebody new.
    pub rehire: Rehire,
    /// Changes by hand.
    pub manual_changes: ManualChanges,
    /// The mail on activation.
    pub mail: Option<Mail>,
    /// Whether new accounts have a password from the start.
    pub default_password: bool,
    /// Whether leavers' devices are unbound.
    pub unbind_devices: bool,
    /// How many days after access ended an account is deleted.
    pub delete_after_days: Option<u16>,
    /// First state.
    pub first_state: FirstState,
    /// Suspensions by hand.
    pub manual_suspension: ManualSuspension,
    /// Deletions by hand.
    pub deleted_account: DeletedAccount,
    /// Whether user names follow HR.
    pub on_rename: OnRename,
    /// Whether leavers are suspended.
    pub suspend_leavers: bool,
    /// Whether missing groups are created.
    pub create_groups: bool,
}

impl Policy {
    /// When the account of somebody is deleted who has left since then.
    pub fn deletes_at(&self, left_since: Timestamp) -> Option<Timestamp> {
        let days = self.delete_after_days?;
        left_since.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()
    }

    fn of(rules: &Rules) -> Policy {
        Policy {
            mode: rules.mode,
            inactive_people: rules.inactive_people,
            on_leaving_scope: rules.scope.on_leaving,
            rehire: rules.rehire,
            manual_changes: rules.manual_changes,
            mail: rules.activation.mail.clone(),
            default_password: rules.activation.default_password.is_some(),
            unbind_devices: rules.leaver.unbind_devices,
            delete_after_days: rules.leaver.delete_after_days,
            first_state: rules.first_state,
            manual_suspension: rules.manual_suspension,
            deleted_account: rules.deleted_account,
            on_rename: rules.username.on_rename,
            suspend_leavers: rules.leaver.suspend,
            create_groups: rules.create_groups,
        }
    }
}

/// What should be for one person at one moment, and when that changes by itself.
#[derive(Clone)]
pub struct Desired {
    /// Who.
    pub key: EmployeeKey,
    /// A name that people recognise: for tables and plans, never for logs.
    pub label: String,
    /// The moment that all of this is about.
    pub at: Timestamp,
    /// Where the person stands.
    pub standing: Standing,
    /// HR's word for the leave they are on.
    pub leave: Option<Box<str>>,
    /// Whether HR counts them as active today.
    pub employment: Reading<Employment>,
    /// Why the person takes no part, if so. Leavers whose account is linked are dealt with all the same.
    pub scope: Result<(), Skip>,
    /// A new account may be made from this coming moment on; `None` is at once.
    pub create_from: Option<Timestamp>,
    /// The work e-mail, lower case, valid.
    pub email: Option<String>,
    /// Names for the account, best first.
    pub usernames: Vec<String>,
    /// What they are computed from, where the rules say that a name follows HR; `None` also where nobody can say now.
    pub named: Option<Naming>,
    /// The attributes that are ours.
    pub wanted: Vec<Wanted>,
    /// The attributes that the rules map too, but that nobody can say now: left as they are.
    pub undecided: Vec<Attribute>,
    /// The manager.
    pub manager: WantedManager,
    /// The groups to be in, each with the rule that says so.
    pub groups: BTreeMap<GroupName, Arc<str>>,
    /// Every group rule had an answer; otherwise no group is left.
    pub groups_decided: bool,
    /// Groups that are not entered and not left either: no rule knows what HR says of this person.
    pub kept: BTreeMap<GroupName, Note>,
    /// What a plan needs of the rules.
    pub policy: Policy,
    /// The next moment at which this changes by itself.
    pub next_change: Option<Timestamp>,
    /// What happens then.
    pub turn: Option<Turn>,
    /// The zone whose hours count for the person, by its name.
    pub zone: Option<Box<str>>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// Personal values stay out of logs.
impl fmt::Debug for Desired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Desired({}, {:?})", self.key, self.standing)
    }
}

impl Desired {
    /// What should be for `employee` at `now`.
    pub fn of(employee: &Employee, rules: &Rules, now: Timestamp) -> Desired {
        let found = lifecycle(employee, rules, now);
        let turn = turn(employee, rules, &found);
        let Lifecycle { standing, leave, create_from, next_change, overdue_end } = found;
        let mut notes: Vec<Note> = overdue_end.into_iter().map(|ended| Note::StillActive { ended }).collect();
        if standing == Standing::Unknown && employee.starts == Reading::Hidden {
            notes.push(Note::Hidden { what: "the account's state".to_owned(), field: "first day".to_owned() });
        }
        // Once they have begun again, an end from before is what BambooHR keeps showing.
        if let (Some(start), Some(end)) = (employee.starts.value(), employee.ends.value())
            && end < start
            && matches!(standing, Standing::Upcoming { .. })
        {
            notes.push(Note::EndBeforeStart { start: *start, end: *end });
        }
        let Zone { zone, unknown_site } = zone_of(employee, rules);
        if let Some(site) = unknown_site {
            notes.push(Note::UnknownZone { site: site.into() });
        }
        let told = notes.len();
        let (all, undecided) = wanted(employee, rules, &mut notes);
        let email = email(&all);
        let label = label(&all, employee);
        let (usernames, named) = usernames(employee, rules, &all, &undecided, email.as_deref().ok());
        let scope = scope(employee, rules, email.as_deref().map_err(Clone::clone));
        let leaves = matches!(standing, Standing::Left { .. } | Standing::Leaving { .. });
        let away = matches!(standing, Standing::Away { leave_groups: true, .. });
        if leaves {
            // Their attributes only say who they are; what is wrong with the rest concerns nobody.
            notes.truncate(told);
        }
        let mut kept = BTreeMap::new();
        let (groups, groups_decided) = match (leaves, away) {
            (true, _) => (BTreeMap::new(), rules.leaver.leave_groups),
            (false, true) => (BTreeMap::new(), true),
            (false, false) => groups(employee, rules, &mut kept, &mut notes),
        };
        Desired {
            key: employee.key.clone(),
            label,
            at: now,
            standing,
            leave,
            employment: employee.employment,
            scope,
            create_from,
            email: email.ok(),
            usernames,
            named,
            manager: if leaves { WantedManager::NotOurs } else { manager(employee, rules, &mut notes) },
            wanted: all,
            undecided,
            groups,
            groups_decided,
            kept,
            policy: Policy::of(rules),
            next_change,
            turn,
            zone: zone.iana_name().map(Box::from),
            notes,
        }
    }

    /// What should be for somebody of a connection that is being removed: HR is not asked any more.
    pub fn of_removed(key: EmployeeKey, label: String, rules: &Rules, now: Timestamp) -> Desired {
        Desired {
            key,
            label,
            at: now,
            standing: Standing::Left { ended: None },
            leave: None,
            employment: Reading::Hidden,
            scope: Ok(()),
            create_from: None,
            email: None,
            usernames: Vec::new(),
            named: None,
            wanted: Vec::new(),
            undecided: Vec::new(),
            manager: WantedManager::NotOurs,
            groups: BTreeMap::new(),
            groups_decided: rules.leaver.leave_groups,
            kept: BTreeMap::new(),
            policy: Policy::of(rules),
            next_change: None,
            turn: None,
            zone: None,
            notes: Vec::new(),
        }
    }

    /// The employee number or id that identifies a person in JumpCloud, where the rules map one.
    pub fn identifier(&self) -> Option<&str> {
        let slot = self.wanted.iter().find(|w| w.attribute == Attribute::EmployeeIdentifier)?;
        slot.value.as_deref()
    }

    /// A number that changes when anything decided here changes: equal means there is nothing new to do or to tell. Until
    /// when that holds is noted apart, and costs no look: an end that HR announces changes nothing yet. Another build of
    /// this program may give other numbers, which costs one more look at everyone.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let Desired { key, label, standing, leave, employment, scope, create_from, email, usernames, wanted, .. } =
            self;
        // HR says of a leaver that they left when its own day is over, often hours after they have: that is no news.
        let employment = match standing {
            Standing::Left { .. } => None,
            Standing::Upcoming { .. }
            | Standing::Here
            | Standing::Away { .. }
            | Standing::Leaving { .. }
            | Standing::Unknown => Some(employment),
        };
        (key, label, standing, leave, employment, scope, create_from, email, usernames, wanted).hash(&mut hasher);
        let Desired { named, manager, groups, groups_decided, kept, policy, notes, .. } = self;
        (named, manager, groups, groups_decided, kept, policy, notes).hash(&mut hasher);
        hasher.finish()
    }
}

fn scope(employee: &Employee, rules: &Rules, email: Result<&str, Skip>) -> Result<(), Skip> {
    if employee.employment == Reading::Hidden || employee.employment == Reading::Empty {
        return Err(Skip::StatusHidden);
    }
    let scope = &rules.scope;
    if !scope.employees.is_empty() && !scope.employees.contains(&employee.key.id) {
        return Err(Skip::NotChosen);
    }
    if let Some(when) = &scope.when {
        match when.holds(&employee.fields, &rules.language) {
            Outcome::Is(true) => {}
            Outcome::Is(false) => return Err(Skip::OutOfScope { when: when.source().to_string() }),
            Outcome::Hidden(field) => return Err(Skip::ScopeUnknown { reason: format!("HR hides `{field}`") }),
            Outcome::Unmapped { table, .. } => {
                return Err(Skip::ScopeUnknown { reason: format!("lookup table `{table}` lacks a line") });
            }
            Outcome::Failed(reason) => return Err(Skip::ScopeUnknown { reason }),
        }
    }
    let email = email?;
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    if !scope.email_domains.is_empty() && !scope.email_domains.contains(domain) {
        return Err(Skip::OtherDomain);
    }
    Ok(())
}
