//! A simulated JumpCloud organisation: v1 under `/api`, v2 under `/api/v2`, Directory Insights under `/insights`.
//!
//! It keeps state, obeys a [`Clock`], counts every call, and has a switch for each behaviour that nobody outside
//! JumpCloud could confirm ([`Switches`]). Mails are noted instead of sent.

mod answer;
mod body;
mod bulk;
#[cfg(test)]
mod checks;
mod door;
mod drift;
mod dynamic;
mod fields;
mod filter;
mod groups;
mod id;
mod insights;
mod keys;
mod org;
mod pattern;
mod query;
mod snapshot;
mod switches;
mod user;
mod v1;
mod v2;
mod writes;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use self::drift::Drift;
pub use self::insights::{By, Event};
pub use self::switches::{ActionAnswer, Envelope, Missing, Switches, UserState, WrongFilter};

use self::body::Via;
use self::door::World;
use self::id::Id;
use self::org::Org;
use self::user::User;
use self::writes::How;
use crate::clock::Clock;
use crate::server::{Fault, Server, Traffic, Trouble};

/// What a mail from JumpCloud is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// "Set your password": the user had none.
    Activation,
    /// "Welcome": the user had a password already.
    Welcome,
}

/// A mail that JumpCloud would have sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// What it is about.
    pub kind: MailKind,
    /// Its recipient: the override, else the alternate (without a password), else the primary address.
    pub to: String,
    /// The user's id.
    pub user: String,
    /// When.
    pub at: Timestamp,
}

/// A running simulated JumpCloud; it stops when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct JumpCloud {
    inner: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    server: Server,
    traffic: Arc<Traffic>,
    world: Arc<World>,
}

