//! hirewire.toml: what is refused, where, and in which words.

mod file;
mod policies;
mod rules;
mod whole;

use mapping::configuration::{CONNECTIONS_LIMIT, Configuration, FILE_LIMIT};

use crate::people::file;

/// The faults of a file: the text at the place, what is wrong, what to do.
fn faults(text: &str) -> String {
    let faults = match Configuration::parse(text) {
        Ok(_) => return "no fault".to_owned(),
        Err(faults) => faults,
    };
    let lines = faults.into_iter().map(|f| format!("[{}] {} | {}", &text[f.span], f.message, f.help));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_fault_is_shown_at_once() {
    let text = file("in_flight = 3").replace("name = \"acme\"", "name = \"A B\"").replace("Europe/London", "Mars");
    assert!(faults(&text).starts_with("[in_flight] there is no key `in_flight` here"));
    let text = text.replace(
        "in_flight = 3",
        "create_days_before_start = -1\n[[connection.group]]\n[connection.attributes]\nx = \"y\"",
    );
    let text = text.replace("env:BAMBOOHR_KEY", "hunter2");
    let said = faults(&text);
    assert_eq!(said.lines().count(), 6, "{said}");
    assert!(!said.lines().any(|line| line.split_once(']').is_some_and(|(_, said)| said.contains("hunter2"))));
}

#[test]
fn limits() {
    assert_eq!(
        faults(&"#".repeat(FILE_LIMIT + 1)),
        "[] the file is larger than 1 MB | keep lookup tables to what the rules need"
    );
    let (head, _) = file("").split_once("[[connection]]").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("one");
    let help = "add a [[connection]] section: the HR system to read, and its rules";
    assert_eq!(faults(&head), format!("[] there is no connection in this file | {help}"));
    assert_eq!(
        faults(""),
        "[] the key `store` is missing here | add it; README shows a whole file, with every key and its type"
    );
    let one = |n: usize| {
        format!(
            "[[connection]]\nname = \"c{n}\"\nsource = \"bamboohr\"\ncompany = \"c\"\napi_key = \"env:K\"\n\
             time_zone = \"UTC\"\nattributes = {{}}\n"
        )
    };
    let many = |n: usize| head.clone() + &(0..n).map(one).collect::<String>();
    assert_eq!(faults(&many(CONNECTIONS_LIMIT)), "no fault");
    assert!(faults(&many(CONNECTIONS_LIMIT + 1)).contains("more than 50 connections | divide them"));
}

#[test]
fn where_keys_may_be_sent() {
    for (url, safe) in [
        ("https://console.jumpcloud.com", true),
        ("http://localhost:3000", true),
        ("http://127.0.0.1", true),
        ("http://[::1]:80", true),
        ("http://127.0.0.1.evil.example", false),
        ("http://localhost:x", false),
        ("http://127.0.0.2", false),
        ("http://10.0.0.7", false),
        ("ftp://localhost", false),
        ("https://", false),
        ("https://user:pw@console.jumpcloud.com", false),
        ("https://a.example?x=1", false),
        ("https://a example", false),
    ] {
        let text = file("").replacen("[jumpcloud]", &format!("[jumpcloud]\nbase_url = \"{url}\""), 1);
        assert_eq!(Configuration::parse(&text).is_ok(), safe, "{url}");
    }
}
