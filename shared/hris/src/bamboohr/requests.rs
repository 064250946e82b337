//! Requests as values.

use http::Method;
use jiff::Timestamp;
use jiff::civil::Date;
use mapping::configuration::Connection;
use mapping::employee::EmployeeId;
use mapping::secret::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use transport::Request;

use crate::address::Address;

/// The most fields of one call; with more the vendor answers 400.
pub(crate) const FIELDS_LIMIT: usize = 400;
/// Locations of one page; the vendor's own default.
pub(crate) const LOCATIONS_PAGE: usize = 500;

/// What stands in a query value as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');
/// The older prefix begins with this file's name.
const GATEWAY: &str = "/gateway.php";

/// Which row of a history (job, status) is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Today's. The only ones that say whether somebody is employed.
    Current,
    /// The last, be it in the future: somebody's status here is not today's.
    Last,
}

impl Rows {
    fn only_current(self) -> bool {
        match self {
            Rows::Current => true,
            Rows::Last => false,
        }
    }
}

/// What is asked of a company.
#[derive(Debug)]
pub(crate) struct Door(Address);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    title: &'static str,
    fields: &'a [Box<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    filters: Option<Filters>,
    filter_duplicates: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Filters {
    employee_ids: Vec<u64>,
}

/// What a webhook of ours is to be.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted<'a> {
    /// For the human eye, and to know it again.
    pub(crate) name: &'a str,
    /// Where to send; `https://` only.
    pub(crate) url: &'a str,
    /// How bodies are written.
    pub(crate) format: &'static str,
    /// Changes of these fields count, by alias or id.
    pub(crate) monitor_fields: &'a [String],
    /// What counts at all; the older family is never mixed in.
    pub(crate) events: &'static [&'static str],
}

impl Door {
    /// The door of this company.
    pub(crate) fn new(connection: &Connection, api_key: &Secret) -> Door {
        let company = &connection.tenant;
        let base = match connection.base_url.as_deref().map(|base| base.trim_end_matches('/')) {
            None => format!("https://{company}.bamboohr.com/api/v1"),
            Some(base) if base.ends_with(GATEWAY) => format!("{base}/{company}/v1"),
            Some(base) => format!("{base}/api/v1"),
        };
        // Sent with the first request: the vendor counts a request without it as a failed one.
        Door(Address::new(base, api_key.expose(), "x"))
    }

    /// `GET /employees/{id}`
    pub(crate) fn employee(&self, id: &EmployeeId, columns: &[Box<str>], rows: Rows) -> http::Result<Request> {
        let fields: Vec<String> = columns.iter().map(|column| encode(column)).collect();
        self.get(&format!("employees/{id}?fields={}&onlyCurrent={}", fields.join(","), rows.only_current()))
    }

    /// `GET /employees/0`: who the key is.
    pub(crate) fn myself(&self) -> http::Result<Request> {
        self.get("employees/0?fields=id")
    }

    /// `POST /reports/custom`: everyone, or these few.
    pub(crate) fn report(&self, columns: &[Box<str>], rows: Rows, ids: Option<&[EmployeeId]>) -> http::Result<Request> {
        let filters = ids.map(|ids| Filters {
            // Numbers on the wire, as documented; ids of this vendor are numbers.
            employee_ids: ids.iter().filter_map(|id| id.as_str().parse().ok()).collect(),
        });
        // One row for each person; `no` would be one for each row of their history.
        let report = Report { title: "hirewire", fields: columns, filters, filter_duplicates: "yes" };
        let path = format!("reports/custom?format=JSON&onlyCurrent={}", rows.only_current());
        self.0.with(Method::POST, &path, &report)
    }

    /// `GET /employees/changed`
    pub(crate) fn changed(&self, since: Timestamp) -> http::Result<Request> {
        // `Z`, not an offset: a `+` in a query is a space.
        self.get(&format!("employees/changed?since={}", encode(&since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())))
    }

    /// `GET /time_off/requests`: everybody's that is approved and falls into these days, of these kinds or of any.
    pub(crate) fn time_off(&self, from: Date, through: Date, kinds: &[String]) -> http::Result<Request> {
        let kinds = if kinds.is_empty() { String::new() } else { format!("&type={}", kinds.join(",")) };
        self.get(&format!("time_off/requests?start={from}&end={through}&status=approved{kinds}"))
    }

    /// The same of one person, of any kind.
    pub(crate) fn time_off_of(&self, from: Date, through: Date, id: &EmployeeId) -> http::Result<Request> {
        let id = encode(id.as_str());
        self.get(&format!("time_off/requests?start={from}&end={through}&status=approved&employeeId={id}"))
    }

