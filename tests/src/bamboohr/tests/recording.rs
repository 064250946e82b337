//! The recorded report, where it lies beside the repository; it is not ours to keep inside.

use std::path::PathBuf;

use serde_json::Value;

use super::{moment, post_json};
use crate::bamboohr::BambooHr;
use crate::clock::Clock;

/// The recording, or `None` (said on stderr) where there is none on this machine.
fn recording() -> Option<Value> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("HIREWIRE_SHARED").map_or_else(beside, PathBuf::from);
    let path = shared.join("recordings/bamboohr-custom-report.json");
    let Ok(text) = std::fs::read(&path) else {
        eprintln!("left out: no recording at {}; HIREWIRE_SHARED names the folder", path.display());
        return None;
    };
    Some(serde_json::from_slice(&text).expect("the recording is JSON"))
}

#[tokio::test]
async fn a_loaded_report_reads_as_it_was_recorded() {
    let Some(recording) = recording() else { return };
    // The day of the recording, in Utah.
    let clock = Clock::at(moment("2022-02-15T22:35:00Z"));
    let bamboo = BambooHr::start(clock.clone(), "acme", "America/Denver").await;
    assert_eq!(bamboo.load_report(&recording), 103);
    let body = &recording["request"]["body"];
    let answer = post_json(&bamboo, "/reports/custom?format=json&onlyCurrent=false", body).await.json();
    assert_eq!(answer["fields"], recording["response"]["body"]["fields"]);
    let recorded = recording["response"]["body"]["employees"].as_array().expect("people");
    for (ours, theirs) in answer["employees"].as_array().expect("people").iter().zip(recorded) {
        assert_eq!(ours, theirs);
    }
    let now = post_json(&bamboo, "/reports/custom?format=json&onlyCurrent=true", body).await.json();
    let people = now["employees"].as_array().expect("people");
    let ending = people.iter().filter(|one| one["terminationDate"].as_str() > Some("2022-02-15"));
    assert!(ending.clone().count() == 2 && ending.clone().all(|one| one["status"] == "Active"));
    let future = people.iter().find(|one| one["hireDate"] == "2022-03-17").expect("the future hire");
    assert!(future["jobTitle"].is_null() && future["workEmail"].is_null() && future["firstName"] == "Clarissa");
    clock.set(moment("2022-05-21T05:59:00Z"));
    let later = post_json(&bamboo, "/reports/custom?format=json&onlyCurrent=true", body).await.json();
    assert_eq!(later["employees"], answer["employees"], "by then the last status is today's");
}
