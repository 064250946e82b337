//! What holds the repository together: who may depend on whom, and what is called how.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Who may depend on whom, of ours. A crate that is not here is not allowed; write it down with its arrows first.
///
/// `intake` and `workflow` see the vendors' faults as the vendor crates show them: without `transport` they cannot
/// send anything by themselves. `operator` also composes the clients, and has the simulators for `demo`.
const ARROWS: [(&str, &[&str]); 14] = [
    ("operator", &["hris", "intake", "jumpcloud", "mapping", "state", "tests", "transport", "workflow"]),
    ("webhook", &["intake", "lambda", "mapping", "state"]),
    ("poller", &["intake", "lambda", "mapping", "state"]),
    ("provisioner", &["lambda", "mapping", "state", "workflow"]),
    ("reconciler", &["lambda", "mapping", "state", "workflow"]),
    ("lambda", &["mapping", "state"]),
    ("intake", &["hris", "mapping", "state"]),
    ("workflow", &["hris", "jumpcloud", "mapping", "state"]),
    ("hris", &["mapping", "transport"]),
    ("jumpcloud", &["mapping", "transport"]),
    ("state", &["mapping"]),
    ("mapping", &[]),
    ("transport", &[]),
    ("tests", &[]),
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 9] = ["common", "core", "helper", "helpers", "models", "traits", "types", "util", "utils"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the repository").to_owned()
}

pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).no_deps();
    command.other_options(["--offline".to_owned(), "--locked".to_owned()]).exec().expect("cargo knows the workspace")
}

/// What each crate of ours depends on, of ours; for the crate itself, tests apart.
fn arrows(metadata: &Metadata) -> BTreeMap<&str, BTreeSet<&str>> {
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let arrows = metadata.packages.iter().map(|package| {
        let all = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        let named = all.map(|dependency| dependency.name.as_str()).filter(|name| ours.contains(name));
        (package.name.as_str(), named.collect())
    });
    arrows.collect()
}

/// The files of the repository: known to git, or new and not ignored. `None` outside of a git checkout.
fn files() -> Option<Vec<String>> {
    let words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").args(words).current_dir(root()).output().ok().filter(|o| o.status.success())?;
    let text = String::from_utf8(listed.stdout).expect("file names are text");
    let there = |name: &&str| !name.is_empty() && root().join(name).is_file();
    Some(text.split('\0').filter(there).map(str::to_owned).collect())
}

#[test]
fn every_arrow_is_in_the_table() {
    let metadata = metadata();
    let table: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.into_iter().map(|(from, to)| (from, to.iter().copied().collect())).collect();
    for (from, to) in arrows(&metadata) {
        let allowed = table.get(from).unwrap_or_else(|| panic!("the crate {from} is not in the table of arrows"));
        let extra: Vec<&&str> = to.difference(allowed).collect();
        assert!(extra.is_empty(), "{from} -> {extra:?} is not in the table of arrows");
        let unused: Vec<&&str> = allowed.difference(&to).collect();
        assert!(unused.is_empty(), "{from} -> {unused:?} is in the table of arrows, but not in its manifest");
    }
    assert_eq!(table.len(), metadata.packages.len(), "the table names a crate that is gone");
}

#[test]
fn only_state_speaks_to_aws() {
    let metadata = metadata();
    for package in metadata.packages.iter().filter(|package| package.name.as_str() != "state") {
        let sdk = package.dependencies.iter().find(|d| d.name.starts_with("aws-"));
        assert!(sdk.is_none(), "{} depends on {}", package.name, sdk.map_or("", |d| &d.name));
    }
}

#[test]
fn a_test_sees_no_more_than_its_crate() {
    let table: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let metadata = metadata();
    for package in &metadata.packages {
        // The stories may look at anything, and the store's contract needs an AWS to talk to.
        if package.name.as_str() == "tests" {
            continue;
        }
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Development) {
            let (from, to) = (package.name.as_str(), dependency.name.as_str());
            // Itself, with everything that it can do; and the emulator.
            let allowed = from == to || (from, to) == ("state", "tests") || table[from].contains(&to);
            assert!(!table.contains_key(to) || allowed, "{from} -> {to} for its tests");
        }
    }
}

#[test]
fn nobody_reaches_what_they_must_not() {
    let metadata = metadata();
    let arrows = arrows(&metadata);
    let reach = |from: &'static str| {
        let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(next) = open.pop() {
            open.extend(arrows[next].iter().copied().filter(|to| reached.insert(*to)));
        }
        reached
    };
    for (from, never) in [
        ("webhook", ["workflow", "jumpcloud", "poller", "provisioner", "reconciler", "operator", "tests"].as_slice()),
        ("poller", &["workflow", "jumpcloud", "webhook", "provisioner", "reconciler", "operator", "tests"]),
        ("provisioner", &["intake", "webhook", "poller", "reconciler", "operator", "tests"]),
        ("reconciler", &["intake", "webhook", "poller", "provisioner", "operator", "tests"]),
        ("lambda", &["intake", "workflow", "hris", "jumpcloud", "tests"]),
        ("intake", &["workflow", "jumpcloud", "operator", "tests"]),
        ("hris", &["jumpcloud", "state", "workflow", "intake", "tests"]),
        ("jumpcloud", &["hris", "state", "workflow", "intake", "tests"]),
        ("state", &["hris", "jumpcloud", "transport", "tests"]),
        ("workflow", &["intake", "operator", "tests"]),
        ("mapping", &["hris", "jumpcloud", "state", "transport"]),
        ("transport", &["mapping"]),
        ("tests", &["mapping", "transport", "hris", "jumpcloud", "state", "intake", "workflow", "operator"]),
    ] {
        let reached = reach(from);
        let wrong: Vec<&&str> = never.iter().filter(|to| reached.contains(**to)).collect();
        assert!(wrong.is_empty(), "{from} reaches {wrong:?}");
    }
    let who = |to: &str| -> Vec<&str> {
        arrows.iter().filter(|(_, reached)| reached.contains(to)).map(|(from, _)| *from).collect()
    };
    assert_eq!(who("jumpcloud"), ["operator", "workflow"], "only these may know how to write to JumpCloud");
    assert_eq!(who("tests"), ["operator"], "the simulators are for the stories and the demo");
    assert_eq!(who("transport"), ["hris", "jumpcloud", "operator"], "only these may send");
}

