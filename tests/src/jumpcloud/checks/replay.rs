//! The recorded answers of the real JumpCloud have the shapes of ours.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{ada, get, post, town};

/// What came after the recordings of 2021.
const NEWER: &[&str] = &[
    "state",
    "membershipMethod",
    "memberQuery",
    "memberQueryExemptions",
    "memberSuggestionsNotify",
    "suggestionCounts",
    "organizationObjectId",
    "memberQueryErrorFlags",
];

fn recordings() -> Option<Vec<Value>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("HIREWIRE_SHARED").map_or(root, PathBuf::from);
    let path = shared.join("recordings/jumpcloud-reads.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("left out: no recordings at {}", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("recordings are JSON"))
}

/// The keys of both, and the kinds of what they hold, but for what came after the recording.
fn same_shape(place: &str, ours: &Value, theirs: &Value) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = |map: &serde_json::Map<String, Value>| -> BTreeSet<String> {
                map.keys().filter(|key| !NEWER.contains(&key.as_str())).cloned().collect()
            };
            assert_eq!(keys(a), keys(b), "{place}");
            for (key, value) in b {
                same_shape(&format!("{place}.{key}"), &a[key], value);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            if let (Some(a), Some(b)) = (a.first(), b.first()) {
                same_shape(&format!("{place}[]"), a, b);
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        (a, b) => assert_eq!(std::mem::discriminant(a), std::mem::discriminant(b), "{place}"),
    }
}

#[tokio::test]
async fn recorded_answers_have_the_shapes_of_ours() {
    let Some(recordings) = recordings() else { return };
    let jc = town().await;
    let id = post(&jc, "/api/systemusers", ada()).await.json()["id"].clone();
    let group = jc.add_group("My Test Group");
    jc.add_member("My Test Group", "ada.byron");
    let mut compared = BTreeSet::new();
    for recording in &recordings {
        let url = recording["url"].as_str().expect("a URL").trim_start_matches("https://console.jumpcloud.com");
        let theirs: Value = serde_json::from_str(recording["body"].as_str().expect("text")).expect("JSON");
        let path = url.split('?').next().expect("a path");
        if matches!(path, "/api/organizations" | "/api/systemusers" | "/api/v2/usergroups") {
            let ours = get(&jc, url).await;
            same_shape(path, &ours.json(), &theirs);
            for header in ["content-type", "x-total-count"] {
                let recorded = recording["headers"].get(header).is_some();
                assert_eq!(ours.headers.contains_key(header), recorded, "{path} {header}");
            }
            assert_eq!(ours.headers["content-type"], "application/json; charset=utf-8");
            compared.insert(path.to_owned());
        } else if path.starts_with("/api/v2/applications/") && theirs[0]["type"] == "user" {
            // No membership was recorded; an application's users are the same kind of graph object, and the last
            // edge of their path is the edge that members are listed as.
            let ours = get(&jc, &format!("/api/v2/usergroups/{group}/membership")).await.json();
            let keys =
                |value: &Value| -> Vec<String> { value.as_object().expect("an object").keys().cloned().collect() };
            assert_eq!(keys(&ours[0]), keys(&theirs[0]));
            let members = get(&jc, &format!("/api/v2/usergroups/{group}/members")).await.json();
            same_shape("members", &members[0], &theirs[0]["paths"][0][1]);
            assert_eq!(
                members,
                json!([{ "attributes": null, "to": { "attributes": null, "id": id, "type": "user" } }])
            );
            compared.insert("members".to_owned());
        }
    }
    let all = ["/api/organizations", "/api/systemusers", "/api/v2/usergroups", "members"];
    assert!(compared.iter().eq(all), "{compared:?}");
}
