//! A wire between Hirewire and JumpCloud that can be held and cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::Notify;

use crate::world::World;

/// What happens to one request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It never arrives, and nobody hears of it.
    HeldBefore,
    /// It takes effect, and nobody hears of it.
    HeldAfter,
    /// It never arrives; the connection breaks.
    BrokenBefore,
    /// It takes effect; the connection breaks.
    BrokenAfter,
}

/// The wire.
pub struct Wire {
    url: String,
    inside: Arc<Inside>,
}

struct Inside {
    to: String,
    client: reqwest::Client,
    cut: Cut,
    /// The request that is struck, from 1 on; 0 for none.
    at: usize,
    /// Whether only what changes something counts.
    writes: bool,
    count: AtomicUsize,
    struck: Notify,
}

impl Wire {
    /// Lays a wire to `world`'s JumpCloud, and leads Hirewire there.
    pub async fn lay(world: &World, cut: Cut, at: usize, writes: bool) -> Wire {
        let to = world.town.jumpcloud.url();
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.build().expect("a client");
        let (count, struck) = (AtomicUsize::new(0), Notify::new());
        let inside = Arc::new(Inside { to: to.clone(), client, cut, at, writes, count, struck });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(pass).with_state(Arc::clone(&inside));
        tokio::spawn(async move { axum::serve(listener, app).await.expect("a wire") });
        let config = std::fs::read_to_string(world.town.config()).expect("a configuration");
        world.town.write_config(&config.replace(&to, &url));
        Wire { url, inside }
    }

    /// Takes the wire away again.
    pub fn take_up(&self, world: &World) {
        let config = std::fs::read_to_string(world.town.config()).expect("a configuration");
        world.town.write_config(&config.replace(&self.url, &self.inside.to));
    }

    /// Waits until a request is struck.
    pub async fn struck(&self) {
        self.inside.struck.notified().await;
    }
}

async fn pass(State(wire): State<Arc<Inside>>, request: Request) -> Response {
    let counts = !wire.writes || (request.method() != Method::GET && !request.uri().path().starts_with("/api/search/"));
    let number = if counts { wire.count.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
    let cut = (counts && number == wire.at).then_some(wire.cut);
    let onward = onward(&wire.client, &wire.to, request).await;
    match cut {
        Some(Cut::HeldBefore) => {
            wire.struck.notify_one();
            return std::future::pending().await;
        }
        Some(Cut::BrokenBefore) => return broken(),
        Some(Cut::HeldAfter | Cut::BrokenAfter) | None => {}
    }
    let answer = onward.send().await.expect("JumpCloud answers");
    match cut {
        Some(Cut::HeldAfter) => {
            wire.struck.notify_one();
            return std::future::pending().await;
        }
        Some(Cut::BrokenAfter) => return broken(),
        Some(Cut::HeldBefore | Cut::BrokenBefore) | None => {}
    }
    back(answer).await
}

/// The same request at another place, not sent yet.
pub async fn onward(client: &reqwest::Client, to: &str, request: Request) -> reqwest::RequestBuilder {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut onward = client.request(head.method, format!("{to}{path}")).body(body);
    for (name, value) in &head.headers {
        if !matches!(name.as_str(), "host" | "content-length" | "connection") {
            onward = onward.header(name, value);
        }
    }
    onward
}

/// What came there, handed back.
pub async fn back(answer: reqwest::Response) -> Response {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = (status, answer.bytes().await.unwrap_or_default()).into_response();
    for (name, value) in &headers {
        if !matches!(name.as_str(), "content-length" | "transfer-encoding" | "connection") {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// Half a body, then the end of the connection.
fn broken() -> Response {
    let parts = [Ok(Bytes::from_static(b"{\"results\":[")), Err(std::io::Error::other("the wire is cut"))];
    (StatusCode::OK, Body::from_stream(futures::stream::iter(parts))).into_response()
}
