use super::*;

/// An event as an HTTP API sends it, with a stage of its own.
fn event(method: &str, path: &str, body: &str, base64: bool) -> ApiGatewayV2httpRequest {
    let text = format!(
        r#"{{"version":"2.0","routeKey":"POST /webhook/{{connection}}","rawPath":{path:?},"rawQueryString":"",
        "headers":{{"x-bamboohr-signature":"ab","content-type":"application/json"}},
        "requestContext":{{"stage":"$default","http":{{"method":{method:?},"path":{path:?},"protocol":"HTTP/1.1",
        "sourceIp":"192.0.2.1","userAgent":"x"}}}},"body":{body:?},"isBase64Encoded":{base64}}}"#
    );
    serde_json::from_str(&text).expect("an event")
}

#[test]
fn a_delivery_is_taken_byte_for_byte() {
    let plain = delivery(event("POST", "/webhook/acme", "{\"a\": \"é\"}", false)).expect("a delivery");
    assert_eq!((plain.connection.as_str(), plain.body.as_slice()), ("acme", "{\"a\": \"é\"}".as_bytes()));
    assert_eq!(plain.headers["x-bamboohr-signature"], "ab");
    // Bytes that are no text arrive in base64.
    let encoded = delivery(event("POST", "/webhook/acme", "/wB7fQ==", true)).expect("a delivery");
    assert_eq!(encoded.body, b"\xff\0{}");
    assert_eq!(delivery(event("POST", "/webhook/acme", "no base64!", true)), Err(MALFORMED));
}

#[test]
fn a_stage_with_a_name_is_no_part_of_the_path() {
    let mut named = event("POST", "/dev/webhook/acme", "{}", false);
    named.request_context.stage = Some("dev".to_owned());
    assert_eq!(delivery(named).expect("a delivery").connection.as_str(), "acme");
    assert_eq!(delivery(event("POST", "/dev/webhook/acme", "{}", false)), Err(NOT_FOUND));
}

#[test]
fn what_is_no_door_says_nothing() {
    for path in ["", "/", "/webhook", "/webhook/", "/webhook/a b", "/webhook/acme/x", "/webhook/%61cme", "/other/acme"]
    {
        assert_eq!(delivery(event("POST", path, "{}", false)), Err(NOT_FOUND), "{path}");
        assert_eq!(delivery(event("GET", path, "{}", false)), Err(NOT_FOUND), "{path}");
    }
    for method in ["GET", "PUT", "DELETE", "HEAD"] {
        assert_eq!(delivery(event(method, "/webhook/acme", "", false)), Err(NOT_ALLOWED), "{method}");
    }
    let empty = serde_json::to_value(answer(NOT_FOUND)).expect("JSON");
    assert_eq!(empty["statusCode"], 404);
    assert!(empty.get("body").is_none_or(serde_json::Value::is_null), "{empty}");
}

#[test]
fn a_body_that_is_too_large_is_refused_before_anything_else() {
    let just = "x".repeat(BODY_LIMIT);
    assert!(delivery(event("POST", "/webhook/acme", &just, false)).is_ok());
    assert_eq!(delivery(event("POST", "/webhook/acme", &format!("{just}x"), false)), Err(TOO_LARGE));
    assert_eq!(delivery(event("GET", "/nowhere", &format!("{just}x"), false)), Err(TOO_LARGE));
    assert!(delivery(event("POST", "/webhook/acme", &STANDARD.encode(&just), true)).is_ok());
    for longer in [1, 2, 3] {
        let encoded = STANDARD.encode(format!("{just}{}", "x".repeat(longer)));
        assert_eq!(delivery(event("POST", "/webhook/acme", &encoded, true)), Err(TOO_LARGE));
    }
}

#[test]
fn another_services_event_is_none() {
    for other in [r#"{"Records":[]}"#, "{}", "[]", "null", r#"{"requestContext":{}}"#] {
        assert!(serde_json::from_str::<ApiGatewayV2httpRequest>(other).is_err(), "{other}");
    }
}
