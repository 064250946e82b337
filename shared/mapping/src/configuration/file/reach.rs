//! Where everything is: the home, JumpCloud, and each connection's HR system.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use toml::Spanned;

use super::checker::Checker;
use super::{ConnectionShape, DirectoryShape, FileShape, RegionShape, SourceShape};
use crate::configuration::{
    CONNECTIONS_LIMIT, Configuration, Connection, Directory, Fault, HomeRef, IN_FLIGHT, IN_FLIGHT_LIMIT, Region,
    SourceKind,
};
use crate::employee::ConnectionName;

impl FileShape {
    pub(in crate::configuration) fn check(self, faults: &mut Vec<Fault>) -> Option<Configuration> {
        let mut checker = Checker { faults };
        let queue = self.queue.as_ref().map(|queue| queue.get_ref().as_str());
        let home = match HomeRef::parse(self.store.get_ref(), queue) {
            Ok(home) => Some(home),
            Err((message, help)) => {
                checker.refuse(self.store.span(), message, help);
                None
            }
        };
        let in_flight = checker.number(self.in_flight.as_ref(), "in_flight", 1..=IN_FLIGHT_LIMIT as i64);
        let in_flight = in_flight.map_or(IN_FLIGHT, |n| n as usize);
        let jumpcloud = self.jumpcloud.check(&mut checker);
        if self.connection.is_empty() {
            let help = "add a [[connection]] section: the HR system to read, and its rules";
            checker.refuse(0..0, "there is no connection in this file", help);
        }
        if let Some(first_too_many) = self.connection.get(CONNECTIONS_LIMIT) {
            let message = format!("more than {CONNECTIONS_LIMIT} connections");
            checker.refuse(first_too_many.span(), message, "divide them among several installations");
        }
        let mut names = BTreeSet::new();
        let mut connections = Vec::new();
        for shape in self.connection {
            let span = shape.get_ref().name.span();
            let Some(connection) = shape.into_inner().check(&mut checker) else { continue };
            if !names.insert(connection.name.clone()) {
                let help = "give each connection its own name: it is part of every link";
                checker.refuse(span, format!("the name `{}` is taken", connection.name), help);
            }
            connections.push(connection);
        }
        Some(Configuration { home: home?, in_flight, jumpcloud: jumpcloud?, connections })
    }
}

impl DirectoryShape {
    fn check(self, checker: &mut Checker<'_>) -> Option<Directory> {
        if let Some(org) = &self.org_id
            && (org.get_ref().len() != 24 || !org.get_ref().bytes().all(|b| b.is_ascii_hexdigit()))
        {
            let help = "JumpCloud shows it under Settings > Organization Profile";
            checker.refuse(org.span(), "an organisation id has 24 hexadecimal digits", help);
        }
        let region = match self.region {
            RegionShape::Us => Region::Us,
            RegionShape::Eu => Region::Eu,
            RegionShape::In => Region::In,
        };
        Some(Directory {
            region,
            base_url: checker.url(self.base_url.as_ref()),
            api_key: checker.secret(&self.api_key)?,
            read_key: self.read_key.as_ref().and_then(|key| checker.secret(key)),
            org_id: self.org_id.map(Spanned::into_inner),
        })
    }
}

impl ConnectionShape {
    fn check(self, checker: &mut Checker<'_>) -> Option<Connection> {
        let name = match ConnectionName::parse(self.name.get_ref()) {
            Ok(name) => Some(name),
            Err(error) => {
                checker.refuse(self.name.span(), error.to_string(), "for example: name = \"acme\"");
                None
            }
        };
        let source = match self.source.get_ref() {
            SourceShape::BambooHr => SourceKind::BambooHr,
            SourceShape::Bob => SourceKind::Bob,
        };
        let tenant = self.tenant(source, checker);
        let zone = match TimeZone::get(self.time_zone.get_ref()) {
            Ok(zone) => Some(zone),
            Err(_) => {
                let help = "write an IANA name, for example America/Denver or Europe/London";
                checker.refuse(self.time_zone.span(), "there is no such time zone", help);
                None
            }
        };
        let base_url = checker.url(self.base_url.as_ref());
        let api_key = checker.secret(&self.api_key);
        let webhook_key = self.webhook_key.as_ref().and_then(|key| checker.secret(key));
        let poll = self.poll.as_ref().zip(zone.clone()).and_then(|(poll, zone)| checker.schedule(poll, zone));
        // Rules are checked in any case, so that one look shows every fault.
        let rules = self.rules(name.clone(), source, zone, checker)?;
        Some(Connection {
            name: name?,
            source,
            tenant: tenant?,
            base_url,
            api_key: api_key?,
            webhook_key,
            poll,
            rules: Arc::new(rules),
        })
    }

    /// Whom the key belongs to, which each vendor calls by its own name.
    fn tenant(&self, source: SourceKind, checker: &mut Checker<'_>) -> Option<String> {
        let (ours, others, key, help) = match source {
            SourceKind::BambooHr => {
                let help = "write the sub-domain only: `acme` of https://acme.bamboohr.com";
                (&self.company, &self.service_user, "company", help)
            }
            SourceKind::Bob => {
                let help =
                    "write the service user's id, as HiBob shows it under Settings > Integrations > Service users";
                (&self.service_user, &self.company, "service_user", help)
            }
        };
        if let Some(other) = others {
            let help = format!("remove it; this source has `{key}`");
            checker.refuse(other.span(), "this key is another HR system's", help);
        }
        let Some(tenant) = ours else {
            checker.refuse(self.source.span(), format!("the key `{key}` is missing here"), format!("add it: {help}"));
            return None;
        };
        let text = tenant.get_ref();
        let fits = |b: u8| match source {
            SourceKind::BambooHr => b.is_ascii_alphanumeric() || b == b'-',
            // What is before the colon in HTTP's own kind of login.
            SourceKind::Bob => b.is_ascii_graphic() && b != b':',
        };
        if text.is_empty() || !text.bytes().all(fits) {
            let message = match source {
                SourceKind::BambooHr => "this is not a company's sub-domain",
                SourceKind::Bob => "this is not a service user's id",
            };
            checker.refuse(tenant.span(), message, help);
        }
        Some(text.clone())
    }
}
