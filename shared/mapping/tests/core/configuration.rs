//! hirewire.toml: what is refused, where, and in which words.

use mapping::configuration::Configuration;

/// The smallest file: changed line by line below.
const SMALLEST: &str = r#"store = "sqlite:hirewire.db"
[jumpcloud]
api_key = "env:JUMPCLOUD_KEY"
[[connection]]
name = "acme"
source = "bamboohr"
company = "acme"
api_key = "env:BAMBOOHR_KEY"
time_zone = "Europe/London"
"#;

/// The faults of a file: the text at the place, what is wrong, what to do.
fn faults(text: &str) -> String {
    let faults = match Configuration::parse(text) {
        Ok(_) => return "no fault".to_owned(),
        Err(faults) => faults,
    };
    let lines = faults.into_iter().map(|f| format!("[{}] {} | {}", &text[f.span], f.message, f.help));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn dump() {
    let cases = [
        ("store", "store = \"sqlite:hirewire.db\"", "store = \"postgres:x\""),
        ("store", "store = \"sqlite:hirewire.db\"", "stroe = \"sqlite:x\""),
        ("store", "store = \"sqlite:hirewire.db\"\n", ""),
        ("store", "store = \"sqlite:hirewire.db\"", "store = 5"),
        ("store", "store = \"sqlite:hirewire.db\"", "store = \"sqlite:hirewire.db"),
        ("", "store = \"sqlite:hirewire.db\"", "store = \"sqlite:hirewire.db\"\nin_flight = 0"),
        ("", "store = \"sqlite:hirewire.db\"", "store = \"sqlite:hirewire.db\"\nin_flight = -1"),
        ("", "store = \"sqlite:hirewire.db\"", "store = \"sqlite:hirewire.db\"\nin_flight = \"8\""),
        ("", "[jumpcloud]", "[jumpcloud]\nregion = \"fr\""),
        ("", "[jumpcloud]", "[jumpcloud]\nregoin = \"eu\""),
        ("", "[jumpcloud]", "[jumpcloud]\norg_id = \"12\""),
        ("", "[jumpcloud]", "[jumpcloud]\nbase_url = \"http://console.jumpcloud.com\""),
        ("", "[jumpcloud]", "[jumpcloud]\nbase_url = \"http://localhost.evil.example\""),
        ("", "[jumpcloud]", "[jumpcloud]\nbase_url = \"http://localhost@evil.example\""),
        ("", "[jumpcloud]", "[jumpcloud]\nbase_url = \"console.jumpcloud.com\""),
        ("", "api_key = \"env:JUMPCLOUD_KEY\"", "api_key = \"0123456789abcdef\""),
        ("", "api_key = \"env:JUMPCLOUD_KEY\"\n", ""),
        ("", "name = \"acme\"", "name = \"Acme Ltd\""),
        ("", "name = \"acme\"\n", ""),
        ("", "source = \"bamboohr\"", "source = \"workday\""),
        ("", "source = \"bamboohr\"\n", ""),
        ("", "company = \"acme\"", "company = \"https://acme.bamboohr.com\""),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/Lundon\""),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\nfirst_state = \"paused\""),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\nmanager = \"yes\""),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\ncreate_days_before_start = -3"),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\ngroups = []"),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.scope]\nwhen = \"department ==\"",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.scope]\nwen = \"department ==\"",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.scope]\nwhen = 'department = \"x\"'",
        ),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[connection.scope]\nwhen = 'department'"),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.scope]\nemail_domains = [\"@acme.example\"]",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.scope]\nemail_domains = \"acme.example\"",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.scope]\nemployees = [\"a b\"]",
        ),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[connection.scope]\nemployees = [7]"),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.username]\nfrom = \"dispaly-name\"",
        ),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[connection.username]\nmax_length = 40"),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[connection.leaver]\nat = \"25:00\""),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.leaver]\nat = \"18:00\"\naccount = \"leave\"",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\nfirst_state = \"always-active\"\n[connection.leaver]\naccount = \"suspend\"",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.leaver]\naccount = \"delete\"",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.fields]\n\"4340.4\" = \"badge\"",
        ),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[connection.fields]\nbadge = \"\""),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.attributes]\njobtitle = \"jobTitle\"",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.attributes]\nsalary = \"payRate\"",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.attributes]\nphone.fax = \"fax\"",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.attributes]\ncustom.cost_centre = \"x\"",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.attributes]\ncustom.hirewireid = \"x\"",
        ),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[connection.attributes]\njobTitle = 5"),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.attributes]\njobTitle = 'lookup(\"titles\", jobTitle)'",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.attributes]\njobTitle = 'size(jobTitle)'",
        ),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[connection.lookup.cost]\nSales = \"1\"\n\" sales\" = \"2\"",
        ),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[connection.lookup.cost]\nSales = 1"),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[[connection.group]]\nwhen = 'true'"),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[[connection.group]]\n"),
        (
            "",
            "time_zone = \"Europe/London\"",
            "time_zone = \"Europe/London\"\n[[connection.group]]\nname = \"A\"\nname_from = 'department'",
        ),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[[connection.group]]\nname = \" A\""),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[[connection.group]]\nname = \"\""),
        ("", "time_zone = \"Europe/London\"", "time_zone = \"Europe/London\"\n[[connection.groups]]\nname = \"A\""),
    ];
    for (_, from, to) in cases {
        assert!(SMALLEST.contains(from));
        println!("{}\n   {}\n", to, faults(&SMALLEST.replacen(from, to, 1)));
    }
    println!("{}", faults(""));
    println!("{}", faults(SMALLEST.split("[[conn").next().unwrap()));
}
