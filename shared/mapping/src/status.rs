//! How things are with one person, in words that say what to do next.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::account::{AccountId, GroupName};
use crate::employee::{EmployeeId, EmployeeKey};

/// Why a person takes no part.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "skip")]
pub enum Skip {
    /// No work e-mail in HR.
    NoEmail,
    /// HR's work e-mail is none.
    BadEmail,
    /// HR withholds the work e-mail.
    EmailHidden,
    /// HR withholds the status.
    StatusHidden,
    /// HR withholds the first day, and there is no account yet.
    StartHidden,
    /// The scope's condition says no.
    OutOfScope {
        /// The condition.
        when: String,
    },
    /// The scope's condition cannot be answered.
    ScopeUnknown {
        /// Why.
        reason: String,
    },
    /// The e-mail's domain is not one of the scope's.
    OtherDomain,
    /// Not one of the chosen set.
    NotChosen,
    /// Not employed, and without an account: never created.
    Inactive,
    /// HR has no such record, and there is no account.
    NoRecord,
    /// The connection is being removed, and let the account go.
    Released,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Skip::NoEmail => f.write_str("no work e-mail in HR; add one there and the account follows"),
            Skip::BadEmail => f.write_str("HR's work e-mail is not an e-mail address; correct it there"),
            Skip::EmailHidden => f.write_str("HR hides the work e-mail from our key; widen the key owner's access"),
            Skip::StatusHidden => f.write_str("HR hides the status from our key; widen the key owner's access"),
            Skip::StartHidden => {
                f.write_str("HR hides the first day from our key, so no account is made; widen the key owner's access")
            }
            Skip::OutOfScope { when } => write!(f, "out of scope: {when}"),
            Skip::ScopeUnknown { reason } => write!(f, "scope undecided: {reason}; nothing is changed"),
            Skip::OtherDomain => f.write_str("out of scope: another e-mail domain"),
            Skip::NotChosen => f.write_str("out of scope: not one of the chosen employees"),
            Skip::Inactive => f.write_str("not employed and without an account; none is made"),
            Skip::NoRecord => f.write_str("HR has no such employee"),
            Skip::Released => f.write_str("the connection is being removed; the account was let go as it was"),
        }
    }
}

/// Why a person's change waits for a decision by somebody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "hold")]
pub enum Hold {
    /// More than one account could be this person's.
    Several {
        /// Which.
        accounts: Vec<AccountId>,
    },
    /// The account with this e-mail carries another employee's identifier.
    OtherIdentifier {
        /// Which.
        account: AccountId,
    },
    /// The account belongs to another employee.
    Claimed {
        /// Which.
        account: AccountId,
        /// By whom.
        by: EmployeeKey,
    },
    /// The account was deleted in JumpCloud.
    Deleted {
        /// Which.
        account: AccountId,
    },
    /// A leaver's identifier leads to an account with another e-mail: numbers are given anew, and the account may be
    /// a colleague's.
    LeaverByIdentifier {
        /// Which.
        account: AccountId,
    },
    /// Every user name for a new account is somebody else's.
    UsernamesTaken {
        /// Which were tried.
        names: Vec<String>,
    },
    /// HR no longer has the record, which is not the same as a leaver.
    GoneFromHr,
    /// So many people have met with this within a day that somebody must look at it first.
    Braked {
        /// What would be done.
        brake: Brake,
        /// How many a day the rules allow.
        limit: u16,
    },
}

/// What a limit a day is set on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Brake {
    /// Taking access because the scope was left.
    LeaveScope,
    /// Deleting an account.
    Delete,
    /// Making a leaver of somebody whose connection is being removed.
    Offboard,
}

impl Brake {
    /// Its name in the rules.
    pub fn word(self) -> &'static str {
        match self {
            Brake::LeaveScope => "leave_scope",
            Brake::Delete => "delete",
            Brake::Offboard => "offboard",
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::Several { accounts } => {
                let ids: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
                let ids = ids.join(", ");
                write!(f, "several accounts could be this person's ({ids}); give one of them the employee's identifier")
            }
            Hold::OtherIdentifier { account } => write!(
                f,
                "account {account} has this e-mail but another employee's identifier; correct one of them in JumpCloud"
            ),
            Hold::Claimed { account, by } => {
                write!(f, "account {account} belongs to employee {by}; two people in HR claim it")
            }
            Hold::Deleted { account } => write!(
                f,
                "account {account} was deleted in JumpCloud; it stays so unless the rules say deleted_account = \"recreate\""
            ),
            Hold::LeaverByIdentifier { account } => write!(
                f,
                "account {account} has this leaver's identifier but another e-mail; if it is theirs, suspend it by hand, \
                 else correct its identifier"
            ),
            Hold::UsernamesTaken { names } => {
                write!(
                    f,
                    "the user names {} are all taken; rename one of those accounts in JumpCloud",
                    names.join(", ")
                )
            }
            Hold::Braked { brake, limit } => write!(
                f,
                "more in 24 hours than brakes.{} = {limit} allows; look at it, then `hirewire release` whoever may go \
                 ahead",
                brake.word()
            ),
            Hold::GoneFromHr => f.write_str(
                "HR no longer has this record, which is not a leaver's status; the account is left as it is: \
                 suspend it by hand, or restore the record",
            ),
        }
    }
}

