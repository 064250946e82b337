//! What to do for a connection's people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use toml::Spanned;

use super::checker::Checker;
use super::policies::zones;
use super::{
    Branch, ConnectionShape, DeletedAccountShape, FirstStateShape, GroupShape, InactivePeopleShape, ManualChangesShape,
    ManualSuspensionShape, ModeShape, Node, OnRenameShape, RehireShape, ScopeExitShape, ScopeShape, UnknownValuesShape,
    UsernameShape,
};
use crate::account::GroupName;
use crate::attribute::{self, Attribute, NotAnAttribute, PLAIN};
use crate::configuration::{CREATE_DAYS_LIMIT, SourceKind, defaults};
use crate::employee::{ConnectionName, EmployeeId};
use crate::expression::{Expression, Kind, Language, Table, Tables, known_values, normalise};
use crate::rules::{
    DeletedAccount, FirstState, GroupNaming, GroupRule, InactivePeople, ManualChanges, ManualSuspension, Mode,
    OnRename, Rehire, Rules, Scope, ScopeExit, UsernameRule, UsernameSource,
};
use crate::username::{USERNAME_LIMIT, USERNAME_LIMIT_WINDOWS};

impl ConnectionShape {
    pub(super) fn rules(
        self,
        connection: Option<ConnectionName>,
        source: SourceKind,
        zone: Option<TimeZone>,
        checker: &mut Checker<'_>,
    ) -> Option<Rules> {
        let language = Language::new(Arc::new(tables(self.lookup, checker)));
        let first_state = match self.first_state {
            FirstStateShape::Staged => FirstState::Staged,
            FirstStateShape::StagedUntilStart => FirstState::StagedUntilStart,
            FirstStateShape::Active => FirstState::Active,
            FirstStateShape::SuspendedUntilStart => FirstState::SuspendedUntilStart,
            FirstStateShape::AlwaysActive => FirstState::AlwaysActive,
            FirstStateShape::AlwaysSuspended => FirstState::AlwaysSuspended,
            FirstStateShape::AsHrSays => FirstState::AsHrSays,
        };
        let days_at = self.leaver.delete_after_days.as_ref().map(Spanned::span).unwrap_or_default();
        let leaver = self.leaver.check(first_state, &language, checker);
        if let (InactivePeopleShape::Suspended, Some(days)) = (self.inactive_people, leaver.delete_after_days) {
            let help =
                format!("write inactive_people = \"never\": an account deleted after {days} days would be made anew");
            checker.refuse(days_at, "accounts for inactive people and deleted leavers cannot both be", help);
        }
        let leave = self.leave.map(|leave| {
            let whole = leave.span();
            leave.into_inner().check(whole, source, first_state, checker)
        });
        let activation = self.activation.check(first_state, checker);
        let brakes = self.brakes.check(checker);
        let zones = zones(self.time_zones, checker);
        let attributes = match self.attributes {
            Some(tree) => attributes(tree, &language, checker),
            None => default_attributes(source, &language),
        };
        let has_email = attributes.iter().any(|(a, _)| *a == Attribute::Email);
        let email = (!has_email).then(|| (Attribute::Email, parse_default(defaults::EMAIL, &language)));
        let scope = self.scope.check(&language, checker);
        let username = self.username.check(&language, checker);
        let groups: Vec<GroupRule> =
            self.group.into_iter().filter_map(|g| check_group(g, &language, checker)).collect();
        let field_names = field_names(self.fields, checker);
        let days = self.create_days_before_start.as_ref();
        let create_days_before = checker.number(days, "create_days_before_start", 0..=CREATE_DAYS_LIMIT);
        Some(Rules {
            scope,
            username,
            first_state,
            create_days_before: create_days_before.map(|days| days as u16),
            mode: match self.mode {
                ModeShape::On => Mode::On,
                ModeShape::Paused => Mode::Paused,
                ModeShape::Release => Mode::Release,
                ModeShape::Offboard => Mode::Offboard,
            },
            inactive_people: match self.inactive_people {
                InactivePeopleShape::Never => InactivePeople::Never,
                InactivePeopleShape::Suspended => InactivePeople::Suspended,
            },
            rehire: match self.rehire {
                RehireShape::SameAccount => Rehire::SameAccount,
                RehireShape::Hold => Rehire::Hold,
            },
            manual_changes: match self.manual_changes {
                ManualChangesShape::Override => ManualChanges::Override,
                ManualChangesShape::Respect => ManualChanges::Respect,
            },
            known_values: known_values(groups.iter().filter_map(|rule| rule.when.as_ref())),
            keep_groups_of_unknown: self.unknown_values == UnknownValuesShape::KeepGroups,
            zones,
            site_field: defaults::site_field(source),
            activation,
            leaver,
            leave: leave.unwrap_or_default(),
            brakes,
            manual_suspension: match self.manual_suspension {
                ManualSuspensionShape::Respect => ManualSuspension::Respect,
                ManualSuspensionShape::Override => ManualSuspension::Override,
            },
            deleted_account: match self.deleted_account {
                DeletedAccountShape::Leave => DeletedAccount::Leave,
                DeletedAccountShape::Recreate => DeletedAccount::Recreate,
            },
            attributes: email.into_iter().chain(attributes).collect(),
            manager: self.manager.unwrap_or(true),
            groups,
            create_groups: self.create_groups.unwrap_or(true),
            field_names,
            language,
            connection: connection?,
            zone: zone?,
        })
    }
}

