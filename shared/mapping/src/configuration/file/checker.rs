//! What any part of the file may hold: keys' places, addresses, numbers, schedules, expressions.

use std::ops::{Range, RangeInclusive};

use jiff::tz::TimeZone;
use toml::Spanned;

use crate::configuration::{Fault, SecretRef, fault};
use crate::expression::{Expression, Kind, Language};
use crate::schedule::Schedule;

const TEXT_HELP: &str = "write an HR field's name, or a CEL expression over such names that gives a text: \
                         first(preferredName, firstName) + \" \" + lastName";

/// Takes a part of the file, noting what is wrong with it.
pub(super) struct Checker<'f> {
    pub(super) faults: &'f mut Vec<Fault>,
}

impl Checker<'_> {
    pub(super) fn refuse(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(fault(span, message, help));
    }

    pub(super) fn secret(&mut self, text: &Spanned<String>) -> Option<SecretRef> {
        match text.get_ref().split_once(':') {
            Some(("env", name)) if !name.is_empty() => Some(SecretRef::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Some(SecretRef::File(path.to_owned())),
            Some(("secret", name)) if !name.is_empty() => Some(SecretRef::Manager(name.to_owned())),
            _ => {
                let help = "write env:NAME, file:PATH or secret:NAME; keys themselves do not belong in this file";
                self.refuse(text.span(), "this does not say where the key is kept", help);
                None
            }
        }
    }

    pub(super) fn schedule(&mut self, text: &Spanned<String>, zone: TimeZone) -> Option<Schedule> {
        match Schedule::parse(text.get_ref(), zone) {
            Ok(schedule) => Some(schedule),
            Err(message) => {
                let help = "write cron's five fields, in this connection's time zone: \"* * * * *\" is each minute, \
                            \"15 * * * *\" a quarter past each hour, \"0 6-20 * * 1-5\" hourly on working days";
                self.refuse(text.span(), format!("this is not a schedule: {message}"), help);
                None
            }
        }
    }

    pub(super) fn url(&mut self, text: Option<&Spanned<String>>) -> Option<String> {
        let text = text?;
        let url = text.get_ref().trim_end_matches('/');
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let authority = rest.split('/').next().unwrap_or_default();
        if scheme.is_empty()
            || authority.is_empty()
            || url.contains(|c: char| c.is_whitespace() || matches!(c, '@' | '?' | '#'))
        {
            let help =
                "write scheme and host, for example \"https://console.jumpcloud.com\", without user, query or spaces";
            self.refuse(text.span(), "this is not a base URL", help);
        } else if scheme != "https" && !(scheme == "http" && is_this_machine(authority)) {
            let help = "start it with https:// (http:// is for this machine only: keys travel in every request)";
            self.refuse(text.span(), "this base URL is not safe to send a key to", help);
        }
        Some(url.to_owned())
    }

    /// A number within bounds, or the fault that it is not.
    pub(super) fn number(
        &mut self,
        given: Option<&Spanned<i64>>,
        what: &str,
        bounds: RangeInclusive<i64>,
    ) -> Option<i64> {
        let number = given?;
        if bounds.contains(number.get_ref()) {
            return Some(*number.get_ref());
        }
        let help = format!("write a number from {} to {}", bounds.start(), bounds.end());
        self.refuse(number.span(), format!("{} is out of range for {what}", number.get_ref()), help);
        None
    }

    pub(super) fn expression(&mut self, text: &Spanned<String>, kind: Kind, language: &Language) -> Option<Expression> {
        let help = match kind {
            Kind::Text => TEXT_HELP,
            Kind::Condition => {
                "write a CEL expression over HR fields that is true or false: \
                 department == \"Sales\" && location in [\"Leeds\", \"York\"]"
            }
        };
        self.expression_or(text, kind, language, help)
    }

    pub(super) fn expression_or(
        &mut self,
        text: &Spanned<String>,
        kind: Kind,
        language: &Language,
        help: &str,
    ) -> Option<Expression> {
        match Expression::parse(text.get_ref(), kind, language) {
            Ok(expression) => Some(expression),
            Err(message) => {
                self.refuse(text.span(), message, help);
                None
            }
        }
    }
}

fn is_this_machine(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}
