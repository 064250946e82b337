//! The fields of a user: which exist, who may write them, and what they show when nobody did.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text of at most so many characters.
    Text(usize),
    Flag,
    Number,
    Manager,
    State,
    Password,
    Mfa,
    RecoveryEmail,
    /// An object kept as it is.
    Object,
    Phones,
    Addresses,
    Attributes,
    SshKeys,
    Relationships,
    Restricted,
}

/// Which calls may write a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writable {
    Both,
    Post,
    Put,
    No,
}

/// What a field shows when it was never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unset {
    EmptyText,
    Null,
    Off,
    On,
    EmptyList,
    Mfa,
    /// The field is missing altogether.
    Missing,
}

/// One field of a user.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) writable: Writable,
    unset: Unset,
}

const fn field(name: &'static str, kind: Kind, writable: Writable, unset: Unset) -> Field {
    Field { name, kind, writable, unset }
}

/// Most texts: at most 1024 characters, `""` when unset.
const fn text(name: &'static str) -> Field {
    field(name, Kind::Text(1024), Writable::Both, Unset::EmptyText)
}

const fn flag(name: &'static str) -> Field {
    field(name, Kind::Flag, Writable::Both, Unset::Off)
}

/// All fields in the recorded order of an answer; those that came later, or that may be missing, are at the end.
pub(super) const FIELDS: &[Field] = &[
    flag("account_locked"),
    field("account_locked_date", Kind::Text(64), Writable::No, Unset::Null),
    field("activated", Kind::Flag, Writable::Post, Unset::Off),
    field("addresses", Kind::Addresses, Writable::Both, Unset::EmptyList),
    field("allow_public_key", Kind::Flag, Writable::Both, Unset::On),
    field("attributes", Kind::Attributes, Writable::Both, Unset::EmptyList),
    text("company"),
    text("costCenter"),
    text("department"),
    text("description"),
    flag("disableDeviceMaxLoginAttempts"),
    text("displayname"),
    text("email"),
    field("employeeIdentifier", Kind::Text(256), Writable::Both, Unset::Null),
    text("employeeType"),
    flag("enable_managed_uid"),
    flag("enable_user_portal_multifactor"),
    text("external_dn"),
    text("external_source_type"),
    flag("externally_managed"),
    text("firstname"),
    text("jobTitle"),
    text("lastname"),
    flag("ldap_binding_user"),
    text("location"),
    field("mfa", Kind::Mfa, Writable::Both, Unset::Mfa),
    text("middlename"),
    flag("password_never_expires"),
    flag("passwordless_sudo"),
    field("phoneNumbers", Kind::Phones, Writable::Both, Unset::EmptyList),
    flag("samba_service_user"),
    field("ssh_keys", Kind::SshKeys, Writable::Put, Unset::EmptyList),
    field("state", Kind::State, Writable::Both, Unset::Missing),
    flag("sudo"),
    flag("suspended"),
    field("systemUsername", Kind::Text(1024), Writable::No, Unset::EmptyText),
    field("unix_guid", Kind::Number, Writable::Both, Unset::Missing),
    field("unix_uid", Kind::Number, Writable::Both, Unset::Missing),
    text("username"),
    field("created", Kind::Text(64), Writable::No, Unset::Missing),
    field("password_expired", Kind::Flag, Writable::No, Unset::Off),
    field("totp_enabled", Kind::Flag, Writable::No, Unset::Off),
    field("_id", Kind::Text(24), Writable::No, Unset::Missing),
    field("alternateEmail", Kind::Text(1024), Writable::Both, Unset::Missing),
    field("creationSource", Kind::Text(64), Writable::No, Unset::Missing),
    field("delegatedAuthority", Kind::Object, Writable::Both, Unset::Missing),
    field("external_password_expiration_date", Kind::Text(64), Writable::Both, Unset::Missing),
    field("managedAppleId", Kind::Text(1024), Writable::Both, Unset::Missing),
    field("manager", Kind::Manager, Writable::Both, Unset::Missing),
    field("password", Kind::Password, Writable::Both, Unset::Missing),
    field("password_date", Kind::Text(64), Writable::No, Unset::Missing),
    field("public_key", Kind::Text(4096), Writable::Both, Unset::Missing),
    // Only in the schema of POST, but the vendor's own module PUTs it too.
    field("recoveryEmail", Kind::RecoveryEmail, Writable::Both, Unset::Missing),
    field("relationships", Kind::Relationships, Writable::Both, Unset::Missing),
    field("restrictedFields", Kind::Restricted, Writable::Both, Unset::Missing),
];

/// The fields that another system may own (`restrictedFields[].field`).
pub(super) const RESTRICTABLE: &[&str] = &[
    "addresses",
    "company",
    "costCenter",
    "department",
    "description",
    "displayname",
    "email",
    "employeeIdentifier",
    "employeeType",
    "firstname",
    "jobTitle",
    "lastname",
    "location",
    "middlename",
    "password",
    "phoneNumbers",
    "sudo",
    "username",
];

/// The field called `name`.
pub(super) fn find(name: &str) -> Option<&'static Field> {
    static BY_NAME: LazyLock<HashMap<&str, &Field>> = LazyLock::new(|| FIELDS.iter().map(|f| (f.name, f)).collect());
    BY_NAME.get(name).copied()
}

static NULL: Value = Value::Null;

impl Field {
    /// What an answer shows when the field was never written; `None` where the field is then missing.
    pub(super) fn default(&self) -> Option<&'static Value> {
        static EMPTY_TEXT: Value = Value::String(String::new());
        static OFF: Value = Value::Bool(false);
        static ON: Value = Value::Bool(true);
        static EMPTY_LIST: Value = Value::Array(Vec::new());
        static MFA: LazyLock<Value> = LazyLock::new(|| json!({ "exclusion": false, "configured": false }));
        match self.unset {
            Unset::EmptyText => Some(&EMPTY_TEXT),
            Unset::Null => Some(&NULL),
            Unset::Off => Some(&OFF),
            Unset::On => Some(&ON),
            Unset::EmptyList => Some(&EMPTY_LIST),
            Unset::Mfa => Some(&MFA),
            Unset::Missing => None,
        }
    }
}

/// The null that stands for anything missing.
pub(super) fn null() -> &'static Value {
    &NULL
}
