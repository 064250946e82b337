//! Against a real socket that answers from a script.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const LIMITS: Limits =
    Limits { body: 1000, deadline: Duration::from_secs(20), attempts: 3, each: Duration::from_secs(5) };

/// One request, one scripted answer; what was asked is kept. An empty answer hangs up, `wait` answers nothing.
struct Script {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Script {
    async fn start(answers: &[&str]) -> Script {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/api/x", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut answers: Vec<String> = answers.iter().rev().map(|&answer| answer.to_owned()).collect();
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Some(answer) = answers.pop() {
                let (mut socket, _) = listener.accept().await.expect("a connection");
                let mut asked = Vec::new();
                while !asked.windows(4).any(|w| w == b"\r\n\r\n") {
                    let mut chunk = [0; 4096];
                    let n = socket.read(&mut chunk).await.expect("a request");
                    asked.extend_from_slice(&chunk[..n]);
                }
                kept.lock().expect("no panic").push(String::from_utf8_lossy(&asked).into_owned());
                if answer == "wait" {
                    tokio::spawn(async move {
                        sleep(Duration::from_secs(60)).await;
                        drop(socket);
                    });
                } else {
                    socket.write_all(answer.as_bytes()).await.expect("room");
                }
            }
        });
        Script { url, asked }
    }

    fn request(&self, method: &str) -> Request {
        let request = http::Request::builder().method(method).uri(&self.url).header("x-api-key", "k");
        request.body(Bytes::from_static(if method == "GET" { b"" } else { b"{}" })).expect("a request")
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

fn answer(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

async fn send(answers: &[&str], method: &str, safety: Safety, limits: &Limits) -> (Result<Response, Fault>, u64) {
    let script = Script::start(answers).await;
    let transport = Transport::new("Vendor");
    let result = transport.send(script.request(method), safety, limits).await;
    (result, transport.calls())
}

#[tokio::test]
async fn what_is_sent_is_what_was_built() {
    let script = Script::start(&[&answer("200 OK", "hello")]).await;
    let transport = Transport::new("Vendor");
    let answer = transport.send(script.request("GET"), Safety::Repeatable, &LIMITS).await.expect("an answer");
    assert_eq!((answer.status.as_u16(), &*answer.body), (200, &b"hello"[..]));
    let asked = script.asked().concat().to_lowercase();
    assert!(asked.starts_with("get /api/x http/1.1\r\n") && asked.contains("x-api-key: k\r\n"), "{asked}");
    assert!(!asked.contains("content-type") && !asked.contains("content-length"), "{asked}");
}

#[tokio::test]
async fn final_answers_are_handed_over_and_redirects_are_not_followed() {
    for head in ["302 Found\r\nlocation: /login", "400 Bad Request", "404 Not Found", "501 Not Implemented"] {
        let (result, calls) = send(&[&answer(head, "{}")], "GET", Safety::Repeatable, &LIMITS).await;
        assert_eq!((result.expect("an answer").status.as_str(), calls), (&head[..3], 1));
    }
}

#[tokio::test]
async fn trouble_that_passes_is_not_seen() {
    let fine = answer("200 OK", "fine");
    let refused = answer("429 Too Many Requests\r\nretry-after: 1", "");
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    for (bad, safety) in [
        (refused.as_str(), Safety::Repeatable),
        (refused.as_str(), Safety::Once),
        (&answer("502 Bad Gateway", ""), Safety::Repeatable),
        ("", Safety::Repeatable),
        (cut, Safety::Repeatable),
    ] {
        let (result, calls) = send(&[bad, &fine], "PUT", safety, &LIMITS).await;
        assert_eq!((&*result.expect("an answer").body, calls), (&b"fine"[..], 2), "{bad}");
    }
}

#[tokio::test]
async fn what_may_have_happened_is_never_sent_again() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    let brief = Limits { each: Duration::from_millis(300), ..LIMITS };
    let fine = answer("200 OK", "fine");
    for bad in ["", cut, "wait", &answer("500 Internal Server Error", "{}"), &answer("520 Unknown", "")] {
        let (result, calls) = send(&[bad, &fine], "POST", Safety::Once, &brief).await;
        assert!(matches!(result, Err(Fault::Unsure { vendor: "Vendor", .. })), "{bad}: {result:?}");
        assert_eq!(calls, 1);
    }
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_not_waited_for() {
    let started = Instant::now();
    let refused = answer("429 Too Many Requests\r\nretry-after: 120", "");
    let (result, _) = send(&[&refused], "GET", Safety::Repeatable, &LIMITS).await;
    let wait = Some(Duration::from_secs(120));
    assert_eq!(result.expect_err("a fault"), Fault::RateLimited { vendor: "Vendor", wait });
    let busy = answer("503 Service Unavailable\r\nretry-after: 120", "");
    let (result, _) = send(&[&busy], "POST", Safety::Once, &LIMITS).await;
    assert_eq!(result.expect_err("a fault"), Fault::Unavailable { vendor: "Vendor", detail: "HTTP 503".to_owned() });
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// The last call of a window that goes on for `seconds`.
fn last(status: &str, seconds: i64) -> String {
    let reset = Timestamp::now().as_second() + seconds;
    answer(&format!("{status}\r\nx-ratelimit-limit: 50\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: {reset}"), "")
}

#[tokio::test]
async fn nothing_is_sent_to_an_endpoint_that_takes_no_more() {
    let fine = answer("200 OK", "fine");
    let script = Script::start(&[&last("200 OK", 120), &fine]).await;
    let transport = Transport::new("Vendor");
    let send = |endpoint| transport.send_to(endpoint, script.request("GET"), Safety::Repeatable, &LIMITS);
    assert_eq!(send("search").await.expect("the last one").status.as_u16(), 200);
    let started = Instant::now();
    let Err(Fault::RateLimited { wait: Some(wait), .. }) = send("search").await else { panic!("it was sent") };
    assert!((100..=121).contains(&wait.as_secs()), "{wait:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
    // The others are counted apart.
    assert_eq!(&*send("lists").await.expect("an answer").body, b"fine");
    assert_eq!(transport.calls(), 2);
}

#[tokio::test]
async fn the_next_window_is_waited_for() {
    let fine = answer("200 OK", "fine");
    for first in ["200 OK", "401 Unauthorized", "429 Too Many Requests"] {
        // Whole seconds: up to one less is left of these two.
        let script = Script::start(&[&last(first, 2), &fine, &fine]).await;
        let transport = Transport::new("Vendor");
        let started = Instant::now();
        for _ in 0..2 {
            transport.send(script.request("POST"), Safety::Once, &LIMITS).await.expect("an answer");
        }
        assert!(started.elapsed() >= Duration::from_millis(900), "{first}: {:?}", started.elapsed());
        assert_eq!(transport.calls(), if first.starts_with("429") { 3 } else { 2 });
    }
}

#[tokio::test]
async fn a_count_of_calls_is_no_word_about_what_became_of_one() {
    let fine = answer("200 OK", "fine");
    let (result, calls) = send(&[&last("503 Service Unavailable", 1), &fine], "POST", Safety::Once, &LIMITS).await;
    assert!(matches!(result, Err(Fault::Unsure { .. })), "{result:?}");
    assert_eq!(calls, 1);
}

#[tokio::test]
async fn nobody_there_is_said_in_words() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    drop(listener);
    let request = http::Request::post(url).body(Bytes::new()).expect("a request");
    let fault = Transport::new("Vendor").send(request, Safety::Once, &LIMITS).await.expect_err("a fault");
    let Fault::Unavailable { detail, .. } = fault else { panic!("{fault:?}") };
    assert!(detail.contains("refused"), "{detail}");
}

#[tokio::test]
async fn bodies_are_read_up_to_the_limit() {
    let (result, _) = send(&[&answer("200 OK", &"x".repeat(1000))], "GET", Safety::Repeatable, &LIMITS).await;
    assert_eq!(result.expect("an answer").body.len(), 1000);
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunked = format!("{chunked}1f4\r\n{0}\r\n1f5\r\n{0}y\r\n0\r\n\r\n", "x".repeat(500));
    for large in [answer("200 OK", &"x".repeat(1001)), chunked] {
        let (result, _) = send(&[&large], "GET", Safety::Repeatable, &LIMITS).await;
        let Err(Fault::Malformed { detail, .. }) = result else { panic!("{result:?}") };
        assert_eq!(detail, "larger than 1000 bytes");
    }
}

#[test]
fn this_machine_is_known_by_its_names() {
    for (uri, expected) in [
        ("http://127.0.0.1:8080/x", true),
        ("http://127.8.9.1/", true),
        ("http://[::1]:9/", true),
        ("http://LocalHost:9/", true),
        ("https://console.jumpcloud.com/api", false),
        ("http://localhost.example.com/", false),
        ("/relative", false),
    ] {
        assert_eq!(is_loopback(&uri.parse().expect("a URI")), expected, "{uri}");
    }
}
