//! A door between the store and the emulator, behind which calls can be looked at, changed, refused and lost.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What becomes of one call.
pub enum Fate {
    /// It goes through.
    Through,
    /// It goes through as this.
    As(Value),
    /// It has no effect, and this is the answer.
    Answered(u16, Value),
    /// It goes through, and the answer is lost.
    Lost,
}

/// An open door.
pub struct Door {
    /// Where to knock.
    pub endpoint: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Door {
    /// `decide` is given each call's action and body.
    pub fn open(emulator: &str, decide: impl Fn(&str, &Value) -> Fate + Send + Sync + 'static) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let emulator = emulator.trim_start_matches("http://").to_owned();
        let calls: Arc<Mutex<Vec<String>>> = Arc::default();
        let (told, decide) = (Arc::clone(&calls), Arc::new(decide));
        thread::spawn(move || {
            for knock in listener.incoming() {
                let (told, decide, emulator) = (Arc::clone(&told), Arc::clone(&decide), emulator.clone());
                thread::spawn(move || {
                    // A caller that gave up leaves a connection without a request.
                    let _ = serve(knock.unwrap(), &emulator, &told, &*decide);
                });
            }
        });
        Door { endpoint, calls }
    }

    /// How often an action was called.
    pub fn count(&self, action: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|call| *call == action).count()
    }
}

/// What DynamoDB says instead of doing something.
pub fn refusal(code: &str) -> Fate {
    let code = format!("com.amazonaws.dynamodb.v20120810#{code}");
    Fate::Answered(400, json!({ "__type": code, "message": "a sentence that may quote secret-7" }))
}

/// What DynamoDB says of a transaction with these reasons.
pub fn cancelled(reasons: &[&str]) -> Fate {
    let reasons: Vec<Value> = reasons.iter().map(|code| json!({ "Code": code })).collect();
    let code = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    Fate::Answered(400, json!({ "__type": code, "Message": "cancelled", "CancellationReasons": reasons }))
}

fn serve(
    mut caller: TcpStream,
    emulator: &str,
    told: &Mutex<Vec<String>>,
    decide: &(impl Fn(&str, &Value) -> Fate + ?Sized),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(caller.try_clone()?);
    let (mut action, mut length, mut head) = (String::new(), 0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line == "\r\n" {
            break;
        }
        let (name, value) = line.trim_end().split_once(':').unwrap_or((line.trim_end(), ""));
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => {
                action = value.rsplit('.').next().unwrap().to_owned();
                head += &line;
            }
            "content-length" => length = value.trim().parse().unwrap(),
            "connection" => {}
            _ => head += &line,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    told.lock().unwrap().push(action.clone());
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let (asked, lost) = match decide(&action, &asked) {
        Fate::Through => (asked, false),
        Fate::As(other) => (other, false),
        Fate::Lost => (asked, true),
        Fate::Answered(status, answer) => return say(&mut caller, status, &answer),
    };
    let body = asked.to_string();
    let mut service = TcpStream::connect(emulator)?;
    write!(service, "{head}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = Vec::new();
    service.read_to_end(&mut answer)?;
    if lost {
        return say(&mut caller, 500, &json!({ "__type": "InternalServerError" }));
    }
    caller.write_all(&answer)
}

fn say(caller: &mut TcpStream, status: u16, answer: &Value) -> std::io::Result<()> {
    let body = answer.to_string();
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Said\r\ncontent-type: application/x-amz-json-1.0\r\nconnection: close");
    write!(caller, "{head}\r\ncontent-length: {length}\r\n\r\n{body}")
}