/// Something a person should know, that stops nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "note")]
pub enum Note {
    /// HR withholds a field; what depends on it is left as it is.
    Hidden {
        /// Attribute or rule.
        what: String,
        /// The field.
        field: String,
    },
    /// A lookup table lacks a line.
    Unmapped {
        /// Attribute or rule.
        what: String,
        /// The table.
        table: String,
        /// The value it lacks.
        value: String,
    },
    /// A rule has no answer for this person.
    Failed {
        /// Attribute or rule.
        what: String,
        /// Why.
        message: String,
    },
    /// A value is too long for JumpCloud.
    TooLong {
        /// Attribute.
        what: String,
        /// The limit, in characters.
        limit: usize,
    },
    /// A value that must be unique is on another account already.
    Taken {
        /// Attribute.
        what: String,
        /// Whose it is.
        account: AccountId,
    },
    /// HR's end date has passed and HR still says Active.
    StillActive {
        /// The date.
        ended: Date,
    },
    /// HR's end lies before its start.
    EndBeforeStart {
        /// First day.
        start: Date,
        /// Last day.
        end: Date,
    },
    /// Nobody knows the zone of the person's site.
    UnknownZone {
        /// The site.
        site: String,
    },
    /// HR has a value that no group rule knows.
    UnknownValue {
        /// The field that the rules compare.
        field: String,
        /// What HR has there.
        value: String,
    },
    /// Somebody changed an attribute of ours, and the rules respect that.
    ChangedByHand {
        /// The attribute.
        what: String,
        /// A digest of what HR says, to tell when it says something new.
        hr: u64,
    },
    /// HR renamed the person, and JumpCloud did not take the new user name.
    UsernameRefused {
        /// The name that they were to have; the same one is not tried again by itself.
        wanted: String,
        /// What JumpCloud said.
        says: String,
    },
    /// HR names a person as their own manager.
    OwnManager,
    /// The manager has no account yet; written as soon as there is one.
    ManagerPending {
        /// Who.
        manager: EmployeeId,
    },
    /// The manager takes no part, so nobody can be named.
    ManagerWithoutAccount {
        /// Who.
        manager: EmployeeId,
    },
    /// An administrator suspended the account, and the rules respect that.
    SuspendedByHand,
    /// A rule names a dynamic group, which JumpCloud fills by itself.
    DynamicGroup {
        /// Which.
        group: GroupName,
    },
    /// A rule names a group that does not exist, and the rules say not to create any.
    MissingGroup {
        /// Which.
        group: GroupName,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Hidden { what, field } => write!(f, "{what} is left as it is: HR does not show `{field}` to our key"),
            Note::Unmapped { what, table, value } => {
                write!(f, "{what} is left as it is: lookup table `{table}` has no line for \"{value}\"")
            }
            Note::Failed { what, message } => write!(f, "{what} is left as it is: {message}"),
            Note::TooLong { what, limit } => write!(f, "{what} is left as it is: longer than {limit} characters in HR"),
            Note::Taken { what, account } => {
                write!(f, "{what} is left as it is: account {account} has the same; free it there first")
            }
            Note::StillActive { ended } => {
                write!(f, "HR says Active although its own end date was {ended}; the status counts")
            }
            Note::EndBeforeStart { start, end } => {
                write!(
                    f,
                    "HR's end {end} lies before the start {start}: it counts as an earlier employment's; correct one"
                )
            }
            Note::UnknownZone { site } => write!(
                f,
                "nobody knows the time zone of site \"{site}\": the connection's counts; add it to [connection.time_zones]"
            ),
            Note::UnknownValue { field, value } => write!(
                f,
                "no group rule knows {field} \"{value}\": no group is left; add a rule for it, or unknown_values = \
                 \"leave-groups\""
            ),
            Note::ChangedByHand { what, hr: _ } => {
                write!(
                    f,
                    "{what} was changed by hand in JumpCloud; kept until HR changes it (manual_changes = \"respect\")"
                )
            }
            Note::UsernameRefused { wanted, says } => write!(
                f,
                "the user name is left as it is: JumpCloud did not take {wanted} ({says}); take the account off its \
                 devices or free the name, then `hirewire sync` this person, or write on_rename = \"keep\""
            ),
            Note::OwnManager => f.write_str("HR names this person as their own manager; left as it is"),
            Note::ManagerPending { manager } => {
                write!(f, "manager {manager} has no account yet; set as soon as there is one")
            }
            Note::ManagerWithoutAccount { manager } => write!(f, "manager {manager} has no account; none is set"),
            Note::SuspendedByHand => f.write_str(
                "an administrator suspended this account while HR says Active; kept (manual_suspension = \"respect\")",
            ),
            Note::DynamicGroup { group } => write!(f, "group {group} is dynamic: JumpCloud fills it, not we"),
            Note::MissingGroup { group } => {
                write!(f, "group {group} does not exist; create it, or create_groups = true")
            }
        }
    }
}

/// How things are with one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum Status {
    /// JumpCloud says what HR says.
    Synced,
    /// Takes no part.
    Skipped {
        /// Why.
        why: Skip,
    },
    /// Not before this moment.
    Pending {
        /// When.
        until: Timestamp,
    },
    /// Waits for somebody's decision.
    Held {
        /// Why.
        why: Hold,
    },
    /// The last try failed.
    Failed {
        /// What went wrong and what to do.
        error: String,
    },
}

impl Status {
    /// One word for tables and filters.
    pub fn word(&self) -> &'static str {
        match self {
            Status::Synced => "synced",
            Status::Skipped { .. } => "skipped",
            Status::Pending { .. } => "pending",
            Status::Held { .. } => "held",
            Status::Failed { .. } => "failed",
        }
    }

    /// The reason, in a sentence; empty when all is well.
    pub fn reason(&self) -> String {
        match self {
            Status::Synced => String::new(),
            Status::Skipped { why } => why.to_string(),
            Status::Pending { until } => format!("not before {until}"),
            Status::Held { why } => why.to_string(),
            Status::Failed { error } => error.clone(),
        }
    }
}
