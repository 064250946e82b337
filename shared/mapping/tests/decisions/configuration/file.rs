//! What is wrong with the file itself, and with how to reach the vendors.

use super::faults;
use crate::people::file;

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
