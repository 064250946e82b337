//! v2: groups and the graph.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::answer::{self, Refusal, empty, list, object, refuse, refused, reply};
use super::door::Shared;
use super::filter::{self, order};
use super::groups::{Association, Group, unknown_group};
use super::id::Id;
use super::insights::By;
use super::org::Org;
use super::query::Query;
use super::switches::WrongFilter;
use super::writes::unknown_user;

/// The largest page of every v2 list.
pub(super) const PAGE_CAP: usize = 100;

/// What a user or a user group may be bound to.
const TARGETS: &[&str] = &[
    "active_directory",
    "application",
    "g_suite",
    "idp_routing_policy",
    "ldap_server",
    "office_365",
    "password_manager_item",
    "radius_server",
    "system",
    "system_group",
];

pub(super) async fn list_groups(State(world): State<Shared>, RawQuery(raw): RawQuery) -> Response {
    let org = world.read();
    let query = Query::parse(raw.as_deref());
    let (test, wrong) = filter::of_query(&query, filter::of_v2);
    if let (Some(text), WrongFilter::Refused) = (wrong, org.switches.wrong_filter) {
        return reply(Err(refuse(400, format!("invalid filter: {text}"))), org.switches.v2_errors);
    }
    let null = Value::Null;
    let mut all: Vec<Value> = org.groups.values().map(|group| org.group_json(group)).collect();
    all.retain(|group| test.holds(&|name| group.get(name).unwrap_or(&null)));
    sort(&mut all, query.get("sort").unwrap_or_default());
    let total = all.len();
    let mut page = query.window(PAGE_CAP).cut(&all).to_vec();
    project(&mut page, query.get("fields").unwrap_or_default());
    list(total, &page)
}

/// Sort keys are separated by commas here, `-` for descending; a key that is no field is ignored.
fn sort(all: &mut [Value], keys: &str) {
    for key in keys.split(',').rev() {
        let (key, down) = key.strip_prefix('-').map_or((key, false), |key| (key, true));
        all.sort_by(|a, b| {
            let ordering = order(&a[key], &b[key]).unwrap_or(std::cmp::Ordering::Equal);
            if down { ordering.reverse() } else { ordering }
        });
    }
}

/// Only the asked fields, separated by commas; all when none of them is a field.
fn project(page: &mut [Value], fields: &str) {
    let wanted: Vec<&str> = fields.split(',').map(str::trim).collect();
    for item in page {
        let Value::Object(map) = item else { continue };
        if wanted.iter().any(|name| map.contains_key(*name)) {
            map.retain(|name, _| name == "id" || wanted.contains(&name.as_str()));
        }
    }
}

fn group<'a>(org: &'a Org, id: &str) -> Result<&'a Group, Refusal> {
    Id::parse(id).and_then(|id| org.groups.get(&id)).ok_or_else(unknown_group)
}

fn show(org: &Org, status: u16, id: Id) -> Response {
    answer::json(status, &org.group_json(&org.groups[&id]))
}

pub(super) async fn create_group(State(world): State<Shared>, body: Bytes) -> Response {
    let mut org = world.write();
    let done = object(&body).and_then(|body| org.create_group(&body, By::Key));
    reply(done.map(|id| show(&org, 201, id)), org.switches.v2_errors)
}

pub(super) async fn read_group(State(world): State<Shared>, Path(id): Path<String>) -> Response {
    let org = world.read();
    reply(group(&org, &id).map(|group| show(&org, 200, group.id)), org.switches.v2_errors)
}

pub(super) async fn update_group(State(world): State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    let mut org = world.write();
    let id = group(&org, &id).map(|group| group.id);
    let done = id.and_then(|id| {
        org.update_group(id, &object(&body)?, By::Key)?;
        Ok(show(&org, 200, id))
    });
    reply(done, org.switches.v2_errors)
}

