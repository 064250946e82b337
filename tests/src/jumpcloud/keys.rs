//! Who may come in: API keys, service accounts, and the organisation that a request names.

use std::collections::HashMap;

use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;

use super::answer::{Refusal, refuse};
use super::id::Id;
use super::org::Org;

/// How long a service account's token holds, in seconds.
pub(super) const TOKEN_LIFE: i64 = 3600;

/// The secrets of the organisation's administrators.
#[derive(Debug)]
pub(super) struct Keys {
    /// The full administrator's; none once it is taken away.
    pub(super) admin: Option<String>,
    pub(super) reader: String,
    pub(super) client: (String, String),
    tokens: HashMap<String, Timestamp>,
    made: u32,
}

impl Default for Keys {
    fn default() -> Keys {
        Keys {
            admin: Some("jca_simulated_admin_0".to_owned()),
            reader: "jca_simulated_reader".to_owned(),
            client: ("simulated-client".to_owned(), "simulated-client-secret".to_owned()),
            tokens: HashMap::new(),
            made: 0,
        }
    }
}

impl Keys {
    pub(super) fn rotate(&mut self) -> String {
        self.made += 1;
        let key = format!("jca_simulated_admin_{}", self.made);
        self.admin = Some(key.clone());
        key
    }

    /// A new token for a service account that shows its id and secret by HTTP Basic.
    pub(super) fn token(&mut self, headers: &HeaderMap, now: Timestamp) -> Result<String, Refusal> {
        let shown = header(headers, "authorization").and_then(|text| text.strip_prefix("Basic "));
        let shown = shown.and_then(|text| BASE64.decode(text).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
        if shown != Some(format!("{}:{}", self.client.0, self.client.1)) {
            return Err(refuse(401, "invalid_client"));
        }
        self.made += 1;
        let token = format!("simulated-token-{}", self.made);
        let until = Timestamp::from_second(now.as_second() + TOKEN_LIFE).expect("an hour on");
        self.tokens.insert(token.clone(), until);
        Ok(token)
    }
}

/// What the door says to a request before anything else is looked at, even whether the path exists.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    Pass,
    /// No key at all: a redirect to the login page.
    Login,
    Refused(Refusal),
}

impl Org {
    pub(super) fn admit(&self, method: &Method, path: &str, headers: &HeaderMap) -> Verdict {
        let key = header(headers, "x-api-key");
        let token = header(headers, "authorization").and_then(|text| text.strip_prefix("Bearer "));
        let full = match (key, token) {
            (None, None) => return Verdict::Login,
            (Some(key), _) if Some(key) == self.keys.admin.as_deref() => true,
            (Some(key), _) if key == self.keys.reader => false,
            (None, Some(token)) if self.keys.tokens.get(token).is_some_and(|until| self.now() < *until) => true,
            (Some(_), _) => return Verdict::Refused(refuse(401, "Unauthorized: api key user not found")),
            (None, Some(_)) => return Verdict::Refused(refuse(401, "Unauthorized")),
        };
        if let Err(refusal) = self.right_org(path, headers) {
            return Verdict::Refused(refusal);
        }
        if !full && changes(method.as_str(), path) {
            return Verdict::Refused(refuse(self.switches.read_only_write, "You are not authorized to do this"));
        }
        Verdict::Pass
    }

    fn right_org(&self, path: &str, headers: &HeaderMap) -> Result<(), Refusal> {
        let in_path = path.strip_prefix("/api/organizations/").and_then(|rest| rest.split('/').next());
        let Some(text) = header(headers, "x-org-id") else {
            return if self.switches.multi_tenant { Err(refuse(401, "x-org-id header is required")) } else { Ok(()) };
        };
        match Id::parse(text) {
            None => Err(refuse(400, "Invalid x-org-id header")),
            Some(_) if in_path.is_some_and(|other| other != text) => {
                Err(refuse(400, "x-org-id header and path disagree"))
            }
            Some(id) if id != self.id => Err(refuse(404, "Organization not found")),
            Some(_) => Ok(()),
        }
    }
}

/// Whether a request of this kind could change something: every POST but the searches.
pub(super) fn changes(method: &str, path: &str) -> bool {
    let search = path.starts_with("/api/search/") || path.starts_with("/insights/") || path == "/oauth2/token";
    !matches!(method, "GET" | "HEAD" | "OPTIONS") && !search
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
