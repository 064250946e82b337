//! `hirewire check`: whether the service user sees whom and what the rules need.

use jiff::Timestamp;
use mapping::employee::{Employee, Employment, Reading, Stage};
use transport::Fault;

use super::Bob;
use super::asked::Asked;
use super::lists::Catalogue;
use super::names::ALWAYS;
use super::people::People;
use crate::Finding;

/// In a larger company somebody has left, is on leave or is about to begin; that nobody is seen means that they are
/// hidden.
const SOMEBODY_IS_AWAY: usize = 50;

const PERMISSIONS: &str = "in HiBob give the service user's permission group View access to the field's category, for \
                           everyone, then check again";

/// Everything that can be found out by reading, in two or three calls.
pub(super) async fn check(bob: &Bob, now: Timestamp) -> Result<Vec<Finding>, Fault> {
    let people = match bob.people(None, now).await {
        Ok(people) => people,
        // Nothing more with a token that is refused: each further call would count towards a block.
        Err(fault @ Fault::KeyRefused { .. }) => return Err(fault),
        Err(fault) => return Ok(vec![finding(fault)?]),
    };
    let mut findings = vec![Finding::Good(format!("HiBob accepts service user {}", bob.inner.tenant))];
    findings.push(audience(&people));
    if !people.employees.is_empty() || !people.unreadable.is_empty() {
        findings.extend(fields(bob, &people).await?);
    }
    if let Some((who, why)) = people.unreadable.first() {
        let what = format!("{} records cannot be read, the first of them {who}: {why}", people.unreadable.len());
        findings.push(bad(what, "correct what is wrong there in HiBob; until then nothing is taken from anybody"));
    }
    findings.push(Finding::Good(
        "histories are not read: the permission group needs View, and not `View histories`".to_owned(),
    ));
    Ok(findings)
}

/// Whether those are seen too who are not at work: without them nobody ever leaves.
fn audience(people: &People) -> Finding {
    let todo = "in HiBob let the service user's permission group reach everyone: under `Access data for` remove the \
                condition `Lifecycle status equals Employed`, which is there from the start";
    let count = people.employees.len();
    if count == 0 && people.unreadable.is_empty() {
        return bad("the service user sees nobody", todo);
    }
    let elsewhere = people.employees.iter().filter(|employee| !is_at_work(employee)).count();
    match elsewhere {
        0 if count > SOMEBODY_IS_AWAY => {
            bad(format!("of {count} people that the service user sees, each one is employed and at work"), todo)
        }
        0 => Finding::Good(format!(
            "the service user sees {count} people, each of them employed and at work; if somebody has left or is to \
             begin, look whether `Access data for` still has the condition `Lifecycle status equals Employed`"
        )),
        elsewhere => Finding::Good(format!(
            "the service user sees {count} people, {elsewhere} of them hired, away or no longer employed"
        )),
    }
}

fn is_at_work(employee: &Employee) -> bool {
    let is_inactive = employee.employment == Reading::Is(Employment::Inactive);
    match employee.stage {
        Stage::Hired | Stage::Away | Stage::Terminated => false,
        Stage::Employed => !is_inactive,
        // A stage of the company's own is not `Employed` either; of a hidden one nothing is known.
        Stage::Unsaid => employee.status.value().is_none() && !is_inactive,
    }
}

/// Whether each field comes back with somebody: one that may not be seen is left out without a word.
async fn fields(bob: &Bob, people: &People) -> Result<Vec<Finding>, Fault> {
    let asked = &bob.inner.asked;
    let missing: Vec<usize> = (0..asked.columns.len()).filter(|column| !people.seen[*column]).collect();
    if missing.is_empty() {
        return Ok(vec![Finding::Good(format!("HiBob returns all {} fields that are needed", asked.columns.len()))]);
    }
    let known = match bob.known_fields().await {
        Ok(known) => Some(known),
        Err(fault) => {
            finding(fault)?;
            None
        }
    };
    Ok(missing.into_iter().map(|column| missing_field(asked, column, known.as_ref())).collect())
}

fn missing_field(asked: &Asked, column: usize, known: Option<&Catalogue>) -> Finding {
    let theirs = &*asked.columns[column];
    let ours: Vec<&str> = asked.ours(column).into_iter().filter(|ours| *ours != theirs).collect();
    let called = if ours.is_empty() { String::new() } else { format!(" (our `{}`)", ours.join("`, `")) };
    let exists = ALWAYS.contains(&theirs) || known.is_some_and(|known| known.contains_key(theirs));
    let wrong = format!("correct the name in the rules; otherwise {PERMISSIONS}");
    match (exists, known) {
        (true, _) => bad(format!("HiBob hides `{theirs}`{called} from the service user"), PERMISSIONS),
        (false, Some(_)) => bad(format!("HiBob has no field `{theirs}`{called}"), wrong),
        (false, None) => bad(format!("HiBob does not return `{theirs}`{called}"), wrong),
    }
}

/// What a fault means for whoever sets this up; what passes by itself is no finding.
fn finding(fault: Fault) -> Result<Finding, Fault> {
    let todo = match &fault {
        Fault::RateLimited { .. } | Fault::Unavailable { .. } | Fault::Unsure { .. } => return Err(fault),
        Fault::KeyRefused { .. } => "check `service_user` and its token in HiBob, and wait a few minutes",
        Fault::Rejected { .. } | Fault::NotFound { .. } | Fault::Malformed { .. } => {
            "check `base_url`, and how many fields the rules use"
        }
    };
    Ok(bad(fault.to_string(), todo))
}

fn bad(what: impl Into<String>, todo: impl Into<String>) -> Finding {
    Finding::Fault { what: what.into(), todo: todo.into() }
}
