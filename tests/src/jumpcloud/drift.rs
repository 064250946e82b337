//! Lists that change while somebody pages through them.

use serde_json::Value;

use super::body::Via;
use super::id::Id;
use super::insights::By;
use super::org::Org;
use super::writes::How;

/// What happens between two pages of a list of users.
#[derive(Clone, Debug)]
pub enum Drift {
    /// A new user appears at the end of the order by id.
    Append(Value),
    /// A new user appears before all others: the rest moves one place on, so the next page repeats somebody.
    Prepend(Value),
    /// A user goes (id, e-mail or username): the rest moves one place up, so the next page leaves somebody out.
    Delete(String),
}

impl Org {
    /// Counts a served page and lets happen what was waiting for it.
    pub(super) fn page_served(&mut self) {
        for (left, _) in &mut self.drifts {
            *left -= 1;
        }
        let (due, later) = std::mem::take(&mut self.drifts).into_iter().partition(|(left, _)| *left == 0);
        self.drifts = later;
        let due: Vec<(usize, Drift)> = due;
        for (_, drift) in due {
            self.happen(drift);
        }
    }

    fn happen(&mut self, drift: Drift) {
        let mut how = How::new(Via::Hand, By::Hand, self.switches.default_state);
        match drift {
            Drift::Append(body) => self.add_by_hand(body, &how),
            Drift::Prepend(body) => {
                how.id = self.order.first().copied().map(Id::before);
                self.add_by_hand(body, &how)
            }
            Drift::Delete(who) => {
                let id = self.find(&who).expect("the user to delete between two pages exists").id;
                self.delete_user(id, Some("null"), By::Hand).expect("nothing stops a person from deleting");
                id
            }
        };
    }

    /// A user made in the console; the username comes from the e-mail address where none is given.
    pub(super) fn add_by_hand(&mut self, body: Value, how: &How) -> Id {
        let Value::Object(mut body) = body else { panic!("a user is a JSON object") };
        let local = body.get("email").and_then(Value::as_str).and_then(|email| email.split('@').next());
        let username = local.unwrap_or_default().to_owned();
        body.entry("username").or_insert(Value::String(username));
        self.create_user(&body, how).unwrap_or_else(|refusal| panic!("no such user by hand: {}", refusal.message))
    }
}
