//! One round: every connection by itself, so that an HR system that hangs or fails holds up nobody else's people.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use intake::{PollError, Source};
use lambda::{Failure, Home, Parts, Refusals, Warm};
use mapping::configuration::Connection;
use mapping::employee::ConnectionName;
use mapping::secret::Secret;
use serde::Serialize;
use serde_json::Value;
use state::{Clock, SecretError};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

/// How long one connection may take, whatever hangs. They are all asked at once (a file has 50 at most), so that this
/// and a second try with a changed key fit into the function's minute.
const DEADLINE: Duration = Duration::from_secs(40);
/// How long a refused key is not tried again unless it is changed: both HR vendors lock out a caller that goes on.
const PAUSE: Duration = Duration::from_secs(15 * 60);

/// What a process keeps between rounds.
pub struct Poller {
    warm: Warm<Polling>,
    refusals: Refusals,
}

/// What a round works with.
struct Polling {
    sites: Vec<Arc<Site>>,
    clock: Clock,
}

/// One connection.
struct Site {
    connection: Connection,
    /// How it is asked, and the key that it is asked with; or why it cannot be.
    source: Result<(Source, Secret), SecretError>,
}

/// How it went with one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// So many people were queued.
    Polled(usize),
    /// Its schedule does not want it now.
    NotDue,
    /// The key is not accepted.
    Refused,
    /// It did not work; the next round asks for the same changes again.
    Failed,
}

/// What a round answers: counts.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Round {
    /// People queued, by connection.
    polled: BTreeMap<String, usize>,
    /// Connections whose schedule does not want them now.
    not_due: Vec<String>,
    /// Connections that refuse the key.
    refused: Vec<String>,
    /// Connections that failed otherwise.
    failed: Vec<String>,
    /// People whose moment has come; `None` is: they could not be woken.
    woken: Option<usize>,
}

impl Poller {
    /// Nothing is read yet.
    pub fn new(home: Home) -> Poller {
        Poller { warm: Warm::new(home), refusals: Refusals::new(PAUSE) }
    }

    /// Polls every connection, or the one that the event names, and wakes whoever is due, within `time`.
    ///
    /// # Errors
    /// When nothing worked, so that it counts as an error of the function.
    pub async fn round(&self, event: &Value, time: Duration) -> Result<Round, Failure> {
        let asked = asked(event)?;
        let until = Instant::now() + time;
        let polling = self.warm.get(compose).await?;
        let sites = chosen(&polling, asked.as_ref())?;
        let waking = wake(self.warm.home().clone(), polling.clock.clone(), until);
        let (mut outcomes, woken) = tokio::join!(self.poll(&polling, sites, asked.is_some(), until), waking);
        let refused: Vec<ConnectionName> = names(&outcomes, Outcome::Refused).cloned().collect();
        if !refused.is_empty() {
            outcomes.extend(self.again(&polling, &refused, until).await);
        }
        let round = Round::of(&outcomes, woken);
        round.count();
        round.unless_nothing_worked()
    }

    /// A second try for those whose key was refused, where it has been changed meanwhile.
    async fn again(
        &self,
        polling: &Polling,
        refused: &[ConnectionName],
        until: Instant,
    ) -> BTreeMap<ConnectionName, Outcome> {
        let before: Vec<&Arc<Site>> = polling.sites.iter().filter(|s| refused.contains(&s.connection.name)).collect();
        let now = std::time::Instant::now();
        // Whoever was not even tried is not remembered for longer by that.
        for site in before.iter().filter(|site| !self.refusals.hold(&site.key(), now)) {
            self.refusals.remember(site.key(), now);
        }
        let fresh = match self.warm.anew(compose).await {
            Ok(Some(fresh)) => fresh,
            // Read a moment ago, or not to be had: nothing says that it was changed.
            Ok(None) => return BTreeMap::new(),
            Err(error) => {
                tracing::warn!(%error, "whether refused keys were changed cannot be known now");
                return BTreeMap::new();
            }
        };
        let was = |site: &Site| before.iter().find(|old| old.connection.name == site.connection.name).map(|s| s.key());
        let changed = fresh.sites.iter().filter(|site| was(site).is_some_and(|key| key != site.key())).cloned();
        let outcomes = self.poll(&fresh, changed.collect(), true, until).await;
        for site in &fresh.sites {
            if outcomes.get(&site.connection.name) == Some(&Outcome::Refused) {
                self.refusals.remember(site.key(), std::time::Instant::now());
            }
        }
        outcomes
    }

