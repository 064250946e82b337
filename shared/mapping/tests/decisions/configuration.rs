//! hirewire.toml: what is refused, where, and in which words.

use mapping::configuration::{CONNECTIONS_LIMIT, Configuration, FILE_LIMIT, HomeRef, Region, SecretRef, SourceKind};
use mapping::rules::{DeletedAccount, FirstState, GroupNaming, ManualSuspension, UsernameSource};

use crate::people::file;

/// The faults of a file: the text at the place, what is wrong, what to do.
fn faults(text: &str) -> String {
    let faults = match Configuration::parse(text) {
        Ok(_) => return "no fault".to_owned(),
        Err(faults) => faults,
    };
    let lines = faults.into_iter().map(|f| format!("[{}] {} | {}", &text[f.span], f.message, f.help));
    lines.collect::<Vec<_>>().join("\n")
}

/// What is said when the smallest file has `changed` where it had `line`.
#[test]
fn faults_of_the_file_and_of_how_to_reach_the_vendors() {
    for (line, changed, said) in [
        (
            r#"store = "sqlite:hirewire.db""#,
            "store = \"dynamodb:hirewire-dev\"",
            r#"["dynamodb:hirewire-dev"] a store on AWS needs a queue on AWS | write queue = "sqs:NAME" beside it; `sam deploy` prints both lines"#,
        ),
        (
            r#"store = "sqlite:hirewire.db""#,
            "store = \"sqlite:hirewire.db\"\nqueue = \"sqs:hirewire-dev\"",
            r#"["sqlite:hirewire.db"] a file of one machine is its own queue | remove `queue`, or write store = "dynamodb:NAME""#,
        ),
        (
            r#"store = "sqlite:hirewire.db""#,
            "store = \"dynamodb:hire wire\"\nqueue = \"sqs:hirewire-dev\"",
            r#"["dynamodb:hire wire"] this store is not known | write sqlite:PATH, or dynamodb:NAME with queue = "sqs:NAME""#,
        ),
        (
            r#"store = "sqlite:hirewire.db""#,
            r#"store = "postgres:x""#,
            r#"["postgres:x"] this store is not known | write sqlite:PATH, or dynamodb:NAME with queue = "sqs:NAME""#,
        ),
        (
            r#"store = "sqlite:hirewire.db""#,
            r#"stroe = "sqlite:x""#,
            r#"[stroe] there is no key `stroe` here | remove it, or correct it to one of store, queue, in_flight, jumpcloud, connection"#,
        ),
        (
            r#"store = "sqlite:hirewire.db"
"#,
            r#""#,
            r#"[] the key `store` is missing here | add it; README shows a whole file, with every key and its type"#,
        ),
        (
            r#"store = "sqlite:hirewire.db""#,
            r#"store = 5"#,
            r#"[5] integer `5` is of the wrong type | write a text between quotes"#,
        ),
        (
            r#"store = "sqlite:hirewire.db""#,
            r#"store = "sqlite:hirewire.db"#,
            r#"[] invalid basic string, expected `"` | README shows a whole file, with every key and its type"#,
        ),
        (
            r#"store = "sqlite:hirewire.db""#,
            r#"store = "sqlite:hirewire.db"
in_flight = 0"#,
            r#"[0] 0 is out of range for in_flight | write a number from 1 to 64"#,
        ),
        (
            r#"store = "sqlite:hirewire.db""#,
            r#"store = "sqlite:hirewire.db"
in_flight = -1"#,
            r#"[-1] -1 is out of range for in_flight | write a number from 1 to 64"#,
        ),
        (
            r#"store = "sqlite:hirewire.db""#,
            r#"store = "sqlite:hirewire.db"
in_flight = "8""#,
            r#"["8"] string "8" is of the wrong type | write a whole number, without quotes"#,
        ),
        (
            r#"[jumpcloud]"#,
            r#"[jumpcloud]
region = "fr""#,
            r#"["fr"] there is no choice `fr` here | choose one of us, eu, in"#,
        ),
        (
            r#"[jumpcloud]"#,
            r#"[jumpcloud]
regoin = "eu""#,
            r#"[regoin] there is no key `regoin` here | remove it, or correct it to one of region, base_url, api_key, read_key, org_id"#,
        ),
        (
            r#"[jumpcloud]"#,
            r#"[jumpcloud]
org_id = "12""#,
            r#"["12"] an organisation id has 24 hexadecimal digits | JumpCloud shows it under Settings > Organization Profile"#,
        ),
        (
            r#"[jumpcloud]"#,
            r#"[jumpcloud]
base_url = "http://console.jumpcloud.com""#,
            r#"["http://console.jumpcloud.com"] this base URL is not safe to send a key to | start it with https:// (http:// is for this machine only: keys travel in every request)"#,
        ),
        (
            r#"[jumpcloud]"#,
            r#"[jumpcloud]
base_url = "http://localhost.evil.example""#,
            r#"["http://localhost.evil.example"] this base URL is not safe to send a key to | start it with https:// (http:// is for this machine only: keys travel in every request)"#,
        ),
        (
            r#"[jumpcloud]"#,
            r#"[jumpcloud]
base_url = "http://localhost@evil.example""#,
            r#"["http://localhost@evil.example"] this is not a base URL | write scheme and host, for example "https://console.jumpcloud.com", without user, query or spaces"#,
        ),
        (
            r#"[jumpcloud]"#,
            r#"[jumpcloud]
base_url = "console.jumpcloud.com""#,
            r#"["console.jumpcloud.com"] this is not a base URL | write scheme and host, for example "https://console.jumpcloud.com", without user, query or spaces"#,
        ),
        (
            r#"api_key = "env:JUMPCLOUD_KEY""#,
            r#"api_key = "0123456789abcdef""#,
            r#"["0123456789abcdef"] this does not say where the key is kept | write env:NAME, file:PATH or secret:NAME; keys themselves do not belong in this file"#,
        ),
        (
            r#"api_key = "env:JUMPCLOUD_KEY"
"#,
            r#""#,
            r#"[[jumpcloud]] the key `api_key` is missing here | add it; README shows a whole file, with every key and its type"#,
        ),
        (
            r#"name = "acme""#,
            r#"name = "Acme Ltd""#,
            r#"["Acme Ltd"] a connection name must be 1 to 32 characters of a-z, 0-9 and '-' | for example: name = "acme""#,
        ),
        (
            r#"name = "acme"
"#,
            r#""#,
            r#"[[[connection]]] the key `name` is missing here | add it; README shows a whole file, with every key and its type"#,
        ),
        (
            r#"source = "bamboohr""#,
            r#"source = "workday""#,
            r#"["workday"] there is no choice `workday` here | choose one of bamboohr, bob"#,
        ),
        (
            r#"source = "bamboohr"
"#,
            r#""#,
            r#"[[[connection]]] the key `source` is missing here | add it; README shows a whole file, with every key and its type"#,
        ),
        (
            r#"company = "acme""#,
            r#"company = "https://acme.bamboohr.com""#,
            r#"["https://acme.bamboohr.com"] this is not a company's sub-domain | write the sub-domain only: `acme` of https://acme.bamboohr.com"#,
        ),
        (
            r#"time_zone = "Europe/London""#,
            r#"time_zone = "Europe/Lundon""#,
            r#"["Europe/Lundon"] there is no such time zone | write an IANA name, for example America/Denver or Europe/London"#,
        ),
        (
            r#"[jumpcloud]"#,
            r#"[jumpcloud]
api_key = "file:""#,
            r#"[api_key] this key is there already | keep one of the two"#,
        ),
        (
            r#"company = "acme""#,
            r#"company = "acme"
webhook_key = "abc"
base_url = "http://hr.example""#,
            r#"["http://hr.example"] this base URL is not safe to send a key to | start it with https:// (http:// is for this machine only: keys travel in every request)
["abc"] this does not say where the key is kept | write env:NAME, file:PATH or secret:NAME; keys themselves do not belong in this file"#,
        ),
        (
            r#"name = "acme""#,
            r#"name = "A B"
first_state = "staged"
[connection.scope]
when = "1""#,
            r#"[api_key] there is no key `api_key` here | remove it, or correct it to one of when, email_domains, employees, on_leaving"#,
        ),
    ] {
        let smallest = file("");
        assert!(smallest.contains(line), "{line}");
        assert_eq!(faults(&smallest.replacen(line, changed, 1)), said, "{changed}");
    }
}

