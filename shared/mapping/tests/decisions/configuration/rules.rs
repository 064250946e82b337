//! What is wrong with a connection's rules: who, what they hold, which groups.

use super::faults;
use crate::people::file;

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
            r#"[length] there is no key `length` here | remove it, or correct it to one of from, max_length, on_rename"#,
        ),
        (
            r#"[connection.username]
on_rename = "always""#,
            r#"["always"] there is no choice `always` here | choose one of keep, follow"#,
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