/// `2026-02-12T17:45:42.369Z`, as JumpCloud writes moments.
fn clock_text(at: Timestamp, milliseconds: u32) -> String {
    format!("{}.{milliseconds:03}Z", at.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// How a person in the console changes things.
fn by_hand(org: &Org) -> How {
    How { mails: false, ..How::new(Via::Hand, By::Hand, org.switches.default_state) }
}

/// The id of someone a story names by id, e-mail or username.
fn id_of(org: &Org, who: &str) -> Id {
    org.find(who).unwrap_or_else(|| panic!("JumpCloud has no user {who}")).id
}

/// The id of a group a story names by id or name.
fn group_of(org: &Org, group: &str) -> Id {
    let by_id = Id::parse(group).filter(|id| org.groups.contains_key(id));
    by_id.or_else(|| org.group_named(group).map(|group| group.id)).unwrap_or_else(|| panic!("no group {group}"))
}

impl JumpCloud {
    /// A fresh organisation on a loopback port: no users, and the group "All Users" that JumpCloud makes itself.
    pub async fn start(clock: Clock) -> JumpCloud {
        let world = Arc::new(World::new(Org::new(clock)));
        let traffic = Arc::new(Traffic::default());
        let server = Server::start(door::router(world.clone()), traffic.clone()).await;
        JumpCloud { inner: Arc::new(Running { server, traffic, world }) }
    }

    fn read<T>(&self, look: impl FnOnce(&Org) -> T) -> T {
        look(&self.inner.world.read())
    }

    fn write<T>(&self, change: impl FnOnce(&mut Org) -> T) -> T {
        change(&mut self.inner.world.write())
    }

    /// `http://127.0.0.1:PORT`: the host of all of `/api`, `/api/v2`, `/insights/directory/v1` and `/oauth2/token`.
    pub fn url(&self) -> String {
        self.inner.server.url()
    }

    /// The full administrator's key, for `x-api-key`.
    pub fn api_key(&self) -> String {
        self.read(|org| org.keys.admin.clone().unwrap_or_else(|| "taken-away".to_owned()))
    }

    /// A read-only administrator's key: writes are refused with [`Switches::read_only_write`].
    pub fn read_key(&self) -> String {
        self.read(|org| org.keys.reader.clone())
    }

    /// Id and secret of a service account, for `POST /oauth2/token`.
    pub fn service_account(&self) -> (String, String) {
        self.read(|org| org.keys.client.clone())
    }

    /// The organisation's id, for `x-org-id`.
    pub fn org_id(&self) -> String {
        self.read(|org| org.id.to_string())
    }

    /// What went over the wire, and what shall go wrong there.
    pub fn traffic(&self) -> &Traffic {
        &self.inner.traffic
    }

    /// Sets doubtful behaviours.
    pub fn switch(&self, f: impl FnOnce(&mut Switches)) {
        self.write(|org| f(&mut org.switches));
    }

    /// All users by id, as `GET /systemusers` shows them.
    pub fn users(&self) -> Vec<Value> {
        self.read(|org| org.order.iter().map(|id| org.users[id].to_json()).collect())
    }

    /// One user by id, e-mail or username.
    pub fn user(&self, who: &str) -> Option<Value> {
        self.read(|org| org.find(who).map(User::to_json))
    }

    /// Makes a user as a person in the console does, without a mail, and gives the id. Read-only fields may be set too
    /// (`created`, `activated`, `systemUsername`, ...), the rules for usernames do not hold for old accounts, and the
    /// username defaults to the local part of the e-mail address. Panics where JumpCloud would refuse.
    pub fn add_user(&self, body: Value) -> String {
        self.write(|org| {
            let how = by_hand(org);
            org.add_by_hand(body, &how).to_string()
        })
    }

    /// Changes a user (id, e-mail or username) by hand: merges scalars, replaces arrays, may set read-only fields.
    pub fn edit_user(&self, who: &str, patch: Value) {
        self.write(|org| {
            let Value::Object(patch) = patch else { panic!("a patch is a JSON object") };
            let (id, how) = (id_of(org, who), by_hand(org));
            org.update_user(id, &patch, &how)
                .unwrap_or_else(|refusal| panic!("no such change by hand: {}", refusal.message));
        });
    }

    /// Deletes a user by hand; their reports are left without a manager.
    pub fn delete_user(&self, who: &str) {
        self.write(|org| org.delete_user(id_of(org, who), Some("null"), By::Hand).map(drop))
            .unwrap_or_else(|refusal| panic!("no such deletion by hand: {}", refusal.message));
    }

    /// Suspends a user by hand.
    pub fn suspend_by_hand(&self, who: &str) {
        self.set_state(who, UserState::Suspended);
    }

    /// Activates a user by hand, without a mail.
    pub fn activate_by_hand(&self, who: &str) {
        self.set_state(who, UserState::Activated);
    }

    fn set_state(&self, who: &str, state: UserState) {
        self.write(|org| {
            let (id, how) = (id_of(org, who), by_hand(org));
            org.set_user_state(id, state, &how);
        });
    }

    /// Binds a new device to a user, after which the username cannot be changed any more, and gives the device's id.
    pub fn bind_device(&self, who: &str) -> String {
        self.write(|org| {
            let (user, id) = (id_of(org, who), org.new_id());
            let link = groups::Association { kind: "system".to_owned(), id, attributes: Value::Null };
            org.associations.entry(user).or_default().push(link);
            id.to_string()
        })
    }

    /// Takes a user off every device by hand.
    pub fn unbind_devices(&self, who: &str) {
        self.write(|org| {
            let links = org.associations.entry(id_of(org, who)).or_default();
            links.retain(|link| link.kind != "system");
        });
    }

    /// The ids of the devices that a user is bound to, sorted.
    pub fn devices(&self, who: &str) -> Vec<String> {
        self.read(|org| {
            let links = org.associations.get(&id_of(org, who)).into_iter().flatten();
            let mut ids: Vec<String> =
                links.filter(|link| link.kind == "system").map(|link| link.id.to_string()).collect();
            ids.sort();
            ids
        })
    }

    /// An account of another organisation holds this e-mail address: nobody here can have it.
    pub fn take_email_elsewhere(&self, email: &str) {
        self.write(|org| org.elsewhere.insert(email.to_lowercase()));
    }

    /// Makes `n` users fast, without events: `body` gives each by number, and must have unique e-mail addresses.
    pub fn seed_crowd(&self, n: usize, body: impl Fn(usize) -> Value) -> Vec<String> {
        self.write(|org| {
            let how = How { quiet: true, ..by_hand(org) };
            (0..n).map(|number| org.add_by_hand(body(number), &how).to_string()).collect()
        })
    }

    /// All groups by id, as `GET /v2/usergroups` shows them.
    pub fn groups(&self) -> Vec<Value> {
        self.read(|org| org.groups.values().map(|group| org.group_json(group)).collect())
    }

    /// Makes a static group by hand and gives its id.
    pub fn add_group(&self, name: &str) -> String {
        self.add_group_with(json!({ "name": name }))
    }

    /// Makes a group whose members follow `query` (`{"queryType":"FilterQuery","filters":[...]}`) by themselves.
    pub fn add_dynamic_group(&self, name: &str, query: Value) -> String {
        self.add_group_with(json!({ "name": name, "membershipMethod": "DYNAMIC_AUTOMATED", "memberQuery": query }))
    }

    fn add_group_with(&self, body: Value) -> String {
        let body = body.as_object().expect("an object above");
        let made = self.write(|org| org.create_group(body, By::Hand));
        made.unwrap_or_else(|refusal| panic!("no such group by hand: {}", refusal.message)).to_string()
    }

    /// The id of the first group of this name.
    pub fn group_id(&self, name: &str) -> String {
        self.read(|org| group_of(org, name).to_string())
    }

    /// Deletes a group (id or name) by hand.
    pub fn delete_group(&self, group: &str) {
        self.write(|org| org.delete_group(group_of(org, group), By::Hand).map(drop))
            .unwrap_or_else(|refusal| panic!("no such deletion by hand: {}", refusal.message));
    }

    /// Adds a user (id, e-mail or username) to a group (id or name) by hand; nothing happens to a member.
    pub fn add_member(&self, group: &str, user: &str) {
        self.change_member(group, user, "add");
    }

    /// Takes a user out of a group by hand; nothing happens to someone who is no member.
    pub fn remove_member(&self, group: &str, user: &str) {
        self.change_member(group, user, "remove");
    }

    fn change_member(&self, group: &str, user: &str, op: &str) {
        self.write(|org| {
            let (group, user) = (group_of(org, group), id_of(org, user));
            // A refusal says here that it was so already.
            let _ = org.change_member(group, user, op, By::Hand);
        });
    }

    /// The usernames of a group's (id or name) members, sorted.
    pub fn members(&self, group: &str) -> Vec<String> {
        self.read(|org| {
            let members = org.groups[&group_of(org, group)].members.iter();
            let mut names: Vec<String> = members.map(|id| org.users[id].text("username").to_owned()).collect();
            names.sort();
            names
        })
    }

    /// The names of a user's groups, sorted.
    pub fn groups_of(&self, who: &str) -> Vec<String> {
        self.read(|org| snapshot::group_names(org, &org.users[&id_of(org, who)]))
    }

    /// How many requests since the last traffic reset could have changed something (searches could not).
    pub fn writes(&self) -> u64 {
        let calls = self.inner.traffic.calls();
        let changing = |name: &str| name.split_once(' ').is_some_and(|(method, path)| keys::changes(method, path));
        calls.iter().filter(|(name, _)| changing(name)).map(|(_, count)| count).sum()
    }

    /// The mails that JumpCloud would have sent.
    pub fn mails(&self) -> Vec<Mail> {
        self.read(|org| org.mails.clone())
    }

    /// The Directory Insights events of every write, by whomever.
    pub fn events(&self) -> Vec<Event> {
        self.read(|org| org.events.clone())
    }

    /// The same, without the first so many.
    pub fn events_after(&self, first: usize) -> Vec<Event> {
        self.read(|org| org.events.iter().skip(first).cloned().collect())
    }

    /// Keys in bodies that JumpCloud does not know there, as `POST systemusers.colour`. A good client leaves none.
    pub fn unknown_keys(&self) -> BTreeSet<String> {
        self.read(|org| org.unknown_keys.clone())
    }

    /// The administrator's key stops working: 401 from now on.
    pub fn take_key_away(&self) {
        self.write(|org| org.keys.admin = None);
    }

    /// Gives the administrator a new key; the old one stops working.
    pub fn rotate_key(&self) -> String {
        self.write(|org| org.keys.rotate())
    }

    /// Does what is due by the clock (bulk jobs, scheduled states) and recomputes dynamic groups. What is due is also
    /// done before each request.
    pub fn tick(&self) {
        self.write(|org| {
            org.run_due();
            org.recompute();
        });
    }

    /// After `pages` more pages of a list of users, something happens once: paging by offset then repeats or misses.
    pub fn drift_after(&self, pages: usize, drift: Drift) {
        assert!(pages > 0, "a list drifts after a page");
        self.write(|org| org.drifts.push((pages, drift)));
    }

    /// The next `times` requests get the 403 page of HTML that blocks an address for suspected abuse.
    pub fn block_for_abuse(&self, times: usize) {
        let body = "<html><body>Your IP has been blocked due to suspected abuse</body></html>".to_owned();
        self.fail(times, 403, vec![("content-type", "text/html; charset=utf-8".to_owned())], body);
    }

    /// The next `times` requests get a 429, without `Retry-After`: JumpCloud sends none.
    pub fn too_many_requests(&self, times: usize) {
        let body = json!({ "error": "Too Many Requests", "message": "Too Many Requests" }).to_string();
        self.fail(times, 429, vec![("content-type", "application/json; charset=utf-8".to_owned())], body);
    }

    fn fail(&self, times: usize, status: u16, headers: Vec<(&'static str, String)>, body: String) {
        let trouble = Trouble::Answer { status, headers, body };
        self.inner.traffic.fail(Fault { method: None, path: "/api".to_owned(), after: 0, times, trouble });
    }

    /// All users as text that two end states can be compared by: sorted by e-mail address; no ids, no times.
    pub fn snapshot(&self) -> String {
        self.read(snapshot::text)
    }
}