fn tables(lookup: BTreeMap<String, BTreeMap<Spanned<String>, String>>, checker: &mut Checker<'_>) -> Tables {
    let mut tables = Tables::new();
    for (name, lines) in lookup {
        let mut table = Table::default();
        for (key, value) in lines {
            if key.get_ref() == "*" {
                table.otherwise = Some(value);
            } else if table.lines.insert(normalise(key.get_ref()), value).is_some() {
                let help = "case and spaces do not count in a lookup; keep one of the two lines";
                checker.refuse(key.span(), "this line says the same as an earlier one", help);
            }
        }
        tables.insert(name, table);
    }
    tables
}

fn field_names(
    fields: BTreeMap<Spanned<String>, Spanned<String>>,
    checker: &mut Checker<'_>,
) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (ours, theirs) in fields {
        let text = ours.get_ref();
        let fits = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if !fits || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            let help = "begin with a letter and use letters, digits and _ only, so that expressions can read it";
            checker.refuse(ours.span(), format!("`{text}` cannot be a field's name"), help);
        }
        if theirs.get_ref().trim().is_empty() {
            checker.refuse(
                theirs.span(),
                format!("`{text}` names no field"),
                "write the HR system's own name or number of it",
            );
        }
        names.insert(ours.into_inner(), theirs.into_inner());
    }
    names
}

