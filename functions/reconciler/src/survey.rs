//! Surveys, one connection after the other: each reads two whole lists, and memory holds two of them at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use lambda::{Failure, Home, Parts, Warm};
use mapping::employee::ConnectionName;
use serde::Serialize;
use state::Clock;
use workflow::{Mode, OpenError, Role, Selection, Stops, Surveyed, Trouble, Workflow};

use crate::asked::Asked;

/// A connection is begun only with so much time left: reading its lists takes a while by itself.
const SHORTEST: Duration = Duration::from_secs(20);
/// How long an HR system's refused key is not tried again unless it is changed: both lock out a caller that goes on.
const HR_PAUSE: Duration = Duration::from_secs(15 * 60);
/// Every status, so that one that nobody is in any more is counted as empty.
const STATUSES: [&str; 5] = ["synced", "skipped", "pending", "held", "failed"];

/// What a process keeps between invocations.
pub struct Reconciler {
    warm: Warm<Ready>,
    every: SignedDuration,
    /// Who is held, by connection, as of its last survey.
    held: Mutex<BTreeMap<ConnectionName, usize>>,
}

/// What is worked with.
struct Ready {
    workflow: Workflow,
    clock: Clock,
    in_flight: usize,
}

/// What an invocation answers: counts.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Connections surveyed, wholly or in part.
    surveyed: Vec<Counts>,
    /// Connections whose last survey is not old yet.
    not_due: Vec<String>,
    /// Connections that somebody else is surveying right now, or was when it was killed: at most a quarter of an hour.
    running: Vec<String>,
    /// Connections whose survey failed; the log says why.
    failed: Vec<String>,
    /// Connections for which no time was left; the next invocation takes them.
    left: Vec<String>,
}

/// What a survey found.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Counts {
    connection: String,
    people: usize,
    to_do: usize,
    held: usize,
    missing: usize,
    unreadable: usize,
    /// Whether the list was proven complete.
    complete: bool,
    /// Whether the next invocation goes on with it.
    unfinished: bool,
}

impl Reconciler {
    /// Surveys lie `every` apart. Nothing is read yet.
    pub fn new(home: Home, every: SignedDuration) -> Reconciler {
        Reconciler { warm: Warm::new(home), every, held: Mutex::default() }
    }

    /// Surveys whichever connections it is time for, within `time`.
    ///
    /// # Errors
    /// Every connection that was to be surveyed failed.
    pub async fn run(&self, asked: &Asked, time: Duration) -> Result<Report, Failure> {
        let until = Instant::now() + time;
        let mut ready = self.warm.get(compose).await?;
        let names = chosen(&ready.workflow, asked)?;
        let mut report = Report::default();
        for name in names {
            let text = name.as_str().to_owned();
            if until.saturating_duration_since(Instant::now()) < SHORTEST {
                report.left.push(text);
                continue;
            }
            match self.one(&ready, &name, asked.now, until).await {
                Ok(Step::Surveyed(counts)) => report.surveyed.push(*counts),
                Ok(Step::NotDue) => report.not_due.push(text),
                Ok(Step::Running) => {
                    tracing::info!(connection = name.as_str(), "somebody is surveying it already");
                    report.running.push(text);
                }
                Err(trouble) => match trouble.stops() {
                    Stops::Everything => match self.with_fresh_keys(&name, until).await {
                        Some((fresh, counts)) => {
                            report.surveyed.push(counts);
                            ready = fresh;
                        }
                        None => {
                            tracing::error!(connection = name.as_str(), error = trouble.for_log(), "all work stops");
                            metrics::counter!("keys_refused").increment(1);
                            metrics::counter!("surveys_failed").increment(1);
                            report.failed.push(text);
                            break;
                        }
                    },
                    Stops::Connection(_) => match self.with_another_key(&ready, &name, until).await {
                        Some(counts) => report.surveyed.push(counts),
                        None => {
                            let error = trouble.for_log();
                            tracing::error!(connection = name.as_str(), error, "this connection rests");
                            metrics::counter!("keys_refused").increment(1);
                            metrics::counter!("surveys_failed").increment(1);
                            report.failed.push(text);
                        }
                    },
                    Stops::Nothing => {
                        tracing::warn!(connection = name.as_str(), error = trouble.for_log(), "not surveyed");
                        metrics::counter!("surveys_failed").increment(1);
                        report.failed.push(text);
                    }
                },
            }
        }
        report.unless_nothing_worked()
    }

    /// One connection, if it is time for it and nobody else is at it.
    async fn one(&self, ready: &Ready, name: &ConnectionName, anyway: bool, until: Instant) -> Result<Step, Trouble> {
        let now = ready.clock.now();
        let last = ready.workflow.last_survey(name).await?;
        let unfinished = ready.workflow.is_unfinished(name).await?;
        if !anyway && !unfinished && !is_due(last, self.every, now) {
            return Ok(Step::NotDue);
        }
        // A claim cannot be given back. It lasts as long as this invocation can, so that whoever is killed in the middle
        // holds up nobody for longer; two surveys at once would only be twice the work.
        let left = SignedDuration::try_from(until.saturating_duration_since(Instant::now())).unwrap_or_default();
        let claimed_until = now.saturating_add(left).expect("an invocation is a short span");
        let claim = format!("survey {}", name.as_str());
        if !ready.workflow.store.claim(&claim, claimed_until, now).await? {
            return Ok(Step::Running);
        }
        Ok(Step::Surveyed(Box::new(self.survey(ready, name, until).await?)))
    }

