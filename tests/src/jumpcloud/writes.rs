//! The rules by which users are made, changed, moved between states and deleted.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{Refusal, refuse};
use super::body::{Reader, Via};
use super::clock_text;
use super::id::Id;
use super::insights::By;
use super::org::Org;
use super::switches::UserState;
use super::user::{Patch, User};
use super::{Mail, MailKind};

/// By whom and how a user is made or changed.
#[derive(Clone, Debug)]
pub(super) struct How {
    pub(super) via: Via,
    pub(super) by: By,
    /// Whether a mail may go out.
    pub(super) mails: bool,
    /// Whether it leaves no event and no mail: the past, as a story finds it.
    pub(super) quiet: bool,
    /// The id of a new user; a fresh one where `None`.
    pub(super) id: Option<Id>,
    /// The state of a new user who is given none.
    pub(super) state: UserState,
    /// `creationSource`, for bulk creation.
    pub(super) source: Option<String>,
}

impl How {
    pub(super) fn new(via: Via, by: By, state: UserState) -> How {
        How { via, by, mails: true, quiet: false, id: None, state, source: None }
    }
}

impl Org {
    pub(super) fn create_user(&mut self, body: &Map<String, Value>, how: &How) -> Result<Id, Refusal> {
        let mut patch = self.read_body(how.via, body)?;
        for name in ["username", "email"] {
            if !patch.contains_key(name) {
                return Err(refuse(400, format!("\"{name}\" is required")));
            }
        }
        let state = wanted_state(&patch, None)?.unwrap_or(how.state);
        self.check_unique(&patch, None)?;
        self.check_manager(&patch)?;

        let now = self.now();
        let id = how.id.unwrap_or_else(|| self.ids.next(now));
        let uid = self.next_uid;
        self.next_uid += 1;
        patch.entry("unix_uid").or_insert(json!(uid));
        patch.entry("unix_guid").or_insert(json!(uid));
        patch.entry("created").or_insert(json!(clock_text(now, self.ids.milliseconds())));
        if let Some(source) = &how.source {
            patch.insert("creationSource", json!(source));
        }
        set_state(&mut patch, state);
        let registered = patch.contains_key("password_date");
        let mut user = User::new(id);
        user.apply(patch);
        if !how.quiet {
            self.log_user("user_create", how.by, &user, Vec::new());
        }
        // A password given at creation completes the registration: no mail then.
        let mails = self.switches.creation_mails && how.mails && !how.quiet && !registered;
        let mail = state == UserState::Activated && mails;
        self.keep(user);
        if mail {
            self.mail(id, None);
        }
        self.join_all_users(id);
        self.recompute_after(id);
        Ok(id)
    }

    /// Merges scalars and replaces arrays whole.
    pub(super) fn update_user(&mut self, id: Id, body: &Map<String, Value>, how: &How) -> Result<(), Refusal> {
        let mut patch = self.read_body(how.via, body)?;
        let user = self.users.get(&id).ok_or_else(unknown_user)?;
        let before = user.state();
        let state = wanted_state(&patch, Some(before))?.unwrap_or(before);
        if how.via == Via::Put {
            self.check_put(user, &patch, before, state)?;
        }
        self.check_unique(&patch, Some(user))?;
        self.check_manager(&patch)?;
        set_state(&mut patch, state);
        let password = patch.contains_key("password_date");
        let unlocked = patch.get("account_locked") == Some(&Value::Bool(false)) && user.flag("account_locked");
        if unlocked {
            patch.insert("account_locked_date", Value::Null);
        }
        self.write(id, patch, "user_update", how);
        if password {
            self.note(id, "user_password_set", how);
        }
        if unlocked {
            self.note(id, "user_unlocked", how);
        }
        self.note_state(id, before, state, how);
        let by_put = before == UserState::Staged && state == UserState::Activated && how.via == Via::Put;
        if by_put && how.mails && self.switches.put_activation_mails {
            self.mail(id, None);
        }
        Ok(())
    }