    /// `GET /meta/time_off/types`
    pub(crate) fn time_off_types(&self) -> http::Result<Request> {
        self.get("meta/time_off/types")
    }

    /// `GET /hris/org/locations`
    pub(crate) fn locations(&self, page: usize) -> http::Result<Request> {
        self.get(&format!("hris/org/locations?expand=state,country&pageSize={LOCATIONS_PAGE}&page={page}"))
    }

    /// `GET /meta/fields`
    pub(crate) fn known_fields(&self) -> http::Result<Request> {
        self.get("meta/fields")
    }

    /// `GET /webhooks`: those of the key's user.
    pub(crate) fn webhooks(&self) -> http::Result<Request> {
        self.get("webhooks")
    }

    /// `GET /webhooks/monitor_fields`
    pub(crate) fn monitor_fields(&self) -> http::Result<Request> {
        self.get("webhooks/monitor_fields")
    }

    /// `GET /webhooks/{id}`
    pub(crate) fn webhook(&self, id: &str) -> http::Result<Request> {
        self.get(&format!("webhooks/{}", encode(id)))
    }

    /// `GET /webhooks/{id}/log`: deliveries of the last two weeks.
    pub(crate) fn deliveries(&self, id: &str) -> http::Result<Request> {
        self.get(&format!("webhooks/{}/log", encode(id)))
    }

    /// `POST /webhooks`: the answer has the private key, this once.
    pub(crate) fn subscribe(&self, wanted: &Wanted<'_>) -> http::Result<Request> {
        self.0.with(Method::POST, "webhooks", wanted)
    }

    /// `PUT /webhooks/{id}`: all of it anew; the private key stays.
    pub(crate) fn resubscribe(&self, id: &str, wanted: &Wanted<'_>) -> http::Result<Request> {
        self.0.with(Method::PUT, &format!("webhooks/{}", encode(id)), wanted)
    }

    /// `DELETE /webhooks/{id}`
    pub(crate) fn unsubscribe(&self, id: &str) -> http::Result<Request> {
        self.0.bare(Method::DELETE, &format!("webhooks/{}", encode(id)))
    }