    /// The same survey once more, if a refused key has been changed. The claim is ours still.
    async fn with_fresh_keys(&self, name: &ConnectionName, until: Instant) -> Option<(Arc<Ready>, Counts)> {
        let fresh = match self.warm.anew(compose).await {
            Ok(fresh) => fresh?,
            Err(error) => {
                tracing::warn!(%error, "whether refused keys were changed cannot be known now");
                return None;
            }
        };
        let counts = self.survey(&fresh, name, until).await;
        counts.ok().map(|counts| (fresh, counts))
    }

    /// The same survey once more, if its HR system's refused key has been changed, or has rested for long enough.
    async fn with_another_key(&self, ready: &Ready, name: &ConnectionName, until: Instant) -> Option<Counts> {
        let site = ready.workflow.sites.get(name)?;
        match site.look_for_another_key(self.warm.secrets(), Some(HR_PAUSE)).await {
            Ok(true) => self.survey(ready, name, until).await.ok(),
            Ok(false) => None,
            Err(error) => {
                tracing::warn!(connection = name.as_str(), %error, "whether a refused key was changed is not known");
                None
            }
        }
    }

    async fn survey(&self, ready: &Ready, name: &ConnectionName, until: Instant) -> Result<Counts, Trouble> {
        let selection = Selection { connections: vec![name.clone()], until: Some(until), ..Selection::default() };
        let (start, now) = (Instant::now(), ready.clock.now());
        let surveyed =
            ready.workflow.survey(&selection, Mode::Queue, ready.in_flight, now, &mut |_| {}, &|_| {}).await?;
        metrics::histogram!("survey_seconds").record(start.elapsed().as_secs_f64());
        let Some(one) = surveyed.into_iter().next() else { return Err(Trouble::NoConnection(name.clone())) };
        self.count(&one);
        let counts = Counts {
            connection: name.as_str().to_owned(),
            people: one.people,
            to_do: one.to_do,
            held: one.held,
            missing: one.missing.len(),
            unreadable: one.unreadable.len(),
            complete: one.doubts.is_empty(),
            unfinished: one.unfinished,
        };
        tracing::info!(
            connection = name.as_str(),
            people = counts.people,
            to_do = counts.to_do,
            held = counts.held,
            missing = counts.missing,
            unreadable = counts.unreadable,
            complete = counts.complete,
            unfinished = counts.unfinished,
            "surveyed"
        );
        for doubt in &one.doubts {
            tracing::warn!(connection = name.as_str(), %doubt, "nothing is taken away on this list's word");
        }
        Ok(counts)
    }

    fn count(&self, one: &Surveyed) {
        metrics::counter!("doubts").increment(one.doubts.len() as u64);
        if one.unfinished {
            // Not everybody was looked at: the figures before say more.
            return;
        }
        for status in STATUSES {
            let people = one.statuses.get(status).copied().unwrap_or(0);
            let labels = [("connection", one.connection.as_str().to_owned()), ("status", status.to_owned())];
            metrics::gauge!("people", &labels).set(people as f64);
        }
        // One figure for all connections, because an alarm cannot add them up.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(one.connection.clone(), one.held);
        metrics::gauge!("held").set(held.values().sum::<usize>() as f64);
    }
}

/// What became of one connection.
enum Step {
    Surveyed(Box<Counts>),
    NotDue,
    Running,
}

impl Report {
    fn unless_nothing_worked(self) -> Result<Report, Failure> {
        let fine = self.surveyed.len() + self.not_due.len() + self.running.len();
        if fine == 0 && !self.failed.is_empty() {
            let failed = self.failed.len();
            return Err(Failure::Work(format!("none of {failed} connections could be surveyed; the log says why")));
        }
        Ok(self)
    }
}

async fn compose(parts: Parts) -> Result<Ready, OpenError> {
    let Parts { configuration, rules, secrets, home, clock } = parts;
    let workflow = Workflow::open(&configuration, rules, Role::Reader, &secrets, home.store, home.queue).await?;
    Ok(Ready { workflow, clock, in_flight: configuration.in_flight })
}

fn chosen(workflow: &Workflow, asked: &Asked) -> Result<Vec<ConnectionName>, Failure> {
    match &asked.connection {
        None => Ok(workflow.sites.keys().cloned().collect()),
        Some(name) if workflow.sites.contains_key(name) => Ok(vec![name.clone()]),
        Some(name) => Err(Failure::Work(format!("there is no connection `{}` in the rules", name.as_str()))),
    }
}

/// Whether the last survey is old, or there was none.
fn is_due(last: Option<Timestamp>, every: SignedDuration, now: Timestamp) -> bool {
    last.is_none_or(|last| now.duration_since(last) >= every)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survey_is_due_when_there_was_none_or_the_last_is_old() {
        let day = SignedDuration::from_hours(24);
        let last: Timestamp = "2026-03-02T09:00:00Z".parse().expect("a moment");
        assert!(is_due(None, day, last));
        assert!(!is_due(Some(last), day, "2026-03-03T08:59:59Z".parse().expect("a moment")));
        assert!(is_due(Some(last), day, "2026-03-03T09:00:00Z".parse().expect("a moment")));
    }

    #[test]
    fn an_invocation_fails_only_when_nothing_worked() {
        let failed = || vec!["acme".to_owned()];
        assert!(Report { failed: failed(), ..Report::default() }.unless_nothing_worked().is_err());
        let one_is_fine = Report { failed: failed(), not_due: failed(), ..Report::default() };
        assert!(one_is_fine.unless_nothing_worked().is_ok());
        assert!(Report::default().unless_nothing_worked().is_ok());
    }
}