/// What is said of a connection with these lines.
#[test]
fn faults_of_a_connections_rules() {
    for (lines, said) in [
        (
            r#"first_state = "paused""#,
            r#"["paused"] there is no choice `paused` here | choose one of staged, staged-until-start, active, suspended-until-start, always-active, always-suspended, as-hr-says"#,
        ),
        (r#"manager = "yes""#, r#"["yes"] string "yes" is of the wrong type | write true or false, without quotes"#),
        (
            r#"create_days_before_start = -3"#,
            r#"[-3] -3 is out of range for create_days_before_start | write a number from 0 to 366"#,
        ),
        (
            r#"groups = []"#,
            r#"[groups] there is no key `groups` here | remove it, or correct it to one of name, source, company, service_user, base_url, api_key, webhook_key, poll, time_zone, first_state, create_days_before_start, mode, inactive_people, rehire, manual_changes, unknown_values, time_zones, activation, leave, brakes, manual_suspension, deleted_account, manager, create_groups, scope, username, leaver, fields, attributes, lookup, group"#,
        ),
        (
            r#"[connection.scope]
when = "department ==""#,
            r#"["department =="] it cannot be read at character 14: unexpected the end | write a CEL expression over HR fields that is true or false: department == "Sales" && location in ["Leeds", "York"]"#,
        ),
        (
            r#"[connection.scope]
wen = "department ==""#,
            r#"[wen] there is no key `wen` here | remove it, or correct it to one of when, email_domains, employees, on_leaving"#,
        ),
        (
            r#"[connection.scope]
when = 'department = "x"'"#,
            r#"['department = "x"'] it cannot be read at character 12: write == to compare | write a CEL expression over HR fields that is true or false: department == "Sales" && location in ["Leeds", "York"]"#,
        ),
        (
            r#"[connection.scope]
when = 'department'"#,
            r#"['department'] it gives string, and yes or no is needed | write a CEL expression over HR fields that is true or false: department == "Sales" && location in ["Leeds", "York"]"#,
        ),
        (
            r#"[connection.scope]
email_domains = ["@acme.example"]"#,
            r#"["@acme.example"] this is not an e-mail domain | write what follows the @, for example "example.com""#,
        ),
        (
            r#"[connection.scope]
email_domains = "acme.example""#,
            r#"["acme.example"] string "acme.example" is of the wrong type | write a list between [ and ]"#,
        ),
        (
            r#"[connection.scope]
employees = ["a b"]"#,
            r#"["a b"] an employee id must be 1 to 64 characters of letters, digits, '.', '_' and '-' | write the HR system's id of the person, which is not the employee number"#,
        ),
        (
            r#"[connection.scope]
employees = [7]"#,
            r#"[7] integer `7` is of the wrong type | write a text between quotes"#,
        ),
        (
            r#"[connection.username]
from = "dispaly-name""#,
            r#"["dispaly-name"] Unsupported binary operator 'sub': String(""), String("") | write "email", "display-name", an HR field's name, or a CEL expression that gives a text"#,
        ),
        (
            r#"[connection.username]
max_length = 40"#,
            r#"[40] 40 is out of range for max_length (Windows takes 20, Mac and Linux 30) | write a number from 20 to 30"#,
        ),
        (
            r#"[connection.leaver]
at = "25:00""#,
            r#"["25:00"] this is not an hour of the day | for example: "18:00" or "24:00""#,
        ),
        (
            r#"[connection.leaver]
at = "18:00"
account = "leave""#,
            r#"["18:00"] this is the hour at which access ends, but by these rules it never ends | remove `at`, or let leavers be suspended: account = "suspend", and first_state not always-active"#,
        ),
        (
            r#"first_state = "always-active"
[connection.leaver]
account = "suspend""#,
            r#"["suspend"] leavers cannot be suspended and always be active | write account = "leave", or another first_state: always-active means leavers too"#,
        ),
        (
            r#"[connection.leaver]
account = "delete""#,
            r#"["delete"] there is no choice `delete` here | choose one of suspend, leave"#,
        ),
        (
            r#"[connection.fields]
"4340.4" = "badge""#,
            r#"["4340.4"] `4340.4` cannot be a field's name | begin with a letter and use letters, digits and _ only, so that expressions can read it"#,
        ),
        (
            r#"[connection.fields]
badge = """#,
            r#"[""] `badge` names no field | write the HR system's own name or number of it"#,
        ),
        (
            r#"[connection.attributes]
jobtitle = "jobTitle""#,
            r#"[jobtitle] there is no attribute `jobtitle` | write `jobTitle`: capitals count"#,
        ),
        (
            r#"[connection.attributes]
salary = "payRate""#,
            r#"[salary] there is no attribute `salary` | there are email, firstname, middlename, lastname, displayname, employeeIdentifier, jobTitle, department, company, costCenter, location, employeeType, description, alternateEmail, managedAppleId, phone.(work|home|mobile|work_mobile|work_fax), address.(work|home).(streetAddress|extendedAddress|locality|region|postalCode|country), and custom.NAME for your own"#,
        ),
        (
            r#"[connection.attributes]
phone.fax = "fax""#,
            r#"[fax] there is no attribute `phone.fax` | there are email, firstname, middlename, lastname, displayname, employeeIdentifier, jobTitle, department, company, costCenter, location, employeeType, description, alternateEmail, managedAppleId, phone.(work|home|mobile|work_mobile|work_fax), address.(work|home).(streetAddress|extendedAddress|locality|region|postalCode|country), and custom.NAME for your own"#,
        ),
        (
            r#"[connection.attributes]
custom.cost_centre = "x""#,
            r#"[cost_centre] custom attribute names are 1 to 31 letters and digits, which `cost_centre` is not | JumpCloud takes no other names for custom attributes"#,
        ),
        (
            r#"[connection.attributes]
custom.hirewireid = "x""#,
            r#"[hirewireid] `hirewireId` is Hirewire's own; choose another name | Hirewire keeps the link to the HR record there"#,
        ),
        (
            r#"[connection.attributes]
jobTitle = 5"#,
            r#"[5] integer `5` is of the wrong type | write an HR field or an expression, as text"#,
        ),
        (
            r#"[connection.attributes]
jobTitle = 'lookup("titles", jobTitle)'"#,
            r#"['lookup("titles", jobTitle)'] there is no lookup table `titles` | write an HR field's name, or a CEL expression over such names that gives a text: first(preferredName, firstName) + " " + lastName"#,
        ),
        (
            r#"[connection.attributes]
jobTitle = 'size(jobTitle)'"#,
            r#"['size(jobTitle)'] it gives int, and a text is needed | write an HR field's name, or a CEL expression over such names that gives a text: first(preferredName, firstName) + " " + lastName"#,
        ),
        (
            r#"[connection.lookup.cost]
Sales = "1"
" sales" = "2""#,
            r#"[Sales] this line says the same as an earlier one | case and spaces do not count in a lookup; keep one of the two lines"#,
        ),
        (
            r#"[connection.lookup.cost]
Sales = 1"#,
            r#"[1] integer `1` is of the wrong type | write a text between quotes"#,
        ),
        (
            r#"[[connection.group]]
when = 'true'"#,
            r#"[[[connection.group]]] this group rule names no group | write name = "Engineering", or name_from = '"Dept " + department' for a group for each value"#,
        ),
        (
            r#"[[connection.group]]
"#,
            r#"[[[connection.group]]] this group rule names no group | write name = "Engineering", or name_from = '"Dept " + department' for a group for each value"#,
        ),
        (
            r#"[[connection.group]]
name = "A"
name_from = 'department'"#,
            r#"["A"] a group rule has a name or a name_from, not both | write name = "Engineering", or name_from = '"Dept " + department' for a group for each value"#,
        ),
        (
            r#"[[connection.group]]
name = " A""#,
            r#"[" A"] this group's name begins or ends with a space | remove the space"#,
        ),
        (
            r#"[[connection.group]]
name = """#,
            r#"[""] a group name must be 1 to 255 characters of any character but control characters | write name = "Engineering", or name_from = '"Dept " + department' for a group for each value"#,
        ),
        (
            r#"[[connection]]
name = "acme"
source = "bamboohr"
company = "acme"
api_key = "env:K"
time_zone = "UTC""#,
            r#"["acme"] the name `acme` is taken | give each connection its own name: it is part of every link"#,
        ),
        (
            r#"create_days_before_start = 400"#,
            r#"[400] 400 is out of range for create_days_before_start | write a number from 0 to 366"#,
        ),
        (
            r#"manual_suspension = "ignore""#,
            r#"["ignore"] there is no choice `ignore` here | choose one of respect, override"#,
        ),
        (
            r#"[connection.leaver]
when = "18:00""#,
            r#"[when] there is no key `when` here | remove it, or correct it to one of account, groups, at, on, at_once, devices, delete_after_days"#,
        ),
        (
            r#"[connection.username]
length = 20"#,
            r#"[length] there is no key `length` here | remove it, or correct it to one of from, max_length"#,
        ),
        (
            r#"[[connection.group]]
name = "A"
if = "true""#,
            r#"[if] there is no key `if` here | remove it, or correct it to one of name, name_from, when"#,
        ),
        (
            r#"[[connection.group]]
name = "A"
when = "nosuch(x)""#,
            r#"["nosuch(x)"] there is no function `nosuch`; ours are lookup, lower, upper, ascii, trim and first | write a CEL expression over HR fields that is true or false: department == "Sales" && location in ["Leeds", "York"]"#,
        ),
        (
            r#"first_state = "Always_Active""#,
            r#"["Always_Active"] there is no choice `Always_Active` here | write `always-active`"#,
        ),
        (
            r#"[[connection.groups]]
name = "A""#,
            r#"[groups] there is no key `groups` here | remove it, or correct it to one of name, source, company, service_user, base_url, api_key, webhook_key, poll, time_zone, first_state, create_days_before_start, mode, inactive_people, rehire, manual_changes, unknown_values, time_zones, activation, leave, brakes, manual_suspension, deleted_account, manager, create_groups, scope, username, leaver, fields, attributes, lookup, group"#,
        ),
    ] {
        assert_eq!(faults(&file(lines)), said, "{lines}");
    }
}

#[test]
fn every_fault_is_shown_at_once() {
    let text = file("in_flight = 3").replace("name = \"acme\"", "name = \"A B\"").replace("Europe/London", "Mars");
    assert!(faults(&text).starts_with("[in_flight] there is no key `in_flight` here"));
    let text = text.replace(
        "in_flight = 3",
        "create_days_before_start = -1\n[[connection.group]]\n[connection.attributes]\nx = \"y\"",
    );
    let text = text.replace("env:BAMBOOHR_KEY", "hunter2");
    let said = faults(&text);
    assert_eq!(said.lines().count(), 6, "{said}");
    assert!(!said.lines().any(|line| line.split_once(']').is_some_and(|(_, said)| said.contains("hunter2"))));
}

#[test]
fn limits() {
    assert_eq!(
        faults(&"#".repeat(FILE_LIMIT + 1)),
        "[] the file is larger than 1 MB | keep lookup tables to what the rules need"
    );
    let (head, _) = file("").split_once("[[connection]]").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("one");
    let help = "add a [[connection]] section: the HR system to read, and its rules";
    assert_eq!(faults(&head), format!("[] there is no connection in this file | {help}"));
    assert_eq!(
        faults(""),
        "[] the key `store` is missing here | add it; README shows a whole file, with every key and its type"
    );
    let one = |n: usize| {
        format!(
            "[[connection]]\nname = \"c{n}\"\nsource = \"bamboohr\"\ncompany = \"c\"\napi_key = \"env:K\"\n\
             time_zone = \"UTC\"\nattributes = {{}}\n"
        )
    };
    let many = |n: usize| head.clone() + &(0..n).map(one).collect::<String>();
    assert_eq!(faults(&many(CONNECTIONS_LIMIT)), "no fault");
    assert!(faults(&many(CONNECTIONS_LIMIT + 1)).contains("more than 50 connections | divide them"));
}

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

#[test]
fn where_keys_may_be_sent() {
    for (url, safe) in [
        ("https://console.jumpcloud.com", true),
        ("http://localhost:3000", true),
        ("http://127.0.0.1", true),
        ("http://[::1]:80", true),
        ("http://127.0.0.1.evil.example", false),
        ("http://localhost:x", false),
        ("http://127.0.0.2", false),
        ("http://10.0.0.7", false),
        ("ftp://localhost", false),
        ("https://", false),
        ("https://user:pw@console.jumpcloud.com", false),
        ("https://a.example?x=1", false),
        ("https://a example", false),
    ] {
        let text = file("").replacen("[jumpcloud]", &format!("[jumpcloud]\nbase_url = \"{url}\""), 1);
        assert_eq!(Configuration::parse(&text).is_ok(), safe, "{url}");
    }
}
