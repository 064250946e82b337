//! A whole file, and what is understood of it.

use mapping::configuration::{Configuration, HomeRef, Region, SecretRef, SourceKind};
use mapping::rules::{DeletedAccount, FirstState, GroupNaming, ManualSuspension, OnRename, UsernameSource};

const WHOLE: &str = r##"
store = "sqlite:/var/lib/hirewire/state.db"
in_flight = 12

[jumpcloud]
region = "eu"
base_url = "http://127.0.0.1:8080/"
api_key = "file:/run/secrets/jumpcloud"
org_id = "65f0c1a2b3d4e5f601020304"

[[connection]]
name = "acme-uk"
source = "bamboohr"
company = "acme"
base_url = "https://api.bamboohr.com/api/gateway.php"
api_key = "env:BAMBOOHR_KEY"
webhook_key = "env:BAMBOOHR_WEBHOOK"
time_zone = "Europe/London"
first_state = "suspended-until-start"
create_days_before_start = 14
manual_suspension = "override"
deleted_account = "recreate"
manager = false
create_groups = false

[connection.scope]
when = 'employmentHistoryStatus != "Volunteer"'
email_domains = ["Acme.example", "acme.co.uk"]
employees = ["7", "42"]

[connection.username]
from = "display-name"
max_length = 20
on_rename = "follow"

[connection.leaver]
account = "suspend"
groups = "keep"
at = "18:00"

[connection.fields]
badge = "4340.4"

[connection.attributes]
displayname = 'first(preferredName, firstName) + " " + lastName'
jobTitle = "jobTitle"
costCenter = 'lookup("cost", department)'
phone.work = "workPhone"
address.work.locality = "locationCity"
custom.badge = "badge"

[connection.lookup.cost]
Engineering = "CC-1"
"People & Culture" = "CC-2"
"*" = "CC-0"

[[connection.group]]
name = "Everyone"

[[connection.group]]
name = "Engineers"
when = 'department == "Engineering"'

[[connection.group]]
name_from = '"Dept " + department'
when = 'department != ""'

[[connection]]
name = "small"
source = "bamboohr"
company = "small"
api_key = "env:SMALL"
time_zone = "America/Denver"
"##;

#[test]
fn a_whole_file() {
    let whole = Configuration::parse(WHOLE).expect("no fault");
    assert_eq!(whole.home, HomeRef::Machine("/var/lib/hirewire/state.db".to_owned()));
    let aws = HomeRef::Aws { tables: "hirewire-dev".to_owned(), queue: "hirewire-dev".to_owned() };
    assert_eq!(HomeRef::parse("dynamodb:hirewire-dev", Some("sqs:hirewire-dev")), Ok(aws));
    assert_eq!(whole.in_flight, 12);
    assert_eq!(whole.jumpcloud.region, Region::Eu);
    assert_eq!(whole.jumpcloud.base_url.as_deref(), Some("http://127.0.0.1:8080"));
    assert_eq!(whole.jumpcloud.api_key, SecretRef::File("/run/secrets/jumpcloud".to_owned()));
    assert_eq!(whole.jumpcloud.org_id.as_deref(), Some("65f0c1a2b3d4e5f601020304"));
    let [acme, small] = &whole.connections[..] else { panic!("two connections") };
    assert_eq!((acme.name.as_str(), acme.source, &*acme.tenant), ("acme-uk", SourceKind::BambooHr, "acme"));
    assert_eq!(acme.base_url.as_deref(), Some("https://api.bamboohr.com/api/gateway.php"));
    assert_eq!(acme.webhook_key, Some(SecretRef::Environment("BAMBOOHR_WEBHOOK".to_owned())));
    let rules = &acme.rules;
    assert_eq!(rules.connection, acme.name);
    assert_eq!(rules.zone.iana_name(), Some("Europe/London"));
    assert_eq!((rules.first_state, rules.create_days_before), (FirstState::SuspendedUntilStart, Some(14)));
    assert_eq!(rules.manual_suspension, ManualSuspension::Override);
    assert_eq!(rules.deleted_account, DeletedAccount::Recreate);
    assert_eq!((rules.manager, rules.create_groups), (false, false));
    assert!(rules.scope.email_domains.contains("acme.example") && rules.scope.employees.len() == 2);
    assert!(matches!(rules.username.source, UsernameSource::DisplayName) && rules.username.max_length == 20);
    assert_eq!((rules.username.on_rename, small.rules.username.on_rename), (OnRename::Follow, OnRename::Keep));
    assert!(rules.leaver.suspend && !rules.leaver.leave_groups);
    assert_eq!(rules.leaver.at.map(|t| t.to_string()).as_deref(), Some("18:00:00"));
    assert_eq!(rules.field_names["badge"], "4340.4");
    let mapped: Vec<String> = rules.attributes.iter().map(|(a, e)| format!("{a} = {}", e.source())).collect();
    assert_eq!(
        mapped,
        [
            "email = workEmail",
            "displayname = first(preferredName, firstName) + \" \" + lastName",
            "jobTitle = jobTitle",
            "costCenter = lookup(\"cost\", department)",
            "phone.work = workPhone",
            "address.work.locality = locationCity",
            "custom.badge = badge",
        ]
    );
    assert!(matches!(rules.groups[2].name, GroupNaming::Computed(_)));
    assert_eq!(rules.fixed_groups().len(), 2);
    let fields: Vec<String> = rules.fields().into_iter().collect();
    assert_eq!(
        fields.join(" "),
        "badge department employmentHistoryStatus firstName jobTitle lastName locationCity preferredName workEmail workPhone"
    );
    let small = &small.rules;
    assert_eq!((small.first_state, small.create_days_before, small.manager), (FirstState::Staged, None, true));
    assert_eq!(small.attributes.len(), 25);
    assert!(small.leaver.suspend && small.leaver.leave_groups && small.leaver.at.is_none() && small.create_groups);
}
