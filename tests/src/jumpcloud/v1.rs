//! v1: organisations and users.

use std::cmp::Ordering;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::answer::{self, Refusal, empty, object, refuse, reply};
use super::body::Via;
use super::door::{Shared, World};
use super::fields;
use super::filter::{self, Test, order};
use super::id::Id;
use super::insights::By;
use super::keys::header;
use super::org::Org;
use super::query::{Query, Window};
use super::switches::{ActionAnswer, Missing, UserState, WrongFilter};
use super::user::{Patch, Shown};
use super::writes::{Activation, How, unknown_user};

/// A filtered and sorted list of one version of the users; the next page of the same list is cut from it.
#[derive(Debug)]
pub(super) struct Found {
    question: String,
    version: u64,
    ids: Arc<Vec<Id>>,
}

/// A v1 list.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(rename = "totalCount")]
    total_count: usize,
    results: Vec<Shown<'a>>,
}

fn how(org: &Org, via: Via) -> How {
    How::new(via, By::Key, org.switches.default_state)
}

pub(super) async fn organizations(State(world): State<Shared>) -> Response {
    let org = world.read();
    answer::json(200, &json!({ "totalCount": 1, "results": [brief(&org)] }))
}

pub(super) async fn organization(State(world): State<Shared>, Path(id): Path<String>) -> Response {
    let org = world.read();
    if Id::parse(&id) != Some(org.id) {
        return reply(Err(refuse(404, "Organization not found")), org.switches.v1_errors);
    }
    let mut shown = brief(&org);
    let (by_hand, by_file) = (org.switches.default_state.as_str(), org.switches.bulk_default_state.as_str());
    let defaults = json!({ "manualEntry": by_hand, "csvImport": by_file, "applicationImport": by_hand });
    shown["settings"] = json!({ "newSystemUserStateDefaults": defaults });
    answer::json(200, &shown)
}

fn brief(org: &Org) -> Value {
    json!({ "_id": org.id, "id": org.id, "displayName": "Simulated", "logoUrl": null, "created": org.created })
}

pub(super) async fn list(State(world): State<Shared>, RawQuery(raw): RawQuery, headers: HeaderMap) -> Response {
    let query = Query::parse(raw.as_deref());
    let many = header(&headers, "x-eventually-consistent") == Some("true");
    let response = {
        let org = world.read();
        let (mut test, wrong) = filter::of_query(&query, |text| filter::of_v1(text, many));
        if let (Some(text), WrongFilter::Refused) = (wrong, org.switches.wrong_filter) {
            return reply(Err(refuse(400, format!("Invalid filter: {text}"))), org.switches.v1_errors);
        }
        if let Some(search) = filter::of_search_query(&query) {
            test = Test::All(vec![test, search]);
        }
        let sort = query.get("sort").unwrap_or_default();
        let wanted = known_fields(query.get("fields").unwrap_or_default().split(' '));
        page(&world, &org, &test, sort, &wanted, query.window(org.switches.list_cap))
    };
    after_page(&world);
    response
}

pub(super) async fn search(State(world): State<Shared>, body: Bytes) -> Response {
    let response = {
        let org = world.read();
        reply(searched(&world, &org, &body), org.switches.v1_errors)
    };
    after_page(&world);
    response
}

fn searched(world: &World, org: &Org, body: &[u8]) -> Result<Response, Refusal> {
    let body = object(body)?;
    let get = |name: &str| body.get(name).unwrap_or(&Value::Null);
    let mut test = filter::of_json(get("filter")).map_err(|message| refuse(400, message))?;
    if let Some(like) = filter::of_search_filter(get("searchFilter")) {
        test = Test::All(vec![test, like]);
    }
    let wanted = match get("fields") {
        Value::Array(names) => known_fields(names.iter().filter_map(Value::as_str)),
        names => known_fields(names.as_str().unwrap_or_default().split(' ')),
    };
    let number = |name: &str| get(name).as_u64().and_then(|n| usize::try_from(n).ok());
    let window = Window::of(number("skip"), number("limit"), org.switches.search_cap);
    Ok(page(world, org, &test, get("sort").as_str().unwrap_or_default(), &wanted, window))
}

/// Projections are separated by spaces here; a comma makes one unknown name of them, and unknown names are ignored.
fn known_fields<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.filter(|name| *name == "id" || fields::find(name).is_some()).map(str::to_owned).collect()
}

fn page(world: &World, org: &Org, test: &Test, sort: &str, wanted: &[String], window: Window) -> Response {
    let found;
    let ids = if test.is_everything() && matches!(sort, "" | "_id") {
        &org.order
    } else {
        found = find(world, org, test, sort);
        &*found
    };
    let results = window.cut(ids).iter().map(|id| org.users[id].shown(wanted)).collect();
    answer::json(200, &Listed { total_count: ids.len(), results })
}

fn find(world: &World, org: &Org, test: &Test, sort: &str) -> Arc<Vec<Id>> {
    let holds = |id: &Id| {
        let user = &org.users[id];
        test.holds(&|name| user.get(name))
    };
    if let Some(mut ids) = org.candidates(test) {
        ids.sort();
        ids.dedup();
        ids.retain(holds);
        sort_ids(org, &mut ids, sort);
        return Arc::new(ids);
    }
    let question = format!("{test:?} {sort}");
    let mut last = world.last_found.lock().expect("no panic while a list is made");
    if let Some(found) = last.as_ref().filter(|found| found.version == org.version && found.question == question) {
        return found.ids.clone();
    }
    let mut ids: Vec<Id> = org.order.iter().copied().filter(holds).collect();
    sort_ids(org, &mut ids, sort);
    let ids = Arc::new(ids);
    *last = Some(Found { question, version: org.version, ids: ids.clone() });
    ids
}