    /// A manager is not deleted before somebody says what becomes of the reports (`cascade_manager`).
    pub(super) fn delete_user(&mut self, id: Id, cascade: Option<&str>, by: By) -> Result<User, Refusal> {
        if !self.users.contains_key(&id) {
            return Err(unknown_user());
        }
        let reports: Vec<Id> = self.reports.get(&id).into_iter().flatten().copied().filter(|r| *r != id).collect();
        let heir = match cascade {
            None if !reports.is_empty() => {
                return Err(refuse(409, "User is a manager of other users; cascade_manager is required"));
            }
            None | Some("null") => Value::Null,
            Some(heir) => match Id::parse(heir).filter(|heir| *heir != id && self.users.contains_key(heir)) {
                Some(heir) => json!(heir),
                None => return Err(refuse(400, "Invalid cascade_manager")),
            },
        };
        let how = How::new(Via::Put, by, self.switches.default_state);
        for report in reports {
            self.write(report, Patch::from([("manager", heir.clone())]), "user_update", &how);
        }
        let user = self.users.remove(&id).expect("looked up above");
        self.unindex(&user);
        self.reports.remove(&id);
        self.version += 1;
        if let Ok(at) = self.order.binary_search(&id) {
            self.order.remove(at);
        }
        self.forget_member(&user);
        self.scheduled.retain(|_, job| job.user != id);
        self.log_user("user_delete", by, &user, Vec::new());
        Ok(user)
    }

    /// The documented way out of STAGED, with its mail.
    pub(super) fn activate(&mut self, id: Id, mail: Activation, how: &How) -> Result<(), Refusal> {
        let before = self.users.get(&id).ok_or_else(unknown_user)?.state();
        match (before, self.switches.activate_again) {
            (UserState::Staged, _) | (_, 200) => {}
            (_, status) => return Err(refuse(status, "User is not in the STAGED state")),
        }
        self.set_user_state(id, UserState::Activated, how);
        if let (UserState::Staged, Activation::Mail(to)) = (before, mail) {
            self.mail(id, to);
        }
        Ok(())
    }

    /// Sets a state whatever it was before.
    pub(super) fn set_user_state(&mut self, id: Id, state: UserState, how: &How) {
        let Some(before) = self.users.get(&id).map(User::state) else { return };
        let mut patch = Patch::new();
        set_state(&mut patch, state);
        self.write(id, patch, "user_update", how);
        self.note_state(id, before, state, how);
    }

    /// Writes values that were checked before.
    pub(super) fn write(&mut self, id: Id, patch: Patch, event: &'static str, how: &How) {
        let mut user = self.users.remove(&id).expect("looked up before");
        self.unindex(&user);
        let changed = user.apply(patch);
        self.index(&user);
        if !how.quiet {
            self.log_user(event, how.by, &user, changed);
        }
        self.users.insert(id, user);
        self.recompute_after(id);
    }

    /// Sends (that is, notes) the mail of an activation: with a password a welcome, without one the link to set it.
    pub(super) fn mail(&mut self, id: Id, to: Option<String>) {
        let user = &self.users[&id];
        let welcome = user.flag("activated");
        let usual = if welcome || user.text("alternateEmail").is_empty() { "email" } else { "alternateEmail" };
        let to = to.unwrap_or_else(|| user.text(usual).to_owned());
        let kind = if welcome { MailKind::Welcome } else { MailKind::Activation };
        self.mails.push(Mail { kind, to, user: id.to_string(), at: self.clock.now() });
        let user = user.clone();
        self.log_user("user_activation_email", By::System, &user, Vec::new());
    }

    fn read_body(&mut self, via: Via, body: &Map<String, Value>) -> Result<Patch, Refusal> {
        let (switches, now) = (self.switches, self.clock.now());
        Reader { via, switches, now, ids: &mut self.ids, unknown: &mut self.unknown_keys }.read(body)
    }

    fn note(&mut self, id: Id, event: &'static str, how: &How) {
        if !how.quiet {
            let user = self.users[&id].clone();
            self.log_user(event, how.by, &user, Vec::new());
        }
    }

    fn note_state(&mut self, id: Id, before: UserState, after: UserState, how: &How) {
        match (before, after) {
            (UserState::Suspended, UserState::Activated) => self.note(id, "user_unsuspended", how),
            (UserState::Staged, UserState::Activated) => self.note(id, "user_activated", how),
            (UserState::Staged | UserState::Activated, UserState::Suspended) => self.note(id, "user_suspended", how),
            (UserState::Staged, UserState::Staged)
            | (UserState::Activated, UserState::Activated | UserState::Staged)
            | (UserState::Suspended, UserState::Suspended | UserState::Staged) => {}
        }
    }

