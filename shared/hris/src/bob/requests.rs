//! Requests as values.

use http::Method;
use mapping::configuration::Connection;
use mapping::employee::EmployeeId;
use mapping::secret::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use transport::Request;

use crate::address::Address;

/// The most fields of one call; with more HiBob answers 400.
pub(crate) const FIELDS_LIMIT: usize = 400;

/// What stands in a path as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// What is asked of a company.
#[derive(Debug)]
pub(crate) struct Door(Address);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Search<'a> {
    fields: &'a [Box<str>],
    /// Left out for everyone: an empty list is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    filters: Option<[Filter<'a>; 1]>,
    show_inactive: bool,
    human_readable: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Filter<'a> {
    field_path: &'static str,
    operator: &'static str,
    values: &'a [EmployeeId],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One<'a> {
    fields: &'a [Box<str>],
    human_readable: &'static str,
}

/// Machine values, with the names of list items beside them.
const APPEND: &str = "APPEND";

impl Door {
    /// The door of this service user.
    pub(crate) fn new(connection: &Connection, token: &Secret) -> Door {
        let base = connection.base_url.as_deref().unwrap_or("https://api.hibob.com").trim_end_matches('/');
        let base = base.strip_suffix("/v1").unwrap_or(base);
        Door(Address::new(format!("{base}/v1"), &connection.tenant, token.expose()))
    }

    /// `POST /people/search`: everyone, or these few. Without `showInactive` nobody who has left or not begun.
    pub(crate) fn search(&self, columns: &[Box<str>], ids: Option<&[EmployeeId]>) -> http::Result<Request> {
        let filters = ids.map(|values| [Filter { field_path: "root.id", operator: "equals", values }]);
        let search = Search { fields: columns, filters, show_inactive: true, human_readable: APPEND };
        self.0.with(Method::POST, "people/search", &search)
    }

    /// `POST /people/{id}`: whatever the status.
    pub(crate) fn employee(&self, id: &EmployeeId, columns: &[Box<str>]) -> http::Result<Request> {
        self.0.with(Method::POST, &format!("people/{id}"), &One { fields: columns, human_readable: APPEND })
    }

    /// `GET /company/people/fields`
    pub(crate) fn known_fields(&self) -> http::Result<Request> {
        self.0.bare(Method::GET, "company/people/fields")
    }

    /// `GET /company/named-lists/{list}`; also items that nobody may choose any more, which people still have.
    pub(crate) fn list(&self, list: &str) -> http::Result<Request> {
        let list = utf8_percent_encode(list, PATH);
        self.0.bare(Method::GET, &format!("company/named-lists/{list}?includeArchived=true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bob::fixture::connection;
    use crate::fixture::shown;

    fn door(base_url: Option<&str>) -> Door {
        let mut connection = connection("");
        connection.base_url = base_url.map(str::to_owned);
        Door::new(&connection, &Secret::new("t0ken\n"))
    }

    // base64 of `SERVICE-7:t0ken`
    const HEADERS: &str = "accept: application/json\nauthorization: Basic U0VSVklDRS03OnQwa2Vu\n";
    const BASE: &str = "https://api.hibob.com/v1";

    fn fields() -> [Box<str>; 2] {
        ["root.email".into(), "work.title".into()]
    }

    #[test]
    fn everyone() {
        assert_eq!(
            shown(door(None).search(&fields(), None)),
            format!(
                "POST {BASE}/people/search\n{HEADERS}content-type: application/json\n\
                 {{\"fields\":[\"root.email\",\"work.title\"],\"showInactive\":true,\"humanReadable\":\"APPEND\"}}"
            )
        );
    }

    #[test]
    fn these_few_and_one() {
        let id = |text: &str| EmployeeId::parse(text).expect("an id");
        let ids = [id("3332883911884669725"), id("3332883909410030364")];
        assert_eq!(
            shown(door(None).search(&fields(), Some(&ids))),
            format!(
                "POST {BASE}/people/search\n{HEADERS}content-type: application/json\n\
                 {{\"fields\":[\"root.email\",\"work.title\"],\"filters\":[{{\"fieldPath\":\"root.id\",\
                 \"operator\":\"equals\",\"values\":[\"3332883911884669725\",\"3332883909410030364\"]}}],\
                 \"showInactive\":true,\"humanReadable\":\"APPEND\"}}"
            )
        );
        assert_eq!(
            shown(door(None).employee(&ids[0], &fields())),
            format!(
                "POST {BASE}/people/3332883911884669725\n{HEADERS}content-type: application/json\n\
                 {{\"fields\":[\"root.email\",\"work.title\"],\"humanReadable\":\"APPEND\"}}"
            )
        );
    }

    #[test]
    fn no_type_without_a_body() {
        assert_eq!(shown(door(None).known_fields()), format!("GET {BASE}/company/people/fields\n{HEADERS}"));
        assert_eq!(
            shown(door(None).list("Bands & more")),
            format!("GET {BASE}/company/named-lists/Bands%20%26%20more?includeArchived=true\n{HEADERS}")
        );
    }

    #[test]
    fn elsewhere() {
        for base in ["http://127.0.0.1:81", "http://127.0.0.1:81/", "http://127.0.0.1:81/v1"] {
            let request = door(Some(base)).known_fields().expect("a request");
            assert_eq!(request.uri().to_string(), "http://127.0.0.1:81/v1/company/people/fields");
        }
    }

    #[test]
    fn the_token_is_not_shown() {
        let shown = format!("{:?}", door(None));
        assert!(!shown.contains("U0VSV") && !shown.contains("t0ken"), "{shown}");
    }
}
