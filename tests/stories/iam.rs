//! What the template's roles may do, read as IAM reads it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::template::{list, of_type, resources, words};

/// What one statement allows.
#[derive(Debug)]
pub struct Statement {
    /// The logical name of what it belongs to.
    pub of: String,
    /// Its `Sid`.
    pub id: String,
    /// What it allows to do.
    pub actions: Vec<String>,
    /// And with what.
    pub resources: Vec<String>,
    /// The statement as written.
    pub whole: Value,
}

pub fn statements_of(of: &str, document: &Value) -> Vec<Statement> {
    let read = |whole: Value| {
        assert_eq!(whole["Effect"], "Allow", "{of}");
        assert!(whole["NotAction"].is_null() && whole["NotResource"].is_null(), "{of} allows what it does not name");
        Statement {
            of: of.to_owned(),
            id: whole["Sid"].as_str().unwrap_or_else(|| panic!("a statement of {of} has no name")).to_owned(),
            actions: words(&whole["Action"]),
            resources: words(&whole["Resource"]),
            whole,
        }
    };
    list(&document["Statement"]).into_iter().map(read).collect()
}

/// What the roles of a stage may do. Nothing but inline policies is known to this test, so nothing else may be there.
pub fn allowed(stage: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    for (name, role) in of_type(stage, "AWS::IAM::Role") {
        assert!(role["ManagedPolicyArns"].is_null(), "{name} has policies that are not written here");
        for policy in list(&role["Policies"]) {
            found.extend(statements_of(&name, &policy["PolicyDocument"]));
        }
    }
    let elsewhere = resources(stage).into_iter().filter(|(_, resource)| {
        let kind = resource["Type"].as_str().expect("a type");
        kind.starts_with("AWS::IAM::") && kind != "AWS::IAM::Role"
    });
    assert_eq!(elsewhere.map(|(name, _)| name).collect::<Vec<_>>(), Vec::<String>::new(), "IAM besides roles");
    found
}

/// Whether an IAM pattern takes in the text: `*` is anything, `?` one character.
pub fn covers(pattern: &str, text: &str) -> bool {
    fn from(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some(('*', rest)), _) => from(rest, text) || text.split_first().is_some_and(|(_, t)| from(pattern, t)),
            (Some(('?', rest)), Some((_, t))) => from(rest, t),
            (Some((c, rest)), Some((d, t))) => c.eq_ignore_ascii_case(d) && from(rest, t),
            (Some(_), None) => false,
        }
    }
    from(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

/// The roles that may do this with this.
pub fn who_may(stage: &str, action: &str, resource: &str) -> Vec<String> {
    let may = |s: &Statement| {
        s.actions.iter().any(|pattern| covers(pattern, action))
            && s.resources.iter().any(|pattern| covers(pattern, resource))
    };
    let roles: BTreeSet<String> = allowed(stage).into_iter().filter(may).map(|s| s.of).collect();
    roles.into_iter().collect()
}

#[test]
fn a_pattern_covers_what_iam_says_it_covers() {
    for (pattern, text, is) in [
        ("*", "anything", true),
        ("a*c", "abbc", true),
        ("a*c", "abbd", false),
        ("s3:Get*", "S3:getObject", true),
        ("x-??????", "x-AbC1d2", true),
        ("x-??????", "x-old-AbC1d2", false),
        ("x", "x1", false),
    ] {
        assert_eq!(covers(pattern, text), is, "{pattern} {text}");
    }
}