    fn check_put(&self, user: &User, patch: &Patch, from: UserState, to: UserState) -> Result<(), Refusal> {
        match (from, to) {
            (UserState::Staged, UserState::Activated) if !self.switches.staged_put_activates => {
                return Err(refuse(400, "A STAGED user is activated by state/activate"));
            }
            (UserState::Staged, UserState::Suspended) if !self.switches.staged_put_suspends => {
                return Err(refuse(400, "A STAGED user cannot be suspended"));
            }
            _ => {}
        }
        let renamed = patch.get("username").is_some_and(|name| name != user.get("username"));
        let bound = self.associations.get(&user.id).is_some_and(|all| all.iter().any(|a| a.kind == "system"));
        if renamed && bound && self.switches.bound_rename != 200 {
            let text = "The username of a user bound to devices cannot be changed";
            return Err(refuse(self.switches.bound_rename, text));
        }
        if self.switches.restricted_fields_refused
            && let Some(restricted) = user.get("restrictedFields").as_array()
        {
            let mut names = restricted.iter().filter_map(|r| r["field"].as_str());
            if let Some(name) = names.find(|name| patch.get(name).is_some_and(|v| v != user.get(name))) {
                return Err(refuse(400, format!("\"{name}\" is managed by another system")));
            }
        }
        Ok(())
    }

    /// Username (also against local account names), e-mail and employeeIdentifier belong to one user only.
    fn check_unique(&self, patch: &Patch, own: Option<&User>) -> Result<(), Refusal> {
        let other = |id: Id| own.is_none_or(|user| user.id != id);
        let text = |name: &str| patch.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let name_taken = text("username").is_some_and(|name| {
            let mut holders = self.by_username.get(name).iter().chain(self.by_local_name.get(name));
            holders.any(|id| other(*id))
        });
        let email_taken = text("email").is_some_and(|email| {
            let exactly = |id: Id| !self.switches.email_case_matters || self.users[&id].text("email") == email;
            let kept = own.is_some_and(|user| user.text("email") == email);
            let held = self.by_email.get(email).iter().any(|id| other(*id) && exactly(*id));
            held || (!kept && self.elsewhere.contains(&email.to_lowercase()))
        });
        let identifier_taken = text("employeeIdentifier").is_some_and(|identifier| {
            let same = |id: Id| self.users[&id].text("employeeIdentifier") == identifier;
            self.by_identifier.get(identifier).iter().any(|id| other(*id) && same(*id))
        });
        if name_taken || email_taken || identifier_taken {
            return Err(refuse(self.switches.duplicate_user, self.switches.duplicate_user_text));
        }
        Ok(())
    }

    fn check_manager(&self, patch: &Patch) -> Result<(), Refusal> {
        let manager = patch.get("manager").and_then(Value::as_str).and_then(Id::parse);
        match manager {
            Some(id) if self.switches.unknown_manager_refused && !self.users.contains_key(&id) => {
                Err(refuse(400, "Invalid manager"))
            }
            _ => Ok(()),
        }
    }
}

/// Whom `state/activate` mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    /// The usual address, or this one.
    Mail(Option<String>),
    NoMail,
}

impl Activation {
    /// `{}`, `{"email":true}`, `{"email":"x@y"}` or `{"email":false}`.
    pub(super) fn read(body: &Map<String, Value>) -> Result<Activation, Refusal> {
        match body.get("email") {
            None | Some(Value::Bool(true)) => Ok(Activation::Mail(None)),
            Some(Value::Bool(false)) => Ok(Activation::NoMail),
            Some(Value::String(to)) if to.contains('@') => Ok(Activation::Mail(Some(to.clone()))),
            Some(_) => Err(refuse(400, "\"email\" must be an address, true or false")),
        }
    }
}

pub(super) fn unknown_user() -> Refusal {
    refuse(404, "User not found")
}

/// The state that a body asks for by `state`, `suspended` or both, which must not contradict each other.
fn wanted_state(patch: &Patch, before: Option<UserState>) -> Result<Option<UserState>, Refusal> {
    let state = patch.get("state").and_then(Value::as_str).and_then(UserState::parse);
    let suspended = patch.get("suspended").and_then(Value::as_bool);
    match (state, suspended) {
        (Some(UserState::Activated | UserState::Staged), Some(true)) | (Some(UserState::Suspended), Some(false)) => {
            let (state, suspended) = (state.map_or("", UserState::as_str), suspended == Some(true));
            let pair = format!("(state={state} suspended={suspended})");
            Err(refuse(400, format!("Cannot save conflicting state and suspended fields. {pair}")))
        }
        (Some(state), _) => Ok(Some(state)),
        (None, Some(true)) => Ok(Some(UserState::Suspended)),
        (None, Some(false)) if before == Some(UserState::Suspended) => Ok(Some(UserState::Activated)),
        (None, _) => Ok(None),
    }
}

/// `suspended` mirrors `state`.
fn set_state(patch: &mut Patch, state: UserState) {
    patch.insert("state", json!(state.as_str()));
    patch.insert("suspended", json!(state == UserState::Suspended));
}

/// When a text says a moment: RFC 3339, or without a zone as in the vendor's example, then in UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}