    fn get(&self, path: &str) -> http::Result<Request> {
        self.0.bare(Method::GET, path)
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bamboohr::fixture::connection;
    use crate::fixture::shown;

    fn door(base_url: Option<&str>) -> Door {
        let mut connection = connection("");
        connection.base_url = base_url.map(str::to_owned);
        Door::new(&connection, &Secret::new("k3y\n"))
    }

    fn names(names: &[&str]) -> Vec<Box<str>> {
        names.iter().map(|name| Box::from(*name)).collect()
    }

    fn id(text: &str) -> EmployeeId {
        EmployeeId::parse(text).expect("an id")
    }

    // base64 of `k3y:x`
    const HEADERS: &str = "accept: application/json\nauthorization: Basic azN5Ong=\n";

    #[test]
    fn one_employee() {
        let fields = names(&["4340.4", "custom Ü&=", "firstName"]);
        assert_eq!(
            shown(door(None).employee(&id("12"), &fields, Rows::Current)),
            format!(
                "GET https://acme.bamboohr.com/api/v1/employees/12?fields=4340.4,custom%20%C3%9C%26%3D,firstName\
                 &onlyCurrent=true\n{HEADERS}"
            )
        );
        assert_eq!(
            shown(door(None).employee(&id("12"), &names(&["status"]), Rows::Last)),
            format!("GET https://acme.bamboohr.com/api/v1/employees/12?fields=status&onlyCurrent=false\n{HEADERS}")
        );
    }

    #[test]
    fn everyone() {
        assert_eq!(
            shown(door(None).report(&names(&["status", "4340.4"]), Rows::Current, None)),
            format!(
                "POST https://acme.bamboohr.com/api/v1/reports/custom?format=JSON&onlyCurrent=true\n{HEADERS}\
                 content-type: application/json\n\
                 {{\"title\":\"hirewire\",\"fields\":[\"status\",\"4340.4\"],\"filterDuplicates\":\"yes\"}}"
            )
        );
    }

    #[test]
    fn these_few() {
        let ids = [id("4"), id("5")];
        assert_eq!(
            shown(door(None).report(&names(&["status"]), Rows::Last, Some(&ids))),
            format!(
                "POST https://acme.bamboohr.com/api/v1/reports/custom?format=JSON&onlyCurrent=false\n{HEADERS}\
                 content-type: application/json\n\
                 {{\"title\":\"hirewire\",\"fields\":[\"status\"],\"filters\":{{\"employeeIds\":[4,5]}},\
                 \"filterDuplicates\":\"yes\"}}"
            )
        );
    }

    #[test]
    fn who_changed() {
        let since = "2026-01-31T01:00:00.987+01:00".parse().expect("a stamp");
        assert_eq!(
            shown(door(None).changed(since)),
            format!("GET https://acme.bamboohr.com/api/v1/employees/changed?since=2026-01-31T00:00:00Z\n{HEADERS}")
        );
    }

    #[test]
    fn time_off_of_everybody_and_of_one() {
        let base = "https://acme.bamboohr.com/api/v1";
        let date = |text: &str| text.parse().expect("a date");
        let (from, through) = (date("2026-02-28"), date("2027-04-05"));
        let everybody = format!("{base}/time_off/requests?start=2026-02-28&end=2027-04-05&status=approved");
        assert_eq!(shown(door(None).time_off(from, through, &[])), format!("GET {everybody}\n{HEADERS}"));
        let kinds = ["71".to_owned(), "73".to_owned()];
        let some = shown(door(None).time_off(from, through, &kinds));
        assert_eq!(some, format!("GET {everybody}&type=71,73\n{HEADERS}"));
        let one = EmployeeId::parse("12").expect("an id");
        let asked = shown(door(None).time_off_of(from, through, &one));
        assert_eq!(asked, format!("GET {everybody}&employeeId=12\n{HEADERS}"));
        assert_eq!(shown(door(None).time_off_types()), format!("GET {base}/meta/time_off/types\n{HEADERS}"));
    }

    #[test]
    fn locations_and_metadata() {
        let base = "https://acme.bamboohr.com/api/v1";
        assert_eq!(
            shown(door(None).locations(1)),
            format!("GET {base}/hris/org/locations?expand=state,country&pageSize=500&page=1\n{HEADERS}")
        );
        assert_eq!(shown(door(None).known_fields()), format!("GET {base}/meta/fields\n{HEADERS}"));
        assert_eq!(shown(door(None).myself()), format!("GET {base}/employees/0?fields=id\n{HEADERS}"));
    }

    #[test]
    fn webhooks() {
        let base = "https://acme.bamboohr.com/api/v1/webhooks";
        assert_eq!(shown(door(None).webhooks()), format!("GET {base}\n{HEADERS}"));
        assert_eq!(shown(door(None).monitor_fields()), format!("GET {base}/monitor_fields\n{HEADERS}"));
        assert_eq!(shown(door(None).webhook("4")), format!("GET {base}/4\n{HEADERS}"));
        assert_eq!(shown(door(None).deliveries("4")), format!("GET {base}/4/log\n{HEADERS}"));
        assert_eq!(shown(door(None).unsubscribe("../4")), format!("DELETE {base}/..%2F4\n{HEADERS}"));
        let fields = ["status".to_owned(), "4340.4".to_owned()];
        let wanted = Wanted {
            name: "Hirewire acme",
            url: "https://door.example/webhook/acme",
            format: "json",
            monitor_fields: &fields,
            events: &["employee.created", "employee.updated"],
        };
        let body = r#"{"name":"Hirewire acme","url":"https://door.example/webhook/acme","format":"json","monitorFields":["status","4340.4"],"events":["employee.created","employee.updated"]}"#;
        let sent = format!("{HEADERS}content-type: application/json\n{body}");
        assert_eq!(shown(door(None).subscribe(&wanted)), format!("POST {base}\n{sent}"));
        assert_eq!(shown(door(None).resubscribe("4", &wanted)), format!("PUT {base}/4\n{sent}"));
    }

    #[test]
    fn both_prefixes() {
        let uri = |base| door(Some(base)).known_fields().expect("a request").uri().to_string();
        assert_eq!(uri("http://127.0.0.1:81"), "http://127.0.0.1:81/api/v1/meta/fields");
        assert_eq!(
            uri("https://api.bamboohr.com/api/gateway.php"),
            "https://api.bamboohr.com/api/gateway.php/acme/v1/meta/fields"
        );
        assert_eq!(uri("http://127.0.0.1:81/gateway.php/"), "http://127.0.0.1:81/gateway.php/acme/v1/meta/fields");
    }

    #[test]
    fn the_key_is_not_shown() {
        let shown = format!("{:?}", door(None));
        assert!(!shown.contains("azN5Ong") && !shown.contains("k3y"), "{shown}");
    }
}
