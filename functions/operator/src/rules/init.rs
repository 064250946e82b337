//! `hirewire rules init`: a whole configuration for one HR system, every default written out and said in a line.
//!
//! What counts as it stands is written as it is. What is to be chosen is a comment of its own, `#key = …` without a space,
//! so that removing the `#` of any of them, or of all, gives a configuration again.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use mapping::configuration::{SourceKind, defaults};
use serde::Serialize;

use crate::arguments::{Format, HrSystem, InitArguments};
use crate::exit::{Exit, Failure};
use crate::output;

const HEAD: &str = include_str!("init/head.toml");
const BAMBOOHR: &str = include_str!("init/bamboohr.toml");
const BOB: &str = include_str!("init/bob.toml");
const POLICIES: &str = include_str!("init/policies.toml");
const BAMBOOHR_LEAVE: &str = include_str!("init/bamboohr_leave.toml");
const BOB_LEAVE: &str = include_str!("init/bob_leave.toml");
const ATTRIBUTES: &str = include_str!("init/attributes.toml");
const REST: &str = include_str!("init/rest.toml");

#[derive(Serialize)]
struct Written<'a> {
    written: &'a Path,
}

/// Writes it, to standard output where no file is named.
pub fn run(how: &InitArguments, format: Format) -> Result<Exit, Failure> {
    let source = match how.source {
        HrSystem::BambooHr => SourceKind::BambooHr,
        HrSystem::Bob => SourceKind::Bob,
    };
    let text = text(source);
    let Some(path) = &how.output else {
        output::raw(&text);
        return Ok(Exit::Done);
    };
    keep(path, &text, how.force)?;
    match format {
        Format::Json => output::json(&Written { written: path })?,
        Format::Text => output::text_line(&format!(
            "Written to {}. Put in your own names and keys' places, choose, then `hirewire setup`.",
            path.display()
        )),
    }
    Ok(Exit::Done)
}

fn keep(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut open = std::fs::OpenOptions::new();
    open.write(true);
    let file = if force { open.create(true).truncate(true).open(path) } else { open.create_new(true).open(path) };
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let path = path.display();
        Failure::usage(match error.kind() {
            ErrorKind::AlreadyExists => format!("{path} is there already; name another --output, or add --force"),
            _ => format!("{path} cannot be written: {error}"),
        })
    })
}

/// The whole text for one HR system.
fn text(source: SourceKind) -> String {
    let (reach, leave, at_once) = match source {
        SourceKind::BambooHr => (BAMBOOHR, BAMBOOHR_LEAVE, r#"employmentHistoryStatus == "Dismissed""#),
        SourceKind::Bob => (BOB, BOB_LEAVE, r#"terminationType == "Involuntary""#),
    };
    let policies = POLICIES.replace("{at_once}", at_once);
    [HEAD, reach, &policies, leave, ATTRIBUTES, &attributes(source), REST].concat()
}

/// The vendor's own table, a line for each attribute.
fn attributes(source: SourceKind) -> String {
    let mut lines = String::new();
    for line in defaults::attributes(source) {
        // An expression has texts of its own in it, and no backslash.
        let quote = if line.from.contains('"') { '\'' } else { '"' };
        let _ = writeln!(lines, "{} = {quote}{}{quote}", line.attribute, line.from);
    }
    lines
}

#[cfg(test)]
mod tests {
    use mapping::configuration::Configuration;
    use mapping::rules::Rules;

    use super::*;

    const BOTH: [SourceKind; 2] = [SourceKind::BambooHr, SourceKind::Bob];

    fn parsed(text: &str) -> Configuration {
        Configuration::parse(text).unwrap_or_else(|faults| panic!("{faults:#?} in\n{text}"))
    }

    /// With every setting that is a comment put into force.
    fn activated(text: &str) -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with([' ', '#']) => format!("{setting}\n"),
            Some(_) | None => format!("{line}\n"),
        };
        text.lines().map(line).collect()
    }

    fn settings(rules: &Rules) -> Vec<(String, String)> {
        let all = rules.attributes.iter().map(|(attribute, from)| (attribute.to_string(), from.source().to_string()));
        let mut all: Vec<_> = all.collect();
        all.sort();
        all
    }

    #[test]
    fn it_is_a_configuration_as_it_stands_and_with_every_choice_taken() {
        for source in BOTH {
            let text = text(source);
            let connection = &parsed(&text).connections[0];
            assert_eq!(connection.source, source);
            assert!(connection.rules.groups.is_empty() && connection.rules.leaver.delete_after_days.is_none());
            let all = parsed(&activated(&text));
            let rules = &all.connections[0].rules;
            assert!(rules.leaver.delete_after_days.is_some() && !rules.leave.statuses.is_empty(), "{source:?}");
            assert!(!rules.zones.is_empty() && rules.groups.len() > 1 && rules.scope.when.is_some(), "{source:?}");
            assert!(text.lines().all(|line| line.chars().count() <= 120), "a line is too long for a screen");
        }
    }

    #[test]
    fn what_is_written_out_is_what_counts_anyway() {
        for source in BOTH {
            let whole = text(source);
            // As short as a file can be: up to the zone, and what has no default.
            let (start, _) = whole.split_once("\nmode = ").expect("the policies begin with the mode");
            let (short, long) = (parsed(start), parsed(&whole));
            let (short, long) = (&short.connections[0].rules, &long.connections[0].rules);
            assert_eq!(settings(short), settings(long));
            // Everything but where an expression stands in the file.
            let plain = |rules: &Rules| {
                let Rules { mode, scope, username, first_state, create_days_before, inactive_people, .. } = rules;
                let Rules { activation, leaver, leave, rehire, brakes, manual_suspension, manual_changes, .. } = rules;
                let Rules { deleted_account, manager, create_groups, keep_groups_of_unknown, zones, .. } = rules;
                format!(
                    "{mode:?} {scope:?} {username:?} {first_state:?} {create_days_before:?} {inactive_people:?} \
                     {activation:?} {leaver:?} {leave:?} {rehire:?} {brakes:?} {manual_suspension:?} {manual_changes:?} \
                     {deleted_account:?} {manager} {create_groups} {keep_groups_of_unknown} {zones:?}"
                )
            };
            assert_eq!(plain(short), plain(long));
        }
    }

    #[test]
    fn each_attribute_can_be_taken_out_by_itself() {
        for source in BOTH {
            let (whole, all) = (text(source), defaults::attributes(source));
            for line in all {
                let start = format!("{} = ", line.attribute);
                let (before, section) = whole.split_once(ATTRIBUTES).expect("the section of attributes");
                let rest: String = section.split_inclusive('\n').filter(|l| !l.starts_with(&start)).collect();
                assert!(rest.len() < section.len(), "{} has no line", line.attribute);
                let without = [before, ATTRIBUTES, &rest].concat();
                let left = parsed(&without).connections[0].rules.attributes.len();
                // Nobody is known without a work e-mail, which is therefore read in any case.
                let gone = usize::from(line.attribute != "email");
                assert_eq!(left, all.len() - gone, "{}", line.attribute);
            }
        }
    }
}