fn attributes(tree: Branch, language: &Language, checker: &mut Checker<'_>) -> Vec<(Attribute, Expression)> {
    let mut found = Vec::new();
    let mut open: Vec<(Spanned<String>, Spanned<Node>)> = tree.into_iter().collect();
    while let Some((name, node)) = open.pop() {
        let span = node.span();
        let source = match node.into_inner() {
            Node::Leaf(source) => Spanned::new(span, source),
            Node::Branch(branch) => {
                let whole =
                    |part: Spanned<String>| Spanned::new(part.span(), format!("{}.{}", name.get_ref(), part.get_ref()));
                open.extend(branch.into_iter().map(|(part, node)| (whole(part), node)));
                continue;
            }
        };
        let expression = checker.expression(&source, Kind::Text, language);
        match Attribute::parse(name.get_ref()) {
            Ok(attribute) => found.extend(expression.map(|e| (attribute, e))),
            Err(error) => {
                checker.refuse(name.span(), error.to_string(), attribute_help(&error));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn attribute_help(error: &NotAnAttribute) -> String {
    match error {
        NotAnAttribute::Unknown(name) => match attribute::names().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => format!("write `{known}`: capitals count"),
            None => {
                let plain = PLAIN.map(|(_, name)| name).join(", ");
                format!(
                    "there are {plain}, phone.(work|home|mobile|work_mobile|work_fax), address.(work|home).(streetAddress|\
                     extendedAddress|locality|region|postalCode|country), and custom.NAME for your own"
                )
            }
        },
        NotAnAttribute::CustomName(_) => "JumpCloud takes no other names for custom attributes".to_owned(),
        NotAnAttribute::OwnName => "Hirewire keeps the link to the HR record there".to_owned(),
    }
}

fn default_attributes(source: SourceKind, language: &Language) -> Vec<(Attribute, Expression)> {
    let parsed = defaults::attributes(source).iter().map(|line| {
        let attribute = Attribute::parse(line.attribute).expect("the defaults name attributes");
        (attribute, parse_default(line.from, language))
    });
    parsed.collect()
}

fn parse_default(source: &str, language: &Language) -> Expression {
    Expression::parse(source, Kind::Text, language).expect("the defaults are expressions")
}

impl ScopeShape {
    fn check(self, language: &Language, checker: &mut Checker<'_>) -> Scope {
        let mut employees = BTreeSet::new();
        for id in self.employees {
            match EmployeeId::parse(id.get_ref()) {
                Ok(parsed) => drop(employees.insert(parsed)),
                Err(error) => {
                    let help = "write the HR system's id of the person, which is not the employee number";
                    checker.refuse(id.span(), error.to_string(), help);
                }
            }
        }
        let mut email_domains = BTreeSet::new();
        for domain in self.email_domains {
            let text = domain.get_ref();
            let plain = !text.contains(|c: char| c == '@' || c.is_whitespace());
            if !plain || text.split('.').any(str::is_empty) || !text.contains('.') {
                let help = "write what follows the @, for example \"example.com\"";
                checker.refuse(domain.span(), "this is not an e-mail domain", help);
            }
            email_domains.insert(domain.into_inner().to_lowercase());
        }
        Scope {
            when: self.when.and_then(|when| checker.expression(&when, Kind::Condition, language)),
            email_domains,
            employees,
            on_leaving: match self.on_leaving {
                ScopeExitShape::Keep => ScopeExit::Keep,
                ScopeExitShape::LeaveGroups => ScopeExit::LeaveGroups,
                ScopeExitShape::Suspend => ScopeExit::Suspend,
            },
        }
    }
}

impl UsernameShape {
    fn check(self, language: &Language, checker: &mut Checker<'_>) -> UsernameRule {
        let source = match self.from {
            None => UsernameSource::Email,
            Some(from) => match from.get_ref().as_str() {
                "email" => UsernameSource::Email,
                "display-name" => UsernameSource::DisplayName,
                _ => {
                    let help =
                        "write \"email\", \"display-name\", an HR field's name, or a CEL expression that gives a text";
                    let computed = checker.expression_or(&from, Kind::Text, language, help);
                    computed.map_or(UsernameSource::Email, UsernameSource::Computed)
                }
            },
        };
        let bounds = USERNAME_LIMIT_WINDOWS as i64..=USERNAME_LIMIT as i64;
        let max_length =
            checker.number(self.max_length.as_ref(), "max_length (Windows takes 20, Mac and Linux 30)", bounds);
        UsernameRule {
            source,
            on_rename: match self.on_rename {
                OnRenameShape::Keep => OnRename::Keep,
                OnRenameShape::Follow => OnRename::Follow,
            },
            max_length: max_length.map_or(USERNAME_LIMIT, |n| n as usize),
        }
    }
}

fn check_group(shape: Spanned<GroupShape>, language: &Language, checker: &mut Checker<'_>) -> Option<GroupRule> {
    let span = shape.span();
    let GroupShape { name, name_from, when } = shape.into_inner();
    // `Some(None)` is no condition, `None` a faulty one.
    let when = match &when {
        None => Some(None),
        Some(when) => checker.expression(when, Kind::Condition, language).map(Some),
    };
    let help = r#"write name = "Engineering", or name_from = '"Dept " + department' for a group for each value"#;
    let name = match (name, name_from) {
        (Some(name), None) => match GroupName::parse(name.get_ref()) {
            Ok(fixed) if fixed.as_str().trim() == fixed.as_str() => Some(GroupNaming::Fixed(fixed)),
            Ok(_) => {
                checker.refuse(name.span(), "this group's name begins or ends with a space", "remove the space");
                None
            }
            Err(error) => {
                checker.refuse(name.span(), error.to_string(), help);
                None
            }
        },
        (None, Some(from)) => checker.expression(&from, Kind::Text, language).map(GroupNaming::Computed),
        (Some(name), Some(_)) => {
            checker.refuse(name.span(), "a group rule has a name or a name_from, not both", help);
            None
        }
        (None, None) => {
            checker.refuse(span, "this group rule names no group", help);
            None
        }
    };
    Some(GroupRule { name: name?, when: when? })
}
