//! What happens to people over time: leavers, leave, activation, brakes, and whose midnight it is.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use toml::Spanned;

use super::checker::Checker;
use super::{
    ActivationShape, BrakesShape, DevicesShape, EndsOnShape, LeaveAccountShape, LeaveShape, LeaverAccountShape,
    LeaverGroupsShape, LeaverShape,
};
use crate::account::Mail;
use crate::configuration::{BRAKE_LIMIT, DELETE_DAYS_LIMIT, SourceKind};
use crate::expression::{Kind, Language, normalise};
use crate::rules::{ActivationRule, Brakes, EndsOn, FirstState, LeaveRule, LeaverRule, status_word};

/// So many accounts may lose access in 24 hours because people left the scope, unless the file says otherwise: a
/// department or two that somebody moved by hand, not a whole company by one wrong word in the condition.
const LEAVE_SCOPE_BRAKE: u16 = 5;
/// So many accounts may be deleted in 24 hours unless the file says otherwise: nothing brings one back.
const DELETE_BRAKE: u16 = 5;
/// The longest time off that may be asked not to count, in days.
const LEAVE_DAYS_LIMIT: i64 = 366;

impl LeaverShape {
    pub(super) fn check(self, first_state: FirstState, language: &Language, checker: &mut Checker<'_>) -> LeaverRule {
        let suspend = self.account.as_ref().is_none_or(|a| *a.get_ref() == LeaverAccountShape::Suspend);
        if let Some(account) = &self.account
            && suspend
            && first_state == FirstState::AlwaysActive
        {
            let help = "write account = \"leave\", or another first_state: always-active means leavers too";
            checker.refuse(account.span(), "leavers cannot be suspended and always be active", help);
        }
        if let Some(at) = &self.at
            && (!suspend || first_state == FirstState::AlwaysActive)
        {
            let help =
                "remove `at`, or let leavers be suspended: account = \"suspend\", and first_state not always-active";
            checker.refuse(at.span(), "this is the hour at which access ends, but by these rules it never ends", help);
        }
        let at = self.at.and_then(|at| {
            let time: Option<Time> = at.get_ref().parse().ok();
            if time.is_none() && at.get_ref() != "24:00" {
                checker.refuse(at.span(), "this is not an hour of the day", "for example: \"18:00\" or \"24:00\"");
            }
            time
        });
        if let Some(days) = &self.delete_after_days
            && (!suspend || first_state == FirstState::AlwaysActive)
        {
            let help = "remove `delete_after_days`, or let leavers be suspended: only suspended accounts are deleted";
            checker.refuse(days.span(), "leavers who keep their access cannot be deleted", help);
        }
        let bounds = 1..=DELETE_DAYS_LIMIT;
        let days = checker.number(self.delete_after_days.as_ref(), "delete_after_days", bounds);
        LeaverRule {
            suspend,
            leave_groups: self.groups != Some(LeaverGroupsShape::Keep),
            on: match self.on {
                EndsOnShape::Earliest => EndsOn::Earliest,
                EndsOnShape::LastDay => EndsOn::LastDay,
                EndsOnShape::TerminationDate => EndsOn::TerminationDate,
            },
            at,
            at_once: self.at_once.and_then(|when| checker.expression(&when, Kind::Condition, language)),
            unbind_devices: self.devices == DevicesShape::Remove,
            delete_after_days: days.map(|days| days as u16),
        }
    }
}

