//! One connection's parsed configuration: what shall be true of its people in JumpCloud.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::account::{GroupName, Mail};
use crate::attribute::Attribute;
use crate::configuration::SecretRef;
use crate::employee::{ConnectionName, EmployeeId};
use crate::expression::{Expression, Language};

/// In which state an account starts, and who changes it later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirstState {
    /// Staged until an administrator activates it.
    Staged,
    /// Staged until the start date, active from then on: the only way to an activation mail on the first day.
    StagedUntilStart,
    /// Active from the moment it is created.
    Active,
    /// Suspended until the start date, active from then on.
    SuspendedUntilStart,
    /// Active, whatever HR says: leavers keep their access.
    AlwaysActive,
    /// Suspended, whatever HR says.
    AlwaysSuspended,
    /// Active while HR says Active, suspended while it says Inactive, also before the start.
    AsHrSays,
}

/// What to do about an account that an administrator suspended by hand while HR says Active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ManualSuspension {
    /// Kept, and shown as a conflict.
    Respect,
    /// Set back to active.
    Override,
}

/// What to do about an account that somebody deleted in JumpCloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeletedAccount {
    /// Left deleted, and shown.
    Leave,
    /// Created anew.
    Recreate,
}

/// What to do about attributes of ours that somebody changed in JumpCloud while HR said nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ManualChanges {
    /// Set back to what HR says.
    Override,
    /// Kept until HR says something new, and shown as a conflict.
    Respect,
}

/// What to do about inactive people who have no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InactivePeople {
    /// None is made.
    Never,
    /// A suspended one is made, as BambooHR's own integration does.
    Suspended,
}

/// Whose account somebody gets who comes back as a new person in HR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rehire {
    /// The one they left, when name and e-mail or number agree.
    SameAccount,
    /// Held for somebody to decide.
    Hold,
}

/// Which of HR's dates ends a leaver's access, where it has both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndsOn {
    /// Whichever comes first.
    Earliest,
    /// The last day at work.
    LastDay,
    /// The day on which the employment ends.
    TerminationDate,
}

/// What a leaver loses, and when.
#[derive(Debug)]
pub struct LeaverRule {
    /// Whether the account is suspended.
    pub suspend: bool,
    /// Whether the person leaves every group that the rules name.
    pub leave_groups: bool,
    /// Which date counts.
    pub on: EndsOn,
    /// When on that day, local time, access ends; `None` is the end of the day.
    pub at: Option<Time>,
    /// A condition over HR fields that ends access at once, whatever the dates say.
    pub at_once: Option<Expression>,
    /// Whether devices bound to the account directly are unbound.
    pub unbind_devices: bool,
    /// How many days after access ended the account is deleted; never where `None`.
    pub delete_after_days: Option<u16>,
}

/// What somebody on leave loses, and what counts as leave.
#[derive(Debug, Default)]
pub struct LeaveRule {
    /// HR's statuses that count, by [`status_word`].
    pub statuses: BTreeSet<String>,
    /// BambooHR's kinds of time off that count, by [`status_word`].
    pub time_off_types: BTreeSet<String>,
    /// Time off of so many days or fewer does not count.
    pub longer_than_days: u16,
    /// Whether the account is suspended.
    pub suspend: bool,
    /// Whether the person leaves every group that the rules name, until they are back.
    pub leave_groups: bool,
}

/// HR's words for a status are compared without case, spaces, `-` and `_`: `Parental leave` is `parentalLeave`.
pub fn status_word(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// What becomes of somebody's account who has left the scope and not the company.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ScopeExit {
    /// Nothing: it is as it was, and no longer ours to change.
    #[default]
    Keep,
    /// It leaves every group that the rules name.
    LeaveGroups,
    /// It is suspended, and leaves them.
    Suspend,
}

/// What is told to whoever's account becomes active.
#[derive(Debug, Default)]
pub struct ActivationRule {
    /// JumpCloud's mail. Where the rules say nothing, none goes out when a staged account becomes active, and whether
    /// JumpCloud writes to somebody whose new account is active at once is its own affair: to be sure takes a second call.
    pub mail: Option<Mail>,
    /// Where the password of new accounts is kept, if they have one from the start: JumpCloud then sends no mail.
    pub default_password: Option<SecretRef>,
}

/// How many people in 24 hours may meet with what can hardly be undone; whoever comes after them is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brakes {
    /// Access taken because the scope was left.
    pub leave_scope: u16,
    /// Accounts deleted.
    pub delete: u16,
    /// People of a connection that is being removed who are made leavers.
    pub offboard: u16,
}

/// What becomes of a whole connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It works.
    On,
    /// Nothing is read and nothing is done, and everything known is kept.
    Paused,
    /// Its accounts are let go, otherwise untouched: their link is taken off, and they are nobody's.
    Release,
    /// Everyone of it is a leaver, as far as the brake allows.
    Offboard,
}

