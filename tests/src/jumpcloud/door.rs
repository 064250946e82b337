//! The door: who may come in, what is due by then, and which path leads where.

use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::HeaderMap;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use bytes::Bytes;
use serde_json::json;

use super::answer::{self, refuse, refused};
use super::keys::{TOKEN_LIFE, Verdict};
use super::org::Org;
use super::switches::Envelope;
use super::v1::Found;
use super::{bulk, insights, v1, v2};

/// The organisation behind its lock, and the last filtered list, so that paging through it costs one pass.
#[derive(Debug)]
pub(super) struct World {
    org: RwLock<Org>,
    pub(super) last_found: Mutex<Option<Found>>,
}

pub(super) type Shared = Arc<World>;

impl World {
    pub(super) fn new(org: Org) -> World {
        World { org: RwLock::new(org), last_found: Mutex::new(None) }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Org> {
        self.org.read().expect("no panic while JumpCloud is written")
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Org> {
        self.org.write().expect("no panic while JumpCloud is written")
    }
}

pub(super) fn router(world: Shared) -> Router {
    Router::new()
        .route("/oauth2/token", post(token))
        .route("/api/organizations", get(v1::organizations))
        .route("/api/organizations/{id}", get(v1::organization))
        .route("/api/systemusers", get(v1::list).post(v1::create))
        .route("/api/systemusers/{id}", get(v1::read).put(v1::update).delete(v1::delete))
        .route("/api/systemusers/{id}/state/activate", post(v1::activate))
        .route("/api/systemusers/{id}/state/suspend", post(v1::suspend))
        .route("/api/systemusers/{id}/expire", post(v1::expire))
        .route("/api/systemusers/{id}/unlock", post(v1::unlock))
        .route("/api/systemusers/{id}/resetmfa", post(v1::reset_mfa))
        .route("/api/search/systemusers", post(v1::search))
        .route("/api/v2/usergroups", get(v2::list_groups).post(v2::create_group))
        .route("/api/v2/usergroups/{id}", get(v2::read_group).put(v2::update_group).delete(v2::delete_group))
        .route("/api/v2/usergroups/{id}/members", get(v2::members).post(v2::change_member))
        .route("/api/v2/usergroups/{id}/membership", get(v2::membership))
        .route("/api/v2/usergroups/{id}/suggestions", get(v2::suggestions).post(v2::accept_suggestions))
        .route("/api/v2/usergroups/{id}/associations", get(v2::group_links).post(v2::change_group_link))
        .route("/api/v2/users/{id}/memberof", get(v2::member_of))
        .route("/api/v2/users/{id}/associations", get(v2::user_links).post(v2::change_user_link))
        .route("/api/v2/bulk/users", post(bulk::create_users).patch(bulk::update_users))
        .route("/api/v2/bulk/users/{id}/results", get(bulk::results))
        .route("/api/v2/bulk/userstates", get(bulk::scheduled).post(bulk::schedule))
        .route("/api/v2/bulk/userstates/eventlist/next", get(bulk::next_scheduled))
        .route("/api/v2/bulk/userstates/{id}", delete(bulk::unschedule))
        .route("/api/v2/jobs/{id}", get(bulk::job))
        .route("/insights/directory/v1/events", post(insights::events))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(world.clone(), guard))
        .with_state(world)
}

/// Authentication comes before routing: an unknown path with a bad key is a 401, without a key a redirect.
async fn guard(State(world): State<Shared>, request: Request, next: Next) -> Response {
    if world.read().is_due() {
        world.write().run_due();
    }
    let path = request.uri().path();
    if path == "/oauth2/token" {
        return next.run(request).await;
    }
    let verdict = world.read().admit(request.method(), path, request.headers());
    match verdict {
        Verdict::Pass => next.run(request).await,
        Verdict::Login => (StatusCode::FOUND, [(LOCATION, HeaderValue::from_static("/login"))]).into_response(),
        Verdict::Refused(refusal) => refused(&refusal, Envelope::Named),
    }
}

async fn nowhere(State(world): State<Shared>, request: Request) -> Response {
    let switches = world.read().switches;
    let v2 = request.uri().path().starts_with("/api/v2/");
    refused(&refuse(404, "Not Found"), if v2 { switches.v2_errors } else { switches.v1_errors })
}

/// `grant_type=client_credentials&scope=api` with HTTP Basic -> a token for an hour.
async fn token(State(world): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let mut org = world.write();
    let now = org.now();
    let form = super::query::Query::parse(std::str::from_utf8(&body).ok());
    let token = match form.get("grant_type") {
        Some("client_credentials") => org.keys.token(&headers, now),
        _ => Err(refuse(400, "unsupported_grant_type")),
    };
    match token {
        Ok(token) => answer::json(
            200,
            &json!({ "access_token": token, "expires_in": TOKEN_LIFE, "scope": "api", "token_type": "bearer" }),
        ),
        Err(refusal) => answer::json(refusal.status, &json!({ "error": refusal.message })),
    }
}