    /// All at once, each in a task of its own.
    async fn poll(
        &self,
        polling: &Polling,
        sites: Vec<Arc<Site>>,
        anyway: bool,
        until: Instant,
    ) -> BTreeMap<ConnectionName, Outcome> {
        let until = until.min(Instant::now() + DEADLINE);
        let (mut outcomes, mut names, mut tasks) = (BTreeMap::new(), HashMap::new(), JoinSet::new());
        for site in sites {
            let name = site.connection.name.clone();
            if self.refusals.hold(&site.key(), std::time::Instant::now()) {
                outcomes.insert(name, Outcome::Refused);
                continue;
            }
            let (home, clock) = (self.warm.home().clone(), polling.clock.clone());
            let work = async move {
                match tokio::time::timeout_at(until, poll_one(&home, &site, anyway, &clock)).await {
                    Ok(outcome) => outcome,
                    Err(_) => {
                        tracing::warn!(connection = site.connection.name.as_str(), "not polled: it takes too long");
                        Outcome::Failed
                    }
                }
            };
            names.insert(tasks.spawn(work.in_current_span()).id(), name);
        }
        while let Some(ended) = tasks.join_next_with_id().await {
            let (id, outcome) = match ended {
                Ok((id, outcome)) => (id, outcome),
                // A panic, which is logged where it happened, fails this connection only.
                Err(broken) => (broken.id(), Outcome::Failed),
            };
            outcomes.extend(names.remove(&id).map(|name| (name, outcome)));
        }
        outcomes
    }
}

impl Site {
    /// The key it is asked with; none where it is missing.
    fn key(&self) -> Vec<Secret> {
        self.source.iter().map(|(_, key)| key.clone()).collect()
    }
}

impl Round {
    fn of(outcomes: &BTreeMap<ConnectionName, Outcome>, woken: Option<usize>) -> Round {
        let mut round = Round { woken, ..Round::default() };
        for (name, outcome) in outcomes {
            let name = name.as_str().to_owned();
            match outcome {
                Outcome::Polled(people) => {
                    round.polled.insert(name, *people);
                }
                Outcome::NotDue => round.not_due.push(name),
                Outcome::Refused => round.refused.push(name),
                Outcome::Failed => round.failed.push(name),
            }
        }
        round
    }

    fn count(&self) {
        for name in self.polled.keys() {
            metrics::counter!("polls_complete", "connection" => name.clone()).increment(1);
        }
        for name in self.refused.iter().chain(&self.failed) {
            metrics::counter!("polls_failed", "connection" => name.clone()).increment(1);
        }
        if !self.refused.is_empty() {
            metrics::counter!("keys_refused").increment(1);
        }
        if self.refused.is_empty() && self.failed.is_empty() {
            metrics::counter!("polls_complete").increment(1);
        }
    }

    fn unless_nothing_worked(self) -> Result<Round, Failure> {
        let wrong = self.refused.len() + self.failed.len();
        let worked = !self.polled.is_empty() || !self.not_due.is_empty();
        if !worked && wrong > 0 {
            return Err(Failure::Work(format!("none of {wrong} connections could be polled; the log says why")));
        }
        if !worked && self.woken.is_none() {
            return Err(Failure::Work("nobody could be woken; the log says why".to_owned()));
        }
        Ok(self)
    }
}

/// Each connection's key is its own matter: one that is missing holds up nobody else.
async fn compose(parts: Parts) -> Result<Polling, std::convert::Infallible> {
    let mut sites = Vec::with_capacity(parts.configuration.connections.len());
    for connection in &parts.configuration.connections {
        let key = parts.secrets.get(&connection.api_key).await;
        let source = key.map(|key| (Source::new(connection, &key), key));
        sites.push(Arc::new(Site { connection: connection.clone(), source }));
    }
    Ok(Polling { sites, clock: parts.clock })
}

async fn poll_one(home: &Home, site: &Site, anyway: bool, clock: &Clock) -> Outcome {
    let name = site.connection.name.as_str();
    match try_one(home, site, anyway, clock).await {
        Ok(Some(people)) => {
            if people > 0 {
                tracing::info!(connection = name, people, "HR changed people");
            }
            Outcome::Polled(people)
        }
        Ok(None) => Outcome::NotDue,
        Err(Trouble::Poll(error)) => {
            tracing::warn!(connection = name, error = error.for_log(), "not polled");
            if error.key_refused() { Outcome::Refused } else { Outcome::Failed }
        }
        Err(Trouble::Key(error)) => {
            tracing::warn!(connection = name, error, "not polled");
            Outcome::Failed
        }
    }
}

/// Why one connection was not polled.
enum Trouble {
    Poll(PollError),
    Key(String),
}

