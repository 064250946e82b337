//! The file as written: shapes only, no meaning. What it means is found out beside it: `checker` takes what any part may
//! hold, `reach` says where everything is, `rules` what to do for a connection's people.

mod checker;
mod policies;
mod reach;
mod rules;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::{Fault, fault};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileShape {
    store: Spanned<String>,
    queue: Option<Spanned<String>>,
    in_flight: Option<Spanned<i64>>,
    jumpcloud: DirectoryShape,
    #[serde(default)]
    connection: Vec<Spanned<ConnectionShape>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectoryShape {
    #[serde(default)]
    region: RegionShape,
    base_url: Option<Spanned<String>>,
    api_key: Spanned<String>,
    read_key: Option<Spanned<String>>,
    org_id: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RegionShape {
    #[default]
    Us,
    Eu,
    In,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SourceShape {
    BambooHr,
    Bob,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionShape {
    name: Spanned<String>,
    source: Spanned<SourceShape>,
    company: Option<Spanned<String>>,
    service_user: Option<Spanned<String>>,
    base_url: Option<Spanned<String>>,
    api_key: Spanned<String>,
    webhook_key: Option<Spanned<String>>,
    poll: Option<Spanned<String>>,
    time_zone: Spanned<String>,
    #[serde(default)]
    first_state: FirstStateShape,
    create_days_before_start: Option<Spanned<i64>>,
    #[serde(default)]
    mode: ModeShape,
    #[serde(default)]
    inactive_people: InactivePeopleShape,
    #[serde(default)]
    rehire: RehireShape,
    #[serde(default)]
    manual_changes: ManualChangesShape,
    #[serde(default)]
    unknown_values: UnknownValuesShape,
    #[serde(default)]
    time_zones: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    activation: ActivationShape,
    #[serde(default)]
    leave: Option<Spanned<LeaveShape>>,
    #[serde(default)]
    brakes: BrakesShape,
    #[serde(default)]
    manual_suspension: ManualSuspensionShape,
    #[serde(default)]
    deleted_account: DeletedAccountShape,
    manager: Option<bool>,
    create_groups: Option<bool>,
    #[serde(default)]
    scope: ScopeShape,
    #[serde(default)]
    username: UsernameShape,
    #[serde(default)]
    leaver: LeaverShape,
    #[serde(default)]
    fields: BTreeMap<Spanned<String>, Spanned<String>>,
    attributes: Option<Branch>,
    #[serde(default)]
    lookup: BTreeMap<String, BTreeMap<Spanned<String>, String>>,
    #[serde(default)]
    group: Vec<Spanned<GroupShape>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FirstStateShape {
    #[default]
    Staged,
    StagedUntilStart,
    Active,
    SuspendedUntilStart,
    AlwaysActive,
    AlwaysSuspended,
    AsHrSays,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ManualSuspensionShape {
    #[default]
    Respect,
    Override,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DeletedAccountShape {
    #[default]
    Leave,
    Recreate,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ScopeShape {
    when: Option<Spanned<String>>,
    email_domains: Vec<Spanned<String>>,
    employees: Vec<Spanned<String>>,
    on_leaving: ScopeExitShape,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ScopeExitShape {
    #[default]
    Keep,
    LeaveGroups,
    Suspend,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ModeShape {
    #[default]
    On,
    Paused,
    Release,
    Offboard,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum InactivePeopleShape {
    #[default]
    Never,
    Suspended,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RehireShape {
    #[default]
    SameAccount,
    Hold,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ManualChangesShape {
    #[default]
    Override,
    Respect,
}

/// What to do about groups whose rules do not know somebody's department.
#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum UnknownValuesShape {
    #[default]
    KeepGroups,
    LeaveGroups,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ActivationShape {
    mail: Option<Spanned<String>>,
    default_password: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeaveShape {
    #[serde(default)]
    statuses: Vec<String>,
    #[serde(default)]
    time_off_types: Vec<Spanned<String>>,
    time_off_longer_than_days: Option<Spanned<i64>>,
    account: Option<LeaveAccountShape>,
    groups: Option<LeaverGroupsShape>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LeaveAccountShape {
    Suspend,
    Keep,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BrakesShape {
    leave_scope: Option<Spanned<i64>>,
    delete: Option<Spanned<i64>>,
    offboard: Option<Spanned<i64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct UsernameShape {
    from: Option<Spanned<String>>,
    max_length: Option<Spanned<i64>>,
    on_rename: OnRenameShape,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OnRenameShape {
    #[default]
    Keep,
    Follow,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LeaverShape {
    account: Option<Spanned<LeaverAccountShape>>,
    groups: Option<LeaverGroupsShape>,
    at: Option<Spanned<String>>,
    on: EndsOnShape,
    at_once: Option<Spanned<String>>,
    devices: DevicesShape,
    delete_after_days: Option<Spanned<i64>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EndsOnShape {
    #[default]
    Earliest,
    LastDay,
    TerminationDate,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DevicesShape {
    #[default]
    Keep,
    Remove,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LeaverAccountShape {
    Suspend,
    Leave,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LeaverGroupsShape {
    Leave,
    Keep,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupShape {
    name: Option<Spanned<String>>,
    name_from: Option<Spanned<String>>,
    when: Option<Spanned<String>>,
}

type Branch = BTreeMap<Spanned<String>, Spanned<Node>>;

/// `phone.work = "workPhone"` is a table inside a table; this is one of either.
enum Node {
    Leaf(String),
    Branch(Branch),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an HR field or an expression, as text")
            }
            fn visit_str<E>(self, text: &str) -> Result<Node, E> {
                Ok(Node::Leaf(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut branch = Branch::new();
                while let Some((name, node)) = map.next_entry()? {
                    branch.insert(name, node);
                }
                Ok(Node::Branch(branch))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl FileShape {
    /// Reads the text.
    pub(super) fn read(text: &str) -> Result<FileShape, Fault> {
        toml::from_str(text).map_err(|error| syntax_fault(&error))
    }
}

/// What the TOML library says, in the words of whoever writes the file.
fn syntax_fault(error: &toml::de::Error) -> Fault {
    const WHOLE_FILE: &str = "README shows a whole file, with every key and its type";
    let said = error.message();
    let (message, help) = if let Some((wrong, known)) = quoted(said, "unknown field `") {
        (format!("there is no key `{wrong}` here"), known_help(wrong, known, "remove it, or correct it to one of"))
    } else if let Some((wrong, known)) = quoted(said, "unknown variant `") {
        (format!("there is no choice `{wrong}` here"), known_help(wrong, known, "choose one of"))
    } else if let Some((missing, _)) = quoted(said, "missing field `") {
        (format!("the key `{missing}` is missing here"), format!("add it; {WHOLE_FILE}"))
    } else if let Some((given, wanted)) = said.strip_prefix("invalid type: ").and_then(|s| s.split_once(", expected "))
    {
        let wanted = match wanted {
            "a string" => "a text between quotes",
            "a boolean" => "true or false, without quotes",
            "i64" => "a whole number, without quotes",
            "a sequence" => "a list between [ and ]",
            other => other,
        };
        (format!("{given} is of the wrong type"), format!("write {wanted}"))
    } else if said == "duplicate key" {
        ("this key is there already".to_owned(), "keep one of the two".to_owned())
    } else {
        (said.to_owned(), WHOLE_FILE.to_owned())
    };
    fault(error.span().unwrap_or(0..0), message, help)
}

/// ``unknown field `x`, expected …`` as `x` and what follows.
fn quoted<'m>(message: &'m str, start: &str) -> Option<(&'m str, &'m str)> {
    message.strip_prefix(start)?.split_once('`')
}

/// Every name between backticks in `known`; the one meant, where only capitals, `-` and `_` differ.
fn known_help(wrong: &str, known: &str, start: &str) -> String {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    match known.iter().find(|name| plain(name) == plain(wrong)) {
        Some(meant) => format!("write `{meant}`"),
        None => format!("{start} {}", known.join(", ")),
    }
}
