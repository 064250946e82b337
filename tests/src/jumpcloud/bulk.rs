//! What JumpCloud does later: bulk jobs and scheduled changes of state, on the simulated clock.

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{self, Refusal, array, empty, list, object, refuse, reply};
use super::body::Via;
use super::clock_text;
use super::door::Shared;
use super::id::Id;
use super::insights::By;
use super::keys::header;
use super::org::Org;
use super::query::Query;
use super::switches::UserState;
use super::v2::PAGE_CAP;
use super::writes::{How, moment, unknown_user};

/// The sources that `creation-source` may name, after `jumpcloud:`.
const SOURCES: &[&str] = &["gapps", "o365", "workday", "scim", "bulk", "custom_integration"];

/// A bulk job and what became of each of its items.
#[derive(Clone, Debug)]
pub(super) struct Job {
    due: Timestamp,
    via: Via,
    mails: bool,
    source: String,
    items: Vec<(Id, Value)>,
    done: bool,
    results: Vec<Value>,
}

/// A change of state that waits for its moment.
#[derive(Clone, Debug)]
pub(super) struct Scheduled {
    pub(super) user: Id,
    id: Id,
    at: Timestamp,
    state: UserState,
    mails: bool,
    mail_to: Option<String>,
}

impl Scheduled {
    fn to_json(&self) -> Value {
        json!({
            "scheduledJobId": self.id, "scheduledDate": clock_text(self.at, 0),
            "state": self.state.as_str(), "systemUserId": self.user,
        })
    }
}

impl Org {
    /// Whether something is due by the clock.
    pub(super) fn is_due(&self) -> bool {
        self.next_due.is_some_and(|due| due <= self.now())
    }

    /// Does what is due, earliest first.
    pub(super) fn run_due(&mut self) {
        let now = self.now();
        let mut due: Vec<(Timestamp, Id)> =
            self.scheduled.values().filter(|s| s.at <= now).map(|s| (s.at, s.id)).collect();
        due.sort();
        for (_, id) in due {
            let job = self.scheduled.remove(&id).expect("collected above");
            self.change_state(&job);
        }
        let jobs: Vec<Id> =
            self.jobs.iter().filter(|(_, job)| !job.done && job.due <= now).map(|(id, _)| *id).collect();
        for id in jobs {
            self.run_job(id);
        }
        let waiting = self.jobs.values().filter(|job| !job.done).map(|job| job.due);
        self.next_due = self.scheduled.values().map(|s| s.at).chain(waiting).min();
    }

    fn change_state(&mut self, job: &Scheduled) {
        let Some(before) = self.users.get(&job.user).map(|user| user.state()) else { return };
        let how = How::new(Via::Put, By::System, job.state);
        self.set_user_state(job.user, job.state, &how);
        if job.state == UserState::Activated && before != UserState::Activated && job.mails {
            self.mail(job.user, job.mail_to.clone());
        }
    }

    fn run_job(&mut self, id: Id) {
        let mut job = self.jobs.remove(&id).expect("listed before");
        job.done = true;
        let [_, good, bad] = self.switches.bulk_words;
        for (work, item) in std::mem::take(&mut job.items) {
            let outcome = if self.switches.bulk_swallows { Ok(None) } else { self.run_item(&job, &item).map(Some) };
            let (status, message, user) = match outcome {
                Ok(user) => (good, String::new(), user),
                Err(refusal) => (bad, refusal.message, None),
            };
            let at = clock_text(self.now(), 0);
            let fields = match user {
                Some(user) => json!({ "id": user, "email": item["email"] }),
                None => json!({ "email": item["email"] }),
            };
            job.results.push(json!({
                "id": work, "status": status, "statusMsg": message, "createdAt": clock_text(job.due, 0),
                "updatedAt": at, "meta": {}, "persistedFields": fields,
            }));
        }
        self.jobs.insert(id, job);
    }