/// Which people are in scope; each part given must hold.
#[derive(Debug, Default)]
pub struct Scope {
    /// A condition over HR fields.
    pub when: Option<Expression>,
    /// Work e-mail domains, lower case; empty means any.
    pub email_domains: BTreeSet<String>,
    /// A chosen set; empty means anyone.
    pub employees: BTreeSet<EmployeeId>,
    /// What becomes of those who leave it.
    pub on_leaving: ScopeExit,
}

/// Where the name of a new account comes from.
#[derive(Debug)]
pub enum UsernameSource {
    /// The part of the work e-mail before the `@`.
    Email,
    /// The display name, as the rules compute it.
    DisplayName,
    /// An expression.
    Computed(Expression),
}

/// As the rules write it.
impl fmt::Display for UsernameSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UsernameSource::Email => f.write_str("email"),
            UsernameSource::DisplayName => f.write_str("display-name"),
            UsernameSource::Computed(expression) => f.write_str(&expression.source()),
        }
    }
}

/// What becomes of the user name of somebody whom HR renames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnRename {
    /// It stays.
    Keep,
    /// It is made anew.
    Follow,
}

/// Names of accounts.
#[derive(Debug)]
pub struct UsernameRule {
    /// What they are made of.
    pub source: UsernameSource,
    /// What becomes of one later.
    pub on_rename: OnRename,
    /// Longest name, in characters.
    pub max_length: usize,
}

/// Where a group rule's name comes from.
#[derive(Debug)]
pub enum GroupNaming {
    /// One group.
    Fixed(GroupName),
    /// One for each value: "Dept " + department.
    Computed(Expression),
}

/// Who is in a group.
#[derive(Debug)]
pub struct GroupRule {
    /// Which group.
    pub name: GroupNaming,
    /// Who; everyone in scope where `None`.
    pub when: Option<Expression>,
}

/// Everything that is to be decided for one connection's people.
#[derive(Debug)]
pub struct Rules {
    /// Whose people.
    pub connection: ConnectionName,
    /// Whether it works at all.
    pub mode: Mode,
    /// The zone of everyone whose site has none of its own.
    pub zone: TimeZone,
    /// The zones of sites, by the normalised name that HR gives them.
    pub zones: BTreeMap<String, TimeZone>,
    /// The HR field that names a person's site.
    pub site_field: &'static str,
    /// Who takes part.
    pub scope: Scope,
    /// Names of accounts.
    pub username: UsernameRule,
    /// First state.
    pub first_state: FirstState,
    /// How many days before the start an account is created; as soon as HR knows the person where `None`.
    pub create_days_before: Option<u16>,
    /// People without an account who are inactive.
    pub inactive_people: InactivePeople,
    /// Mails and passwords.
    pub activation: ActivationRule,
    /// Leavers.
    pub leaver: LeaverRule,
    /// People on leave.
    pub leave: LeaveRule,
    /// People who come back as somebody new.
    pub rehire: Rehire,
    /// Limits.
    pub brakes: Brakes,
    /// Suspensions by hand.
    pub manual_suspension: ManualSuspension,
    /// Other changes by hand.
    pub manual_changes: ManualChanges,
    /// Deletions by hand.
    pub deleted_account: DeletedAccount,
    /// Which attributes are ours and what they shall be.
    pub attributes: Vec<(Attribute, Expression)>,
    /// Whether the manager is ours.
    pub manager: bool,
    /// Group rules.
    pub groups: Vec<GroupRule>,
    /// Whether a group that a rule names is created when JumpCloud has none of that name.
    pub create_groups: bool,
    /// Every value that the group rules know of a field that they only ever compare with values.
    pub known_values: BTreeMap<String, BTreeSet<String>>,
    /// Whether groups are kept by somebody of whose department (or whatever the group rules compare) no rule knows.
    pub keep_groups_of_unknown: bool,
    /// Our names for HR fields whose own names are no identifiers (`badge` for `4340.4`).
    pub field_names: BTreeMap<String, String>,
    /// What expressions may call.
    pub language: Language,
}

impl Rules {
    /// Every HR field, by our name, that a decision may read.
    pub fn fields(&self) -> BTreeSet<String> {
        let attributes = self.attributes.iter().map(|(_, expression)| expression);
        let groups = self.groups.iter().flat_map(|rule| {
            let name = match &rule.name {
                GroupNaming::Fixed(_) => None,
                GroupNaming::Computed(expression) => Some(expression),
            };
            name.into_iter().chain(&rule.when)
        });
        let username = match &self.username.source {
            UsernameSource::Computed(expression) => Some(expression),
            UsernameSource::Email | UsernameSource::DisplayName => None,
        };
        let all = attributes.chain(groups).chain(username).chain(&self.scope.when).chain(&self.leaver.at_once);
        let site = (!self.zones.is_empty()).then_some(self.site_field);
        all.flat_map(Expression::fields).chain(site).map(str::to_owned).collect()
    }

    /// The groups whose names stand in the rules; computed names are known only once people are.
    pub fn fixed_groups(&self) -> BTreeSet<GroupName> {
        let fixed = self.groups.iter().filter_map(|rule| match &rule.name {
            GroupNaming::Fixed(name) => Some(name.clone()),
            GroupNaming::Computed(_) => None,
        });
        fixed.collect()
    }
}
