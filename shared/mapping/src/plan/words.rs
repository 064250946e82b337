//! A plan in words.

use std::borrow::Cow;
use std::fmt;

use super::{Action, Change, ManagerChange, Plan, StateChange, UsernameChange, Verdict};
use crate::account::{AccountId, DeviceId, Mail};

/// The plan in words: `+` what comes, `~` what changes, `-` what goes, `!` what waits for somebody, `=` nothing.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.username.as_deref().unwrap_or(&self.label);
        match &self.verdict {
            Verdict::Skip(why) => writeln!(f, ". {name} ({}): {why}", self.key)?,
            Verdict::NotYet(until) => writeln!(f, ". {name} ({}): not before {until}", self.key)?,
            Verdict::Hold(why) => writeln!(f, "! {name} ({}): {why}", self.key)?,
            Verdict::Withdraw(why) if self.actions.is_empty() => writeln!(f, ". {name} ({}): {why}", self.key)?,
            Verdict::Proceed if self.actions.is_empty() => writeln!(f, "= {name} ({}): nothing to do", self.key)?,
            Verdict::Proceed | Verdict::Withdraw(_) => {
                let mut first = true;
                for action in &self.actions {
                    self.write_action(f, name, action, first)?;
                    first = false;
                }
            }
        }
        for note in &self.notes {
            writeln!(f, "    ! {note}")?;
        }
        Ok(())
    }
}

impl Plan {
    fn write_action(&self, f: &mut fmt::Formatter<'_>, name: &str, action: &Action, first: bool) -> fmt::Result {
        match action {
            Action::Create { username, state, because, values, manager, mail, password } => {
                writeln!(f, "+ {username} ({}, {}): {state} ({because})", self.label, self.key)?;
                for Change { attribute, to, .. } in values {
                    writeln!(f, "    + {attribute}: {}", shown(to.as_deref()))?;
                }
                if let Some(manager) = manager {
                    writeln!(f, "    + manager: {manager}")?;
                }
                if *password {
                    writeln!(f, "    + the default password (JumpCloud sends no activation mail then)")?;
                }
                mail.as_ref().map_or(Ok(()), |mail| write_mail(f, mail))
            }
            Action::Update { state, username, changes, manager, .. } => {
                match state {
                    Some(StateChange { from, to, because, mail }) => {
                        writeln!(f, "~ {name} ({}): {from} -> {to} ({because})", self.key)?;
                        write_mail(f, mail)?;
                    }
                    None => writeln!(f, "~ {name} ({})", self.key)?,
                }
                if let Some(UsernameChange { from, to, because, .. }) = username {
                    writeln!(f, "    ~ username: {} -> {to} ({because})", shown(Some(from)))?;
                }
                for Change { attribute, from, to, because } in changes {
                    let (from, to) = (shown(from.as_deref()), shown(to.as_deref()));
                    writeln!(f, "    ~ {attribute}: {from} -> {to} (by {because})")?;
                }
                if let Some(ManagerChange { from, to, manager }) = manager {
                    let who = manager.as_ref().map_or(String::new(), |id| format!(" (by HR: manager is {id})"));
                    let (from, to) = (from.as_ref().map(AccountId::as_str), to.as_ref().map(AccountId::as_str));
                    writeln!(f, "    ~ manager: {} -> {}{who}", shown(from), shown(to))?;
                }
                Ok(())
            }
            Action::Join { group, because, create } => {
                self.write_head(f, name, first)?;
                let made = if *create { ", which is made" } else { "" };
                writeln!(f, "    + group {group}{made} (by {because})")
            }
            Action::Leave { group, because } => {
                self.write_head(f, name, first)?;
                writeln!(f, "    - group {group} ({because})")
            }
            Action::Unbind { devices, because } => {
                self.write_head(f, name, first)?;
                let ids: Vec<&str> = devices.iter().map(DeviceId::as_str).collect();
                writeln!(f, "    - devices {} ({because})", ids.join(", "))
            }
            Action::Delete { because, .. } => writeln!(f, "- {name} ({}): deleted ({because})", self.key),
        }
    }

    fn write_head(&self, f: &mut fmt::Formatter<'_>, name: &str, first: bool) -> fmt::Result {
        if first { writeln!(f, "~ {name} ({})", self.key) } else { Ok(()) }
    }
}

fn write_mail(f: &mut fmt::Formatter<'_>, mail: &Mail) -> fmt::Result {
    match mail {
        Mail::Withheld => Ok(()),
        Mail::Sent => writeln!(f, "    + activation mail"),
        Mail::To(address) => writeln!(f, "    + activation mail to {}", shown(Some(address))),
    }
}

/// What others wrote into JumpCloud is not trusted with the reader's terminal.
fn shown(value: Option<&str>) -> Cow<'_, str> {
    match value {
        None => Cow::Borrowed("(empty)"),
        Some(text) if text.contains(char::is_control) => text.replace(char::is_control, " ").into(),
        Some(text) => Cow::Borrowed(text),
    }
}
