//! One connection's parsed configuration: what shall be true of its people in JumpCloud.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::account::GroupName;
use crate::attribute::Attribute;
use crate::employee::{ConnectionName, EmployeeId};
use crate::expression::{Expression, Language};

/// In which state an account starts, and who changes it later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirstState {
    /// Staged until an administrator activates it.
    Staged,
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

/// What a leaver loses, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaverRule {
    /// Whether the account is suspended.
    pub suspend: bool,
    /// Whether the person leaves every group that the rules name.
    pub leave_groups: bool,
    /// When on the last day, local time, access ends; `None` is the end of that day.
    pub at: Option<Time>,
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

/// Names for new accounts.
#[derive(Debug)]
pub struct UsernameRule {
    /// What they are made of.
    pub source: UsernameSource,
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
    /// The zone of everyone whose site has none of its own.
    pub zone: TimeZone,
    /// Who takes part.
    pub scope: Scope,
    /// Names for new accounts.
    pub username: UsernameRule,
    /// First state.
    pub first_state: FirstState,
    /// How many days before the start an account is created; as soon as HR knows the person where `None`.
    pub create_days_before: Option<u16>,
    /// Leavers.
    pub leaver: LeaverRule,
    /// Suspensions by hand.
    pub manual_suspension: ManualSuspension,
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
        let all = attributes.chain(groups).chain(username).chain(&self.scope.when);
        all.flat_map(Expression::fields).map(str::to_owned).collect()
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
