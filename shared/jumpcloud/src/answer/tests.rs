//! Statuses, error envelopes and pages.

use http::{HeaderMap, StatusCode};

use super::*;
use crate::request;
use crate::wire::{GroupRead, User};

const ID: &str = "65f0c1a2b3d4e5f601020304";

fn response(status: u16, kind: &'static str, body: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
    let status = StatusCode::from_u16(status).expect("a status");
    Response { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn json(status: u16, body: &str) -> Response {
    response(status, "application/json; charset=utf-8", body)
}

fn judged(response: Response) -> Option<Fault> {
    judge(&request::groups(0), response).err()
}

#[test]
fn each_status_is_named_by_what_its_reader_does_next() {
    let key = |detail: &str| Some(Fault::KeyRefused { vendor: VENDOR, detail: detail.to_owned() });
    let rejected =
        |status, message: &str| Some(Fault::Rejected { vendor: VENDOR, status, message: message.to_owned() });
    let unavailable = |detail: &str| Some(Fault::Unavailable { vendor: VENDOR, detail: detail.to_owned() });
    let html = |status| response(status, "text/html; charset=utf-8", "<html><body>Blocked</body></html>");
    let not_found = Some(Fault::NotFound { vendor: VENDOR, what: "groups" });
    let malformed = Some(malformed(&request::groups(0), "a page of HTML"));
    let table = [
        (json(200, "{}"), None),
        (json(201, "{}"), None),
        (json(204, ""), None),
        (response(302, "text/html", ""), key("it sends us to its log-in page")),
        (
            json(401, r#"{"error":"Unauthorized","message":"Unauthorized: api key user not found"}"#),
            key("Unauthorized: api key user not found"),
        ),
        (json(401, ""), key("Unauthorized")),
        (json(403, r#"{"message":"read only"}"#), key("read only")),
        (html(403), unavailable("it answers with a block page: \"IP blocked due to suspected abuse\"")),
        (json(404, r#"{"message":"Not Found"}"#), not_found.clone()),
        (json(404, ""), not_found),
        (html(404), malformed),
        (json(409, r#"{"message":"Already Exists"}"#), rejected(409, "Already Exists")),
        (json(400, r#"{"code":400,"message":"bad state","status":"INVALID_ARGUMENT"}"#), rejected(400, "bad state")),
        (html(400), rejected(400, "Bad Request")),
        (json(501, "{}"), unavailable("HTTP 501")),
    ];
    for (response, expected) in table {
        let shown = format!("{response:?}");
        assert_eq!(judged(response), expected, "{shown}");
    }
}

#[test]
fn every_envelope_gives_its_words() {
    let violations = r#"{"code":400,"message":"Password validation fail","status":"INVALID_ARGUMENT","details":[
        {"fieldViolationsList":[{"field":"password","description":"specialCharacter"}],"@type":"x"}]}"#;
    let table = [
        (r#"{"error":"Unauthorized","message":"the words"}"#, "the words"),
        (r#"{"code":400,"message":"the words","status":"INVALID_ARGUMENT"}"#, "the words"),
        (r#"{"message":"the words"}"#, "the words"),
        (r#"{"error":"the words"}"#, "the words"),
        (r#"{"error":"the words","message":""}"#, "the words"),
        (r#"{"error":{"message":"the words"}}"#, "the words"),
        (r#"{"message":["no","words"]}"#, "Bad Request"),
        (r#"{"message":"two\n\tlines\u0000 \u001b[31mred"}"#, "two lines [31mred"),
        (violations, "Password validation fail; password; specialCharacter"),
        ("{}", "Bad Request"),
        ("[]", "Bad Request"),
        ("\"words\"", "Bad Request"),
        ("no JSON", "Bad Request"),
        ("", "Bad Request"),
    ];
    for (body, expected) in table {
        assert_eq!(message(&json(400, body)), expected, "{body}");
    }
    let long = message(&json(400, &format!(r#"{{"message":"{}"}}"#, "ü".repeat(1000))));
    assert_eq!(long.chars().count(), MESSAGE_LIMIT);
}

#[test]
fn taken_is_said_in_many_words() {
    for message in [
        "User already exists",
        "user exists",
        "E11000 duplicate key error",
        "employeeIdentifier must be unique",
        "This email has been Taken",
        "email is in use",
    ] {
        assert!(says_taken(400, message), "{message}");
        assert!(!says_taken(422, message), "{message}");
    }
    assert!(says_taken(409, ""));
    for message in ["bad state", "manager does not exist", "manager doesn't exist", "no such user exists"] {
        assert!(!says_taken(400, message), "{message}");
    }
}

#[test]
fn one_odd_entry_does_not_lose_the_others() {
    let call = request::accounts(0);
    let body = format!(r#"{{"totalCount":3,"results":[{{"id":"{ID}"}},{{"id":true}},{{"_id":"{ID}","email":null}}]}}"#);
    let page: Page<User> = v1_page(&call, &json(200, &body)).expect("a page");
    assert_eq!((page.total, page.items.len(), page.unreadable), (Some(3), 2, 1));

    let mut answer = json(200, &format!(r#"[{{"id":"{ID}","name":"A"}},"odd"]"#));
    answer.headers.insert("x-total-count", http::HeaderValue::from_static("2"));
    let page: Page<GroupRead> = v2_page(&call, &answer).expect("a page");
    assert_eq!((page.total, page.items.len(), page.unreadable), (Some(2), 1, 1));
    let page: Page<GroupRead> = v2_page(&call, &json(200, "[]")).expect("a page");
    assert_eq!((page.total, page.items.len()), (None, 0));
}

#[test]
fn what_is_no_page_names_the_call_and_repeats_nothing() {
    let call = request::accounts(0);
    let table = [
        (json(200, r#"{"totalCount":1,"results":[{"username":"ada"#), "it is cut short"),
        (json(200, ""), "it is cut short"),
        (json(200, "ada"), "it is no JSON"),
        (json(200, r#"{"results":"ada"}"#), "it has another shape than expected"),
        (json(200, "[]"), "it has another shape than expected"),
        (response(200, "text/html", "<html>ada</html>"), "a page of HTML"),
        (json(200, " <!doctype html>"), "a page of HTML"),
    ];
    for (answer, expected) in table {
        let fault = v1_page::<User>(&call, &answer).err();
        let Some(Fault::Malformed { call: "GET /systemusers", detail, .. }) = fault else { panic!("{fault:?}") };
        assert!(detail.starts_with(expected) && !detail.contains("ada"), "{detail}");
    }
}

#[test]
fn nothing_is_told_from_something() {
    let call = request::groups(0);
    for body in ["", " \n", "null"] {
        assert!(matches!(optional::<User>(&call, &json(200, body)), Ok(None)), "{body:?}");
        assert!(one::<User>(&call, &json(200, body)).is_err());
    }
    assert!(optional::<User>(&call, &json(200, "{}")).is_err());
}