impl LeaveShape {
    pub(super) fn check(
        self,
        whole: Range<usize>,
        source: SourceKind,
        suspended_by: FirstState,
        checker: &mut Checker<'_>,
    ) -> LeaveRule {
        let suspend = self.account != Some(LeaveAccountShape::Keep);
        if self.statuses.is_empty() && self.time_off_types.is_empty() {
            let help = "write statuses = [\"Parental leave\"], in HR's own words";
            checker.refuse(whole.clone(), "this leave rule names no leave", help);
        }
        if suspend && suspended_by == FirstState::AlwaysActive {
            let help = "write account = \"keep\", or another first_state: always-active means people on leave too";
            checker.refuse(whole, "people on leave cannot be suspended and always be active", help);
        }
        if let (SourceKind::Bob, Some(kind)) = (source, self.time_off_types.first()) {
            let help = "write its lifecycle statuses as `statuses`; HiBob changes those when somebody goes on leave";
            checker.refuse(kind.span(), "this HR system's time off is not read", help);
        }
        let days = self.time_off_longer_than_days.as_ref();
        let days = checker.number(days, "time_off_longer_than_days", 0..=LEAVE_DAYS_LIMIT);
        LeaveRule {
            statuses: self.statuses.iter().map(|word| status_word(word)).collect(),
            time_off_types: self.time_off_types.iter().map(|kind| status_word(kind.get_ref())).collect(),
            longer_than_days: days.map_or(0, |days| days as u16),
            suspend,
            leave_groups: self.groups != Some(LeaverGroupsShape::Keep),
        }
    }
}

impl ActivationShape {
    pub(super) fn check(&self, first_state: FirstState, checker: &mut Checker<'_>) -> ActivationRule {
        let mail = self.mail.as_ref().map(|mail| match mail.get_ref().as_str() {
            "send" => Mail::Sent,
            "withhold" => Mail::Withheld,
            address if address.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.')) => {
                Mail::To(address.into())
            }
            _ => {
                let help = "write \"send\", \"withhold\", or the one address that all of these mails go to";
                checker.refuse(mail.span(), "this does not say where the activation mail goes", help);
                Mail::Withheld
            }
        });
        if let Some(place) = &self.mail
            && mail != Some(Mail::Withheld)
        {
            match first_state {
                FirstState::Staged | FirstState::StagedUntilStart | FirstState::Active | FirstState::AlwaysActive => {}
                FirstState::SuspendedUntilStart | FirstState::AlwaysSuspended | FirstState::AsHrSays => {
                    let help = "write first_state = \"staged-until-start\": JumpCloud sends the mail when a staged account \
                                becomes active, never when a suspended one does";
                    checker.refuse(place.span(), "with this first_state no activation mail is ever sent", help);
                }
            }
            if let Some(password) = &self.default_password {
                let help = "keep one of the two: a default password completes the registration, and JumpCloud then sends no \
                            activation mail by which people could choose their own";
                checker.refuse(password.span(), "a default password stops the activation mail", help);
            }
        }
        ActivationRule {
            mail,
            default_password: self.default_password.as_ref().and_then(|place| checker.secret(place)),
        }
    }
}

impl BrakesShape {
    pub(super) fn check(self, checker: &mut Checker<'_>) -> Brakes {
        let mut limit = |given: Option<Spanned<i64>>, what, otherwise| {
            checker.number(given.as_ref(), what, 0..=BRAKE_LIMIT).map_or(otherwise, |people| people as u16)
        };
        Brakes {
            leave_scope: limit(self.leave_scope, "leave_scope", LEAVE_SCOPE_BRAKE),
            delete: limit(self.delete, "delete", DELETE_BRAKE),
            offboard: limit(self.offboard, "offboard", 0),
        }
    }
}

/// Zones by site.
pub(super) fn zones(
    table: BTreeMap<Spanned<String>, Spanned<String>>,
    checker: &mut Checker<'_>,
) -> BTreeMap<String, TimeZone> {
    let mut zones = BTreeMap::new();
    for (site, name) in table {
        match TimeZone::get(name.get_ref()) {
            Ok(zone) => {
                if zones.insert(normalise(site.get_ref()), zone).is_some() {
                    let help = "case and spaces do not count in a site's name; keep one of the two lines";
                    checker.refuse(site.span(), "this site says the same as an earlier one", help);
                }
            }
            Err(_) => {
                let help = "write an IANA name, for example Pacific/Kiritimati or Europe/London";
                checker.refuse(name.span(), "there is no such time zone", help);
            }
        }
    }
    zones
}