pub(super) async fn delete_group(State(world): State<Shared>, Path(id): Path<String>) -> Response {
    let mut org = world.write();
    let id = group(&org, &id).map(|group| group.id);
    let done = id.and_then(|id| org.delete_group(id, By::Key));
    let status = org.switches.group_delete;
    let shown = |group: Value| if status == 204 { empty(204) } else { answer::json(status, &group) };
    reply(done.map(shown), org.switches.v2_errors)
}

fn edge(kind: &str, id: Id, attributes: &Value) -> Value {
    json!({ "attributes": null, "to": { "attributes": attributes, "id": id, "type": kind } })
}

/// Direct edges: ids only.
pub(super) async fn members(State(world): State<Shared>, Path(id): Path<String>, RawQuery(raw): RawQuery) -> Response {
    let org = world.read();
    let window = Query::parse(raw.as_deref()).window(PAGE_CAP);
    let shown = |group: &Group| {
        let page = window.cut(&group.members).iter();
        let edges: Vec<Value> = page.map(|user| edge("user", *user, &Value::Null)).collect();
        list(group.members.len(), &edges)
    };
    reply(group(&org, &id).map(shown), org.switches.graph_errors)
}

/// Everybody in the group, with the path that leads there.
pub(super) async fn membership(
    State(world): State<Shared>,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Response {
    let org = world.read();
    let window = Query::parse(raw.as_deref()).window(PAGE_CAP);
    let one = |user: &Id| {
        let path = [edge("user", *user, &Value::Null)];
        json!({ "id": user, "type": "user", "compiledAttributes": null, "paths": [path] })
    };
    let shown = |group: &Group| {
        let page: Vec<Value> = window.cut(&group.members).iter().map(one).collect();
        list(group.members.len(), &page)
    };
    reply(group(&org, &id).map(shown), org.switches.graph_errors)
}

pub(super) async fn member_of(
    State(world): State<Shared>,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Response {
    let org = world.read();
    let window = Query::parse(raw.as_deref()).window(PAGE_CAP);
    let Some(user) = Id::parse(&id).and_then(|id| org.users.get(&id)) else {
        return refused(&unknown_user(), org.switches.graph_errors);
    };
    let groups: Vec<Id> = user.groups.iter().copied().collect();
    let one = |id: &Id| {
        let attributes = &org.groups[id].attributes;
        let path = [edge("user_group", *id, attributes)];
        json!({ "id": id, "type": "user_group", "compiledAttributes": attributes, "paths": [path] })
    };
    let page: Vec<Value> = window.cut(&groups).iter().map(one).collect();
    list(groups.len(), &page)
}

/// `{"op":"add","type":"user","id":"..."}`, one user per call.
pub(super) async fn change_member(State(world): State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    let mut org = world.write();
    let found = group(&org, &id).map(|group| group.id);
    let done = found.and_then(|group| {
        let (op, kind, user) = operation(&mut org, "members", &object(&body)?)?;
        if kind != "user" {
            return Err(refuse(400, "type must be user"));
        }
        org.change_member(group, user, &op, By::Key)
    });
    reply(done.map(|()| empty(204)), org.switches.graph_errors)
}

fn operation(org: &mut Org, place: &str, body: &Map<String, Value>) -> Result<(String, String, Id), Refusal> {
    org.check_keys(&format!("POST {place}"), body, &["op", "type", "id", "attributes"]);
    let text =
        |name: &str| body.get(name).and_then(Value::as_str).ok_or_else(|| refuse(400, format!("{name} is required")));
    let (op, kind, id) = (text("op")?, text("type")?, text("id")?);
    let id = Id::parse(id).ok_or_else(|| refuse(400, "id must be an object id"))?;
    Ok((op.to_owned(), kind.to_owned(), id))
}

pub(super) async fn suggestions(
    State(world): State<Shared>,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Response {
    let org = world.read();
    let window = Query::parse(raw.as_deref()).window(PAGE_CAP);
    let shown = |group: &Group| {
        let one = |(user, op): (Id, &str)| json!({ "object": { "id": user, "type": "user" }, "op": op });
        let all: Vec<Value> = org.suggestions(group).into_iter().map(one).collect();
        list(all.len(), window.cut(&all))
    };
    reply(group(&org, &id).map(shown), org.switches.graph_errors)
}

/// `{"user_ids":[...]}` does what was suggested for them.
pub(super) async fn accept_suggestions(State(world): State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    let mut org = world.write();
    let pending = group(&org, &id).map(|group| (group.id, org.suggestions(group)));
    let done = pending.and_then(|(group, pending)| {
        let body = object(&body)?;
        let users =
            body.get("user_ids").and_then(Value::as_array).ok_or_else(|| refuse(400, "user_ids is required"))?;
        let users: Vec<Id> = users.iter().filter_map(|id| id.as_str().and_then(Id::parse)).collect();
        for (user, op) in pending.into_iter().filter(|(user, _)| users.contains(user)) {
            org.change_member(group, user, op, By::Key)?;
        }
        Ok(empty(204))
    });
    reply(done, org.switches.graph_errors)
}

pub(super) async fn user_links(state: State<Shared>, Path(id): Path<String>, RawQuery(raw): RawQuery) -> Response {
    links(&state, &id, raw.as_deref(), unknown_user(), |org, id| org.users.contains_key(&id))
}

pub(super) async fn group_links(state: State<Shared>, Path(id): Path<String>, RawQuery(raw): RawQuery) -> Response {
    links(&state, &id, raw.as_deref(), unknown_group(), |org, id| org.groups.contains_key(&id))
}

pub(super) async fn change_user_link(state: State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    change_link(&state, &id, &body, unknown_user(), |org, id| org.users.contains_key(&id))
}

pub(super) async fn change_group_link(state: State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    change_link(&state, &id, &body, unknown_group(), |org, id| org.groups.contains_key(&id))
}

/// `targets` is required.
fn links(world: &Shared, id: &str, raw: Option<&str>, unknown: Refusal, known: fn(&Org, Id) -> bool) -> Response {
    let org = world.read();
    let query = Query::parse(raw);
    let targets: Vec<&str> = query.nested("targets").flat_map(|(_, names)| names.split(',')).collect();
    let Some(id) = Id::parse(id).filter(|id| known(&org, *id)) else {
        return refused(&unknown, org.switches.graph_errors);
    };
    if targets.is_empty() || targets.iter().any(|target| !TARGETS.contains(target)) {
        return refused(&refuse(400, "targets is required"), org.switches.graph_errors);
    }
    let own = org.associations.get(&id).into_iter().flatten();
    let wanted = own.filter(|link| targets.contains(&link.kind.as_str()));
    let edges: Vec<Value> = wanted.map(|link| edge(&link.kind, link.id, &link.attributes)).collect();
    list(edges.len(), query.window(PAGE_CAP).cut(&edges))
}

fn change_link(world: &Shared, id: &str, body: &[u8], unknown: Refusal, known: fn(&Org, Id) -> bool) -> Response {
    let mut org = world.write();
    let done = Id::parse(id).filter(|id| known(&org, *id)).ok_or(unknown).and_then(|id| {
        let body = object(body)?;
        let (op, kind, target) = operation(&mut org, "associations", &body)?;
        if !TARGETS.contains(&kind.as_str()) {
            return Err(refuse(400, "unknown type"));
        }
        let attributes = body.get("attributes").cloned().unwrap_or_default();
        let (again, absent) = (org.switches.duplicate_member, org.switches.missing_member);
        let links = org.associations.entry(id).or_default();
        let at = links.iter().position(|link| link.kind == kind && link.id == target);
        match (op.as_str(), at) {
            ("add", None) => links.push(Association { kind, id: target, attributes }),
            ("add", Some(_)) if again != 204 => return Err(refuse(again, "Already Exists")),
            ("update", Some(at)) => links[at].attributes = attributes,
            ("remove", Some(at)) => drop(links.remove(at)),
            ("remove" | "update", None) if absent != 204 => return Err(refuse(404, "Not Found")),
            ("add" | "remove" | "update", _) => {}
            _ => return Err(refuse(400, "op must be one of add, remove, update")),
        }
        Ok(empty(204))
    });
    reply(done, org.switches.graph_errors)
}