/// How many people were queued; `None` where the schedule does not want it now.
async fn try_one(home: &Home, site: &Site, anyway: bool, clock: &Clock) -> Result<Option<usize>, Trouble> {
    let state = |error| Trouble::Poll(PollError::State(error));
    let (source, _) = site.source.as_ref().map_err(|error| Trouble::Key(error.to_string()))?;
    let now = clock.now();
    if !anyway && !intake::is_due(&site.connection, &home.store, now).await.map_err(state)? {
        return Ok(None);
    }
    let polled = intake::poll(source, &home.store, &home.queue, now).await.map_err(Trouble::Poll)?;
    intake::note_polled(&site.connection, &home.store, now).await.map_err(state)?;
    Ok(Some(polled.changed))
}

/// Wakes everyone who is due: at midnight more than one look brings. `None` where it does not work.
async fn wake(home: Home, clock: Clock, until: Instant) -> Option<usize> {
    let mut woken = 0;
    while Instant::now() < until {
        match tokio::time::timeout_at(until, intake::wake_due(&home.store, &home.queue, clock.now())).await {
            Ok(Ok(0)) => break,
            Ok(Ok(people)) => {
                tracing::info!(people, "woken: their moment has come");
                woken += people;
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "nobody was woken");
                return None;
            }
            // Whoever is left is woken a minute later.
            Err(_) => break,
        }
    }
    Some(woken)
}

/// The connection that an event names; none is: all of them. The schedule's own event names none.
fn asked(event: &Value) -> Result<Option<ConnectionName>, Failure> {
    let event = event.as_object().ok_or(Failure::Event("it is no JSON object"))?;
    match event.get("connection") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => {
            let name = ConnectionName::parse(name);
            name.map(Some).map_err(|_| Failure::Event("`connection` is no connection's name"))
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Failure::Event("`connection` is no text"))
        }
    }
}

fn chosen(polling: &Polling, asked: Option<&ConnectionName>) -> Result<Vec<Arc<Site>>, Failure> {
    let wanted = |site: &&Arc<Site>| asked.is_none_or(|name| *name == site.connection.name);
    let sites: Vec<Arc<Site>> = polling.sites.iter().filter(wanted).cloned().collect();
    match asked {
        Some(name) if sites.is_empty() => {
            Err(Failure::Work(format!("there is no connection `{}` in the rules", name.as_str())))
        }
        Some(_) | None => Ok(sites),
    }
}

fn names(outcomes: &BTreeMap<ConnectionName, Outcome>, which: Outcome) -> impl Iterator<Item = &ConnectionName> {
    outcomes.iter().filter(move |(_, outcome)| **outcome == which).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outcomes(list: &[(&str, Outcome)]) -> BTreeMap<ConnectionName, Outcome> {
        list.iter().map(|(name, outcome)| (ConnectionName::parse(name).expect("a name"), *outcome)).collect()
    }

    #[test]
    fn an_event_names_one_connection_or_none() {
        assert_eq!(asked(&json!({})).expect("all"), None);
        // What EventBridge sends of itself, where the schedule has no input of its own.
        assert_eq!(asked(&json!({ "source": "aws.scheduler", "detail": {} })).expect("all"), None);
        let one = asked(&json!({ "connection": "acme" })).expect("one").expect("named");
        assert_eq!(one.as_str(), "acme");
        for wrong in [json!(null), json!("acme"), json!([]), json!({ "connection": 7 }), json!({ "connection": "" })] {
            assert!(matches!(asked(&wrong), Err(Failure::Event(_))), "{wrong}");
        }
    }

    #[test]
    fn one_connection_that_fails_does_not_fail_the_round() {
        let some = outcomes(&[("a", Outcome::Polled(3)), ("b", Outcome::Failed), ("c", Outcome::Refused)]);
        let round = Round::of(&some, Some(1)).unless_nothing_worked().expect("a round");
        let answer = serde_json::to_value(&round).expect("JSON");
        let expected = json!({ "polled": { "a": 3 }, "not_due": [], "refused": ["c"], "failed": ["b"], "woken": 1 });
        assert_eq!(answer, expected);
        let none = outcomes(&[("b", Outcome::Failed), ("c", Outcome::Refused)]);
        assert!(Round::of(&none, Some(1)).unless_nothing_worked().is_err());
        let not_due = outcomes(&[("b", Outcome::NotDue)]);
        assert!(Round::of(&not_due, Some(0)).unless_nothing_worked().is_ok());
        assert!(Round::of(&outcomes(&[]), None).unless_nothing_worked().is_err());
    }
}