#[test]
fn the_core_decides_and_never_does() {
    let metadata = metadata();
    let mapping = metadata.packages.iter().find(|package| package.name.as_str() == "mapping").expect("the core");
    let never = ["tokio", "futures", "reqwest", "http", "rusqlite", "tracing", "fastrand"];
    let found = mapping.dependencies.iter().find(|dependency| never.contains(&dependency.name.as_str()));
    assert!(found.is_none(), "mapping depends on {}", found.expect("found").name);
    for (path, text) in sources("shared/mapping/src") {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for wrong in ["std::env", "std::fs", "std::net", "std::time", "async fn", "Timestamp::now", "Zoned::now"] {
            assert!(!code.contains(wrong), "{path} has {wrong}");
        }
    }
}

/// Rust files under a folder, with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let name = entry.strip_prefix(root()).expect("inside").display().to_string();
                found.push((name, std::fs::read_to_string(&entry).expect("a source file")));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources");
    found
}

#[test]
fn folders_and_crates_have_one_name_that_says_something() {
    for package in metadata().packages {
        let folder = package.manifest_path.parent().and_then(|path| path.file_name()).expect("a folder");
        assert_eq!(folder, package.name.as_str(), "folder name = crate name");
        assert!(!EMPTY_NAMES.contains(&package.name.as_str()), "a crate called {}", package.name);
    }
    for (path, text) in ["functions", "shared", "tests"].into_iter().flat_map(sources) {
        let declared = text.lines().filter_map(|line| {
            let line = line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            line.strip_prefix("mod ")?.split([';', ' ', '{']).next()
        });
        for name in declared {
            assert!(!EMPTY_NAMES.contains(&name), "{path} has a module called {name}");
        }
    }
}

#[test]
fn every_shared_version_has_its_reason_and_its_user() {
    let manifest = read("Cargo.toml");
    let (_, shared) = manifest.split_once("[workspace.dependencies]").expect("shared versions");
    let shared = shared.split("\n[").next().expect("the section's text");
    let mut used = BTreeSet::new();
    for package in metadata().packages {
        let text = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        used.extend(package.dependencies.iter().map(|dependency| dependency.name.clone()));
        let dependencies = text.split("\n[").filter(|section| section.contains("dependencies]"));
        for line in dependencies.flat_map(|section| section.lines().skip(1)).filter(|line| line.contains('=')) {
            let is_shared = line.contains(".workspace = true") || line.contains("workspace = true");
            assert!(is_shared, "{}: `{line}` has a version of its own", package.name);
        }
    }
    for line in shared.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')) {
        let name = line.split(" = ").next().expect("a name");
        assert!(used.contains(name), "nobody uses {name}");
        if !line.contains("path = ") {
            let reason = line.rsplit_once(" # ").map(|(_, reason)| reason.trim());
            assert!(reason.is_some_and(|reason| reason.len() > 8), "why is {name} here?");
        }
    }
}

#[test]
fn no_file_knows_a_machine_or_a_registry() {
    let Some(files) = files() else {
        eprintln!("left out: this is no git checkout");
        return;
    };
    // In two halves, so that this file passes its own test.
    let folders = ["work", "home", "root", "Users", "tmp", "opt", "mnt", "private"].map(|name| format!("/{name}/"));
    let registries = [
        concat!("crates", ".io"),
        concat!("npmjs", ".org"),
        concat!("pypi", ".org"),
        concat!("pythonhosted", ".org"),
        concat!("proxy.golang", ".org"),
        concat!("docker", ".io"),
        concat!("ghcr", ".io"),
        concat!("artifact", "ory"),
    ];
    // How Cargo itself names its one public registry, whichever mirror a machine has.
    let public = concat!("source = \"registry+https://github.com/rust-lang/crates", ".io-index\"");
    for name in &files {
        let Ok(text) = std::fs::read_to_string(root().join(name)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if name == "Cargo.lock" && line.starts_with("source = ") {
                assert_eq!(line, public, "Cargo.lock:{}", number + 1);
                continue;
            }
            let place = format!("{name}:{}: {line}", number + 1);
            assert!(!registries.iter().any(|host| line.contains(host)), "a registry in {place}");
            for folder in &folders {
                // Such a name inside a longer path, or in a URL, is no folder of a machine.
                let absolute = line.match_indices(folder.as_str()).any(|(at, _)| {
                    !line[..at]
                        .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ')' | '/'))
                });
                assert!(!absolute, "a machine's folder in {place}");
            }
        }
    }
}
