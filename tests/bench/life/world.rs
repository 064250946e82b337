//! The product's real code, composed as `hirewire serve` composes it, in a town where time is a list of minutes.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use intake::Webhook;
use jiff::{SignedDuration, Timestamp};
use mapping::configuration::{Configuration, HomeRef};
use mapping::employee::ConnectionName;
use state::Secrets;
use tempfile::TempDir;
use tests::clock::Clock;
use tests::town::Town;
use tokio::net::TcpListener;
use workflow::{Mode, Role, Selection, Until, Workflow};

use super::rules::{COMPANY_ZONE, House, SITES, configuration};
use crate::Broken;

/// How many people are worked on at once: the default of `hirewire.toml`.
const IN_FLIGHT: usize = 8;
/// How often the queue is worked until nothing is left on it, in one minute.
const TURNS: usize = 20;
/// How many foreseen moments are looked at.
const FORECAST: usize = 1000;

/// Both HR systems, JumpCloud, and what keeps them in step.
pub struct World {
    /// The vendors.
    pub town: Town,
    workflow: Arc<Workflow>,
    _folder: TempDir,
}

/// Where webhooks come in.
struct Door {
    doors: BTreeMap<ConnectionName, Webhook>,
    workflow: Arc<Workflow>,
    clock: Clock,
}

impl World {
    /// A town without people, and an empty store.
    pub async fn new(now: Timestamp) -> Result<World, Broken> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let town = Town::start(folder.path(), now, COMPANY_ZONE, "").await;
        // They count real minutes, and a year passes in a few of them.
        town.bob.switch(|switches| {
            (switches.search_limit, switches.read_limit, switches.metadata_limit) = (None, None, None);
        });
        for (site, zone) in SITES {
            town.hr(House::Acme.kind()).add_site(site, None);
            town.hr(House::Bolt.kind()).add_site(site, Some(zone));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        for house in House::ALL {
            let url = format!("http://{address}/webhook/{}", house.name());
            town.write_key(house.webhook_key(), &town.hr(house.kind()).subscribe(&url));
        }
        let text = configuration(&town);
        town.write_config(&text);
        let faults = |faults: Vec<_>| format!("the rules of this world: {faults:?}\n{text}");
        let configuration = Configuration::parse(&text).map_err(faults)?;
        let store = folder.path().join("hirewire.db").to_string_lossy().into_owned();
        let (store, queue) = state::open(&HomeRef::Machine(store)).await.map_err(|error| error.to_string())?;
        let secrets = Secrets::new(folder.path());
        let doors = intake::doors(&configuration, &secrets).await;
        let opened = Workflow::open(&configuration, "life".to_owned(), Role::Writer, &secrets, store, queue);
        let workflow = Arc::new(opened.await.map_err(|error| error.to_string())?);
        let door = Door { doors, workflow: Arc::clone(&workflow), clock: town.clock.clone() };
        let app = Router::new().route("/webhook/{connection}", post(webhook)).with_state(Arc::new(door));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(World { town, workflow, _folder: folder })
    }

    /// The next moment before `until` at which the product itself means to look at somebody.
    pub async fn alarm(&self, now: Timestamp, until: Timestamp) -> Result<Option<Timestamp>, Broken> {
        let before = until - SignedDuration::from_secs(1);
        let store = &self.workflow.store;
        let keys = store.due(before, FORECAST).await.map_err(|error| error.to_string())?;
        let records = store.records_of(&keys).await.map_err(|error| error.to_string())?;
        Ok(records.into_values().filter_map(|record| record.next_change).filter(|at| *at > now && *at < until).min())
    }

    /// Wakes whoever is due.
    pub async fn wake(&self) -> Result<usize, Broken> {
        let Workflow { store, queue, .. } = &*self.workflow;
        intake::wake_due(store, queue, self.town.clock.now()).await.map_err(|error| error.to_string())
    }

    /// Polls one HR system; how many people it named.
    pub async fn poll(&self, house: House) -> Result<usize, Broken> {
        let Workflow { store, queue, sites, .. } = &*self.workflow;
        let site = sites.iter().find(|(name, _)| name.as_str() == house.name()).expect("a connection of this world").1;
        let polled = intake::poll(&site.source(), store, queue, self.town.clock.now()).await;
        polled.map(|polled| polled.changed).map_err(|error| error.to_string())
    }

    /// Surveys everybody of one HR system.
    pub async fn survey(&self, house: House) -> Result<(), Broken> {
        let name = self.workflow.sites.keys().find(|name| name.as_str() == house.name());
        let connections = vec![name.expect("a connection of this world").clone()];
        let (selection, now) = (Selection { connections, ..Selection::default() }, self.town.clock.now());
        let surveyed = self.workflow.survey(&selection, Mode::Queue, IN_FLIGHT, now, &mut |_| {}, &|_| {}).await;
        surveyed.map(drop).map_err(|error| error.to_string())
    }

    /// Works the queue until nothing is left on it; how many people were looked at.
    pub async fn drain(&self) -> Result<usize, Broken> {
        let mut people = 0;
        for _ in 0..TURNS {
            let clock = &self.town.clock;
            let drained = self.workflow.drain(IN_FLIGHT, Until::Empty, &|| clock.now(), &|_| {}, &|_| {}).await;
            let drained = drained.map_err(|error| error.to_string())?;
            if let Some(trouble) = drained.stopped {
                return Err(format!("the work stopped: {trouble}"));
            }
            if drained.people == 0 {
                return Ok(people);
            }
            people += drained.people;
        }
        Err(format!("the queue is not empty after {TURNS} turns"))
    }

    /// What the product knows of one person, for whoever reads of a wrong state.
    pub async fn explain(&self, house: House, id: &str) -> String {
        let key = mapping::employee::EmployeeKey::parse(&format!("{}:{id}", house.name()));
        let Some(key) = key else { return String::new() };
        match self.workflow.store.record(&key).await {
            Ok(Some(record)) => format!(
                "{} ({:?}), next change {:?}, left since {:?}, last looked at {} by {:?}, waits for {:?}",
                record.status.word(),
                record.status.reason(),
                record.next_change,
                record.life.left_since,
                record.last_sync,
                record.trigger,
                record.waits_for.is_some()
            ),
            Ok(None) => "nothing is known of them".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

async fn webhook(
    State(door): State<Arc<Door>>,
    Path(connection): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let name = ConnectionName::parse(&connection).ok();
    let Some(webhook) = name.and_then(|name| door.doors.get(&name)) else { return StatusCode::NOT_FOUND };
    let Workflow { store, queue, .. } = &*door.workflow;
    match intake::receive(webhook, store, queue, &headers, &body, door.clock.now()).await {
        Ok(_) => StatusCode::OK,
        Err(error) => StatusCode::from_u16(error.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
    }
}