    fn run_item(&mut self, job: &Job, item: &Value) -> Result<Id, Refusal> {
        let state = match job.source.as_str() {
            "jumpcloud:bulk" => self.switches.bulk_default_state,
            _ => self.switches.default_state,
        };
        let mut how = How { mails: job.mails, ..How::new(job.via, By::Key, state) };
        let mut body: Map<String, Value> = item.as_object().cloned().unwrap_or_default();
        if job.via == Via::Post {
            how.source = Some(job.source.clone());
            return self.create_user(&body, &how);
        }
        let id = body.remove("id").and_then(|id| id.as_str().and_then(Id::parse)).ok_or_else(unknown_user)?;
        self.update_user(id, &body, &how)?;
        Ok(id)
    }

    fn start_job(&mut self, via: Via, items: Vec<Value>, mails: bool, source: String) -> Id {
        let delay = self.switches.bulk_delay;
        let due = Timestamp::from_second(self.now().as_second() + delay).expect("a moment soon");
        let items = items.into_iter().map(|item| (self.new_id(), item)).collect();
        let id = self.new_id();
        self.jobs.insert(id, Job { due, via, mails, source, items, done: false, results: Vec::new() });
        self.run_due();
        id
    }
}

pub(super) async fn create_users(state: State<Shared>, query: RawQuery, headers: HeaderMap, body: Bytes) -> Response {
    start(&state, Via::Post, query, &headers, &body)
}

pub(super) async fn update_users(state: State<Shared>, query: RawQuery, headers: HeaderMap, body: Bytes) -> Response {
    start(&state, Via::Put, query, &headers, &body)
}

/// 201 with a job id, which proves nothing: read the results.
fn start(world: &Shared, via: Via, RawQuery(raw): RawQuery, headers: &HeaderMap, body: &[u8]) -> Response {
    let mut org = world.write();
    let mails = Query::parse(raw.as_deref()).get("suppressEmail") != Some("true");
    let source = header(headers, "creation-source").unwrap_or("jumpcloud:bulk").to_owned();
    let known = source.strip_prefix("jumpcloud:").is_some_and(|name| SOURCES.contains(&name));
    let done = if known { array(body) } else { Err(refuse(400, "malformed creation-source")) };
    let done = done.map(|items| org.start_job(via, items, mails, source));
    reply(done.map(|id| answer::json(201, &json!({ "jobId": id }))), org.switches.v2_errors)
}

pub(super) async fn results(State(world): State<Shared>, Path(id): Path<String>, RawQuery(raw): RawQuery) -> Response {
    let org = world.read();
    let Some(job) = Id::parse(&id).and_then(|id| org.jobs.get(&id)) else {
        return reply(Err(refuse(404, "Job not found")), org.switches.v2_errors);
    };
    let waiting = |(work, item): &(Id, Value)| {
        let [pending, _, _] = org.switches.bulk_words;
        let at = clock_text(job.due, 0);
        json!({
            "id": work, "status": pending, "statusMsg": "", "createdAt": at, "updatedAt": at, "meta": {},
            "persistedFields": { "email": item["email"] },
        })
    };
    let all: Vec<Value> = job.results.iter().cloned().chain(job.items.iter().map(waiting)).collect();
    list(all.len(), Query::parse(raw.as_deref()).window(PAGE_CAP).cut(&all))
}

pub(super) async fn job(State(world): State<Shared>, Path(id): Path<String>) -> Response {
    let org = world.read();
    let Some(job) = Id::parse(&id).and_then(|id| org.jobs.get(&id)) else {
        return reply(Err(refuse(404, "Job not found")), org.switches.v2_errors);
    };
    let [pending, done, _] = org.switches.bulk_words;
    let (status, count) = (if job.done { done } else { pending }, job.items.len() + job.results.len());
    answer::json(
        200,
        &json!({
            "id": id, "adminId": org.id, "name": "bulk-users", "status": status, "meta": {}, "persistedFields": {},
            "workUnitsCount": count, "updatedAt": clock_text(job.due, 0),
        }),
    )
}

pub(super) async fn schedule(State(world): State<Shared>, body: Bytes) -> Response {
    let mut org = world.write();
    let done = object(&body).and_then(|body| plan(&mut org, &body));
    reply(done.map(|jobs| answer::json(201, &jobs)), org.switches.v2_errors)
}

