//! What is wrong with the rules about people's working lives.

use mapping::account::Mail;
use mapping::configuration::{Configuration, SecretRef};
use mapping::rules::{
    Brakes, EndsOn, InactivePeople, LeaveRule, LeaverRule, ManualChanges, Mode, Rehire, Rules, ScopeExit,
};

use super::faults;
use crate::people::{file, rules};

/// What is said of a connection with these lines.
#[test]
fn faults_of_the_policies() {
    for (lines, said) in [
        (r#"mode = "off""#, r#"["off"] there is no choice `off` here | choose one of on, paused, release, offboard"#),
        (
            "inactive_people = \"suspended\"\n[connection.leaver]\ndelete_after_days = 30",
            r#"[30] accounts for inactive people and deleted leavers cannot both be | write inactive_people = "never": an account deleted after 30 days would be made anew"#,
        ),
        (
            r#"inactive_people = "create""#,
            r#"["create"] there is no choice `create` here | choose one of never, suspended"#,
        ),
        (
            r#"rehire = "new-account""#,
            r#"["new-account"] there is no choice `new-account` here | choose one of same-account, hold"#,
        ),
        (r#"manual_changes = "keep""#, r#"["keep"] there is no choice `keep` here | choose one of override, respect"#),
        (
            r#"unknown_values = "strip""#,
            r#"["strip"] there is no choice `strip` here | choose one of keep-groups, leave-groups"#,
        ),
        (
            r#"first_state = "suspended""#,
            r#"["suspended"] there is no choice `suspended` here | choose one of staged, staged-until-start, active, suspended-until-start, always-active, always-suspended, as-hr-says"#,
        ),
        (
            r#"[connection.scope]
on_leaving = "delete""#,
            r#"["delete"] there is no choice `delete` here | choose one of keep, leave-groups, suspend"#,
        ),
        (
            r#"[connection.time_zones]
"Leeds" = "Europe/Leeds""#,
            r#"["Europe/Leeds"] there is no such time zone | write an IANA name, for example Pacific/Kiritimati or Europe/London"#,
        ),
        (
            r#"[connection.time_zones]
"Leeds" = "Europe/London"
"leeds " = "Europe/London""#,
            r#"["leeds "] this site says the same as an earlier one | case and spaces do not count in a site's name; keep one of the two lines"#,
        ),
        (
            r#"[connection.time_zones]
"Leeds" = 0"#,
            r#"[0] integer `0` is of the wrong type | write a text between quotes"#,
        ),
        (
            r#"[connection.activation]
mail = "yes""#,
            r#"["yes"] this does not say where the activation mail goes | write "send", "withhold", or the one address that all of these mails go to"#,
        ),
        (
            r#"[connection.activation]
mail = "@acme""#,
            r#"["@acme"] this does not say where the activation mail goes | write "send", "withhold", or the one address that all of these mails go to"#,
        ),
        (
            r#"[connection.activation]
male = "send""#,
            r#"[male] there is no key `male` here | remove it, or correct it to one of mail, default_password"#,
        ),
        (
            r#"first_state = "suspended-until-start"
[connection.activation]
mail = "send""#,
            r#"["send"] with this first_state no activation mail is ever sent | write first_state = "staged-until-start": JumpCloud sends the mail when a staged account becomes active, never when a suspended one does"#,
        ),
        (
            r#"first_state = "as-hr-says"
[connection.activation]
mail = "it@acme.example""#,
            r#"["it@acme.example"] with this first_state no activation mail is ever sent | write first_state = "staged-until-start": JumpCloud sends the mail when a staged account becomes active, never when a suspended one does"#,
        ),
        (
            r#"first_state = "always-suspended"
[connection.activation]
mail = "send""#,
            r#"["send"] with this first_state no activation mail is ever sent | write first_state = "staged-until-start": JumpCloud sends the mail when a staged account becomes active, never when a suspended one does"#,
        ),
        (
            r#"[connection.activation]
mail = "send"
default_password = "env:PASSWORD""#,
            r#"["env:PASSWORD"] a default password stops the activation mail | keep one of the two: a default password completes the registration, and JumpCloud then sends no activation mail by which people could choose their own"#,
        ),
        (
            r#"[connection.activation]
default_password = "Welcome1!""#,
            r#"["Welcome1!"] this does not say where the key is kept | write env:NAME, file:PATH or secret:NAME; keys themselves do not belong in this file"#,
        ),
        (
            r#"[connection.leave]
account = "suspend""#,
            r#"[[connection.leave]] this leave rule names no leave | write statuses = ["Parental leave"], in HR's own words"#,
        ),
        (
            r#"[connection.leave]
statuses = "Parental leave""#,
            r#"["Parental leave"] string "Parental leave" is of the wrong type | write a list between [ and ]"#,
        ),
        (
            r#"[connection.leave]
statuses = ["Parental leave"]
account = "leave""#,
            r#"["leave"] there is no choice `leave` here | choose one of suspend, keep"#,
        ),
        (
            r#"[connection.leave]
statuses = ["Parental leave"]
groups = "suspend""#,
            r#"["suspend"] there is no choice `suspend` here | choose one of leave, keep"#,
        ),
        (
            r#"first_state = "always-active"
[connection.leave]
statuses = ["Parental leave"]"#,
            r#"[[connection.leave]] people on leave cannot be suspended and always be active | write account = "keep", or another first_state: always-active means people on leave too"#,
        ),
        (
            r#"[connection.leave]
time_off_types = ["Sabbatical"]
time_off_longer_than_days = 400"#,
            r#"[400] 400 is out of range for time_off_longer_than_days | write a number from 0 to 366"#,
        ),
        (
            r#"[connection.leave]
time_off_types = ["Sabbatical"]
longer_than = 14"#,
            r#"[longer_than] there is no key `longer_than` here | remove it, or correct it to one of statuses, time_off_types, time_off_longer_than_days, account, groups"#,
        ),
        (
            r#"[connection.brakes]
delete = -1"#,
            r#"[-1] -1 is out of range for delete | write a number from 0 to 10000"#,
        ),
        (
            r#"[connection.brakes]
leave_scope = 10001"#,
            r#"[10001] 10001 is out of range for leave_scope | write a number from 0 to 10000"#,
        ),
        (
            r#"[connection.brakes]
offboard = "all""#,
            r#"["all"] string "all" is of the wrong type | write a whole number, without quotes"#,
        ),
        (
            r#"[connection.brakes]
leavers = 5"#,
            r#"[leavers] there is no key `leavers` here | remove it, or correct it to one of leave_scope, delete, offboard"#,
        ),
        (
            r#"[connection.leaver]
on = "first""#,
            r#"["first"] there is no choice `first` here | choose one of earliest, last-day, termination-date"#,
        ),
        (
            r#"[connection.leaver]
at = "6pm""#,
            r#"["6pm"] this is not an hour of the day | for example: "18:00" or "24:00""#,
        ),
        (
            r#"[connection.leaver]
at_once = 'terminationType'"#,
            r#"['terminationType'] it gives string, and yes or no is needed | write a CEL expression over HR fields that is true or false: department == "Sales" && location in ["Leeds", "York"]"#,
        ),
        (
            r#"[connection.leaver]
at_once = 'terminationType = "Involuntary"'"#,
            r#"['terminationType = "Involuntary"'] it cannot be read at character 17: write == to compare | write a CEL expression over HR fields that is true or false: department == "Sales" && location in ["Leeds", "York"]"#,
        ),
        (
            r#"[connection.leaver]
devices = "wipe""#,
            r#"["wipe"] there is no choice `wipe` here | choose one of keep, remove"#,
        ),
        (
            r#"[connection.leaver]
delete_after_days = 0"#,
            r#"[0] 0 is out of range for delete_after_days | write a number from 1 to 3660"#,
        ),
        (
            r#"[connection.leaver]
delete_after_days = 4000"#,
            r#"[4000] 4000 is out of range for delete_after_days | write a number from 1 to 3660"#,
        ),
        (
            r#"[connection.leaver]
account = "leave"
delete_after_days = 30"#,
            r#"[30] leavers who keep their access cannot be deleted | remove `delete_after_days`, or let leavers be suspended: only suspended accounts are deleted"#,
        ),
        (
            r#"first_state = "always-active"
[connection.leaver]
delete_after_days = 30"#,
            r#"[30] leavers who keep their access cannot be deleted | remove `delete_after_days`, or let leavers be suspended: only suspended accounts are deleted"#,
        ),
        (
            r#"service_user = "SERVICE-1""#,
            r#"["SERVICE-1"] this key is another HR system's | remove it; this source has `company`"#,
        ),
    ] {
        assert_eq!(faults(&file(lines)), said, "{lines}");
    }
}

/// HiBob's connection with these lines.
fn bob(lines: &str) -> String {
    file(lines).replace("\"bamboohr\"", "\"bob\"").replace("company = \"acme\"", "service_user = \"SERVICE-1\"")
}

#[test]
fn what_is_one_hr_systems_only() {
    assert_eq!(faults(&bob("")), "no fault");
    assert_eq!(faults(&bob("[connection.leave]\nstatuses = [\"Parental leave\"]")), "no fault");
    assert_eq!(
        faults(&bob("[connection.leave]\ntime_off_types = [\"Sabbatical\"]")),
        "[\"Sabbatical\"] this HR system's time off is not read | write its lifecycle statuses as `statuses`; HiBob \
         changes those when somebody goes on leave"
    );
    let company = bob("").replace("service_user = \"SERVICE-1\"", "company = \"acme\"");
    assert!(faults(&company).contains("service_user"), "{}", faults(&company));
}

/// What a file says that says nothing of them.
#[test]
fn what_holds_unless_the_file_says_otherwise() {
    let Rules { mode, inactive_people, rehire, manual_changes, scope, activation, leaver, leave, brakes, .. } =
        rules("");
    assert_eq!((mode, inactive_people, rehire), (Mode::On, InactivePeople::Never, Rehire::SameAccount));
    assert_eq!((manual_changes, scope.on_leaving), (ManualChanges::Override, ScopeExit::Keep));
    assert_eq!((activation.mail, activation.default_password), (None, None));
    let LeaverRule { suspend, leave_groups, on, at, at_once, unbind_devices, delete_after_days } = leaver;
    assert!(suspend && leave_groups && at.is_none() && at_once.is_none() && !unbind_devices);
    assert_eq!((on, delete_after_days), (EndsOn::Earliest, None));
    let LeaveRule { statuses, time_off_types, suspend, leave_groups, .. } = leave;
    assert!(statuses.is_empty() && time_off_types.is_empty() && !suspend && !leave_groups);
    assert_eq!(brakes, Brakes { leave_scope: 5, delete: 5, offboard: 0 });
}

const EVERY_POLICY: &str = r#"
mode = "offboard"
first_state = "staged-until-start"
inactive_people = "never"
rehire = "hold"
manual_changes = "respect"
unknown_values = "leave-groups"
[connection.scope]
on_leaving = "leave-groups"
[connection.time_zones]
"Kiritimati office" = "Pacific/Kiritimati"
[connection.activation]
mail = "it@acme.example"
[connection.leaver]
on = "last-day"
at = "18:00"
at_once = 'terminationType == "Involuntary"'
devices = "remove"
delete_after_days = 90
[connection.leave]
statuses = ["Parental-Leave"]
time_off_types = ["Sabbatical"]
time_off_longer_than_days = 14
account = "keep"
groups = "keep"
[connection.brakes]
leave_scope = 0
delete = 10000
offboard = 7
"#;

#[test]
fn every_policy() {
    let rules = rules(EVERY_POLICY);
    assert_eq!(
        (rules.mode, rules.inactive_people, rules.rehire),
        (Mode::Offboard, InactivePeople::Never, Rehire::Hold)
    );
    assert_eq!((rules.manual_changes, rules.keep_groups_of_unknown), (ManualChanges::Respect, false));
    assert_eq!(rules.scope.on_leaving, ScopeExit::LeaveGroups);
    assert_eq!(rules.zones["kiritimati office"].iana_name(), Some("Pacific/Kiritimati"));
    assert_eq!(rules.activation.mail, Some(Mail::To("it@acme.example".into())));
    assert_eq!((rules.leaver.on, rules.leaver.delete_after_days), (EndsOn::LastDay, Some(90)));
    assert!(rules.leaver.unbind_devices && rules.leaver.at_once.is_some());
    assert!(rules.leave.statuses.contains("parentalleave") && rules.leave.time_off_types.contains("sabbatical"));
    assert_eq!((rules.leave.longer_than_days, rules.leave.suspend, rules.leave.leave_groups), (14, false, false));
    assert_eq!(rules.brakes, Brakes { leave_scope: 0, delete: 10_000, offboard: 7 });
    let fields = rules.fields();
    assert!(fields.contains("terminationType") && fields.contains("location"), "what decides is asked for");
    let password = Configuration::parse(&file("[connection.activation]\ndefault_password = \"secret:first-password\""));
    let place = password.expect("no fault").connections[0].rules.activation.default_password.clone();
    assert_eq!(place, Some(SecretRef::Manager("first-password".to_owned())));
}
