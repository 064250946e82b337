//! Dead letters: messages of a queue of their own, put there by us with what went wrong, or by SQS without a word.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName};
use jiff::Timestamp;
use mapping::employee::EmployeeKey;
use mapping::request::{SyncRequest, Trigger};

use super::{BATCH, Handling, Queues, message, push, receipts};
use crate::error::StateError;
use crate::queue::{DeadLetter, Lease};

/// How long the dead letters are out of sight of others while somebody reads them, in seconds.
const READING: i32 = 60;
/// How often the queue is asked for ten more. Thousands of dead letters have one cause; what is beyond can be had once
/// these are replayed.
const LOOKS: usize = 500;
/// The longest error that goes with a letter, in bytes. What a vendor says is cut elsewhere already.
const ERROR_LIMIT: usize = 1024;
/// How the last try of a message ended that SQS itself moved here.
const DIED: &str = "the function that worked on it ended or ran out of time, again and again; look at its log, \
    then run `hirewire replay`";

const ERROR: &str = "error";
const ATTEMPTS: &str = "attempts";
const AT: &str = "at";

/// A dead letter in hand.
struct Letter {
    handle: String,
    /// `None` is: it names nobody, so that nobody can be looked at again either.
    about: Option<DeadLetter>,
}

impl Queues {
    /// One SendMessageBatch and [`Queues::finish`]. A crash in between leaves two letters, of which the newer counts.
    pub(crate) async fn bury(&self, lease: &Lease, now: Timestamp, error: &str) -> Result<(), StateError> {
        receipts(lease)?;
        let text = |value: String| MessageAttributeValue::builder().data_type("String").string_value(value).build();
        let mut attributes = HashMap::from([
            (ATTEMPTS.to_owned(), text(lease.attempt.to_string()).expect("its type is there")),
            (AT.to_owned(), text(now.to_string()).expect("its type is there")),
        ]);
        let error = plain(error);
        if !error.is_empty() {
            attributes.insert(ERROR.to_owned(), text(error).expect("its type is there"));
        }
        let mut entry = push::entry(0, lease.request.key.to_string(), message::bare(&lease.request));
        entry.message_attributes = Some(attributes);
        let url = self.given_up.url(&self.client).await?;
        self.send(&self.given_up, url, vec![entry]).await?;
        self.finish(lease).await
    }

    /// One ReceiveMessage for every ten letters and one that finds no more; one ChangeMessageVisibilityBatch for every
    /// ten. Of several letters of one person all but the newest are deleted on the way.
    pub(crate) async fn dead(&self, limit: usize) -> Result<Vec<DeadLetter>, StateError> {
        let (mut held, mut newest) = (Vec::new(), HashMap::new());
        for _ in 0..LOOKS {
            let letters = self.letters().await?;
            if letters.is_empty() {
                break;
            }
            // A person's letters come in their order, ten at most, and no more while one of them is in hand: whoever
            // has several is asked for again, without the older ones, until there is one.
            let mut people: HashMap<EmployeeKey, Vec<Letter>> = HashMap::new();
            for letter in letters {
                match &letter.about {
                    Some(about) => people.entry(about.key.clone()).or_default().push(letter),
                    None => held.push(letter.handle),
                }
            }
            let (mut older, mut again) = (Vec::new(), Vec::new());
            for (key, mut letters) in people {
                let Some(Letter { handle, about: Some(last) }) = letters.pop() else { continue };
                if letters.is_empty() {
                    held.push(handle)
                } else {
                    again.push(handle)
                }
                older.extend(letters.into_iter().map(|letter| letter.handle));
                newest.insert(key, last);
            }
            unless_lost(self.handle(&self.given_up, older, Handling::Delete).await)?;
            unless_lost(self.handle(&self.given_up, again, Handling::Hide(0)).await)?;
        }
        unless_lost(self.handle(&self.given_up, held, Handling::Hide(0)).await)?;
        let mut dead: Vec<DeadLetter> = newest.into_values().collect();
        dead.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.key.cmp(&b.key)));
        dead.truncate(limit);
        Ok(dead)
    }

    /// For every ten letters a ReceiveMessage, a SendMessageBatch and a DeleteMessageBatch. The letter goes after its
    /// hint is on the queue: a crash in between looks at somebody once more.
    pub(crate) async fn replay(&self, key: Option<&EmployeeKey>, now: Timestamp) -> Result<usize, StateError> {
        let (mut people, mut held) = (HashSet::new(), Vec::new());
        for _ in 0..LOOKS {
            let letters = self.letters().await?;
            if letters.is_empty() {
                break;
            }
            let (mut hints, mut done) = (Vec::new(), Vec::new());
            for Letter { handle, about } in letters {
                match about {
                    Some(about) if key.is_none_or(|wanted| *wanted == about.key) => {
                        hints.push(SyncRequest::hint(about.key, Trigger::Replay, now));
                        done.push(handle);
                    }
                    Some(_) | None => held.push(handle),
                }
            }
            self.push(&hints).await?;
            unless_lost(self.handle(&self.given_up, done, Handling::Delete).await)?;
            people.extend(hints.into_iter().map(|hint| hint.key));
        }
        unless_lost(self.handle(&self.given_up, held, Handling::Hide(0)).await)?;
        Ok(people.len())
    }

    async fn letters(&self) -> Result<Vec<Letter>, StateError> {
        let messages = self.receive(&self.given_up, BATCH, READING).await?;
        Ok(messages.into_iter().filter_map(read).collect())
    }
}

/// A letter whose time in hand ran out is in sight again, or in the hands of another reader.
fn unless_lost(result: Result<(), StateError>) -> Result<(), StateError> {
    match result {
        Err(StateError::Conflict) => Ok(()),
        other => other,
    }
}

fn read(message: Message) -> Option<Letter> {
    let said = message.message_attributes.clone().unwrap_or_default();
    let said = |name: &str| said.get(name).and_then(|value| value.string_value.clone());
    let sent = message.attributes.as_ref().and_then(|a| a.get(&MessageSystemAttributeName::SentTimestamp).cloned());
    let sent = sent.and_then(|millis| Timestamp::from_millisecond(millis.parse().ok()?).ok());
    let delivery = message::delivery(message)?;
    let sent = sent.unwrap_or(Timestamp::UNIX_EPOCH);
    let about =
        message::read(&delivery.body, &delivery.group, sent).map(|SyncRequest { key, trigger, .. }| {
            match said(AT).and_then(|at| at.parse().ok()) {
                Some(at) => {
                    let error = said(ERROR).unwrap_or_default();
                    DeadLetter { key, trigger, attempts: message::taken(said(ATTEMPTS)), error, at }
                }
                None => DeadLetter { key, trigger, attempts: delivery.attempt, error: DIED.to_owned(), at: sent },
            }
        });
    Some(Letter { handle: delivery.handle, about })
}

/// An error as an attribute takes it: no control characters, none of the two that SQS refuses, and not too long.
fn plain(error: &str) -> String {
    let refused = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    let text: String = error.chars().map(|c| if refused(c) { ' ' } else { c }).collect();
    text[..text.floor_char_boundary(ERROR_LIMIT)].to_owned()
}