fn plan(org: &mut Org, body: &Map<String, Value>) -> Result<Vec<Value>, Refusal> {
    let known = ["user_ids", "state", "start_date", "send_activation_emails", "activation_email_override"];
    org.check_keys("POST bulk/userstates", body, &known);
    let users = body.get("user_ids").and_then(Value::as_array).ok_or_else(|| refuse(400, "user_ids is required"))?;
    let state = match body.get("state").and_then(Value::as_str) {
        Some("ACTIVATED") => UserState::Activated,
        Some("SUSPENDED") => UserState::Suspended,
        _ => return Err(refuse(400, "state must be one of ACTIVATED, SUSPENDED")),
    };
    let at = body.get("start_date").and_then(Value::as_str).and_then(moment);
    let at = at.ok_or_else(|| refuse(400, "start_date is required"))?;
    if at < org.now() && org.switches.past_schedule_refused {
        return Err(refuse(400, "start_date is in the past"));
    }
    let mail_to = body.get("activation_email_override").and_then(Value::as_str).map(str::to_owned);
    if mail_to.is_some() && users.len() != 1 {
        return Err(refuse(400, "activation_email_override can only be used with one user"));
    }
    let mails = body.get("send_activation_emails").and_then(Value::as_bool);
    if mails.is_some() && state != UserState::Activated {
        return Err(refuse(400, "send_activation_emails can only be used with activations"));
    }
    let known = |value: &Value| value.as_str().and_then(Id::parse).filter(|id| org.users.contains_key(id));
    let users: Option<Vec<Id>> = users.iter().map(known).collect();
    let mut planned = Vec::new();
    for user in users.ok_or_else(|| refuse(400, "unknown user id"))? {
        let id = org.new_id();
        let job = Scheduled { user, id, at, state, mails: mails.unwrap_or(true), mail_to: mail_to.clone() };
        planned.push(job.to_json());
        org.scheduled.insert(id, job);
        let events = ["user_activation_schedule_create", "user_suspension_schedule_create"];
        let name = events[usize::from(state == UserState::Suspended)];
        let user = org.users[&user].clone();
        org.log_user(name, By::Key, &user, Vec::new());
    }
    org.run_due();
    Ok(planned)
}

pub(super) async fn scheduled(State(world): State<Shared>, RawQuery(raw): RawQuery) -> Response {
    let org = world.read();
    let query = Query::parse(raw.as_deref());
    let user = query.get("userid");
    let wanted = |job: &&Scheduled| user.is_none_or(|id| Id::parse(id) == Some(job.user));
    let all: Vec<Value> = org.scheduled.values().filter(wanted).map(Scheduled::to_json).collect();
    list(all.len(), query.window(PAGE_CAP).cut(&all))
}

/// At most one activation and one suspension of each user, the next ones.
pub(super) async fn next_scheduled(State(world): State<Shared>, RawQuery(raw): RawQuery) -> Response {
    let org = world.read();
    let query = Query::parse(raw.as_deref());
    let users: Vec<Id> = query.nested("users").flat_map(|(_, ids)| ids.split(',')).filter_map(Id::parse).collect();
    let mut next = Vec::new();
    for user in users.iter().take(100) {
        for state in [UserState::Activated, UserState::Suspended] {
            let own = org.scheduled.values().filter(|job| job.user == *user && job.state == state);
            next.extend(own.min_by_key(|job| job.at).map(Scheduled::to_json));
        }
    }
    let results = query.window(PAGE_CAP).cut(&next);
    answer::json(200, &json!({ "events_count": next.len(), "results": results }))
}

pub(super) async fn unschedule(State(world): State<Shared>, Path(id): Path<String>) -> Response {
    let mut org = world.write();
    match Id::parse(&id).and_then(|id| org.scheduled.remove(&id)) {
        Some(_) => empty(204),
        None => reply(Err(refuse(404, "Not Found")), org.switches.v2_errors),
    }
}