/// Sort keys are separated by spaces here, `-` for descending; keys that are no field are silently ignored.
fn sort_ids(org: &Org, ids: &mut [Id], sort: &str) {
    let keys = sort.split(' ').map(|key| key.strip_prefix('-').map_or((key, false), |key| (key, true)));
    let keys: Vec<(&str, bool)> = keys.filter(|(key, _)| *key == "id" || fields::find(key).is_some()).collect();
    if keys.is_empty() {
        return;
    }
    ids.sort_by(|a, b| {
        let (a, b) = (&org.users[a], &org.users[b]);
        let by = |(key, down): &(&str, bool)| {
            let (x, y) = (a.get(key), b.get(key));
            // What is missing comes first, as in Mongo.
            let ordering = order(x, y).unwrap_or_else(|| y.is_null().cmp(&x.is_null()));
            if *down { ordering.reverse() } else { ordering }
        };
        keys.iter().map(by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    });
}

fn after_page(world: &World) {
    if !world.read().drifts.is_empty() {
        world.write().page_served();
    }
}

fn show(org: &Org, id: Id) -> Response {
    answer::json(200, &org.users[&id].shown(&[]))
}

pub(super) async fn create(State(world): State<Shared>, body: Bytes) -> Response {
    let mut org = world.write();
    let how = how(&org, Via::Post);
    let done = object(&body).and_then(|body| org.create_user(&body, &how));
    reply(done.map(|id| show(&org, id)), org.switches.v1_errors)
}

pub(super) async fn read(State(world): State<Shared>, Path(id): Path<String>, RawQuery(raw): RawQuery) -> Response {
    let org = world.read();
    let query = Query::parse(raw.as_deref());
    let wanted = known_fields(query.get("fields").unwrap_or_default().split(' '));
    match Id::parse(&id).and_then(|id| org.users.get(&id)) {
        Some(user) => answer::json(200, &user.shown(&wanted)),
        None => missing(org.switches.unknown_user_read, &org),
    }
}

fn missing(how: Missing, org: &Org) -> Response {
    match how {
        Missing::NotFound => reply(Err(unknown_user()), org.switches.v1_errors),
        Missing::Empty => empty(200),
    }
}

pub(super) async fn update(State(world): State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    let mut org = world.write();
    let Some(id) = known(&org, &id) else { return missing(org.switches.unknown_user_write, &org) };
    let how = how(&org, Via::Put);
    let done = object(&body).and_then(|body| org.update_user(id, &body, &how));
    reply(done.map(|()| show(&org, id)), org.switches.v1_errors)
}

pub(super) async fn delete(State(world): State<Shared>, Path(id): Path<String>, RawQuery(raw): RawQuery) -> Response {
    let mut org = world.write();
    let Some(id) = known(&org, &id) else { return missing(org.switches.unknown_user_write, &org) };
    let query = Query::parse(raw.as_deref());
    let done = org.delete_user(id, query.get("cascade_manager"), By::Key);
    reply(done.map(|user| answer::json(200, &user.shown(&[]))), org.switches.v1_errors)
}

fn known(org: &Org, id: &str) -> Option<Id> {
    Id::parse(id).filter(|id| org.users.contains_key(id))
}

/// What the action calls have in common: a known user, a body that may be empty, an answer by switch.
fn act(
    world: &World,
    id: &str,
    body: &[u8],
    action: impl FnOnce(&mut Org, Id, &Map<String, Value>, &How) -> Result<(), Refusal>,
) -> Response {
    let mut org = world.write();
    let how = how(&org, Via::Put);
    let id = known(&org, id).ok_or_else(unknown_user);
    let done = id.and_then(|id| {
        let body = object(body)?;
        action(&mut org, id, &body, &how)?;
        Ok(match org.switches.action_answer {
            ActionAnswer::Empty => empty(200),
            ActionAnswer::Braces => answer::json(200, &json!({})),
            ActionAnswer::User => show(&org, id),
        })
    });
    reply(done, org.switches.v1_errors)
}

pub(super) async fn activate(State(world): State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    act(&world, &id, &body, |org, id, body, how| {
        org.check_keys("POST systemusers/state/activate", body, &["email"]);
        org.activate(id, Activation::read(body)?, how)
    })
}

pub(super) async fn suspend(State(world): State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    act(&world, &id, &body, |org, id, _, how| {
        if !org.switches.suspend_call_exists {
            return Err(refuse(404, "Not Found"));
        }
        org.set_user_state(id, UserState::Suspended, how);
        Ok(())
    })
}

pub(super) async fn expire(State(world): State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    act(&world, &id, &body, |org, id, _, how| {
        org.write(id, Patch::from([("password_expired", json!(true))]), "user_update", how);
        Ok(())
    })
}

pub(super) async fn unlock(State(world): State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    act(&world, &id, &body, |org, id, _, how| {
        let patch = Patch::from([("account_locked", json!(false)), ("account_locked_date", Value::Null)]);
        org.write(id, patch, "user_unlocked", how);
        Ok(())
    })
}

/// `{"exclusion":true,"exclusionUntil":"..."}` or `exclusionDays`; the enrolled device is forgotten.
pub(super) async fn reset_mfa(State(world): State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    act(&world, &id, &body, |org, id, body, how| {
        org.check_keys("POST systemusers/resetmfa", body, &["exclusion", "exclusionUntil", "exclusionDays"]);
        let mut mfa = json!({ "exclusion": false, "configured": false });
        for (key, value) in body {
            mfa[key] = value.clone();
        }
        org.write(id, Patch::from([("mfa", mfa), ("totp_enabled", json!(false))]), "user_update", how);
        Ok(())
    })
}
