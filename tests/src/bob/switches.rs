//! What can be set about the simulated company: permissions, and one switch for each thing nobody could confirm.

use std::collections::BTreeSet;
use std::time::Duration;

/// Permissions, and the behaviours that the fact sheet marks UNCONFIRMED. The defaults are what somebody measured, or
/// the likeliest guess, or where two guesses are as likely, the one that hurts a careless client more.
#[derive(Clone, Debug)]
pub struct Switches {
    /// Field ids (`work.title`) and categories (`lifecycle`) that the service user may not see: left out of a 200
    /// without a word; a hidden category's table answers 403.
    pub hidden_fields: BTreeSet<String>,
    /// People (by id) outside the service user's audience: left out of searches without a word.
    pub hidden_people: BTreeSet<String>,
    /// Whether the audience still has the condition that a new permission group begins with: lifecycle status
    /// Employed.
    pub audience_employed_only: bool,
    /// What reading one hidden person answers.
    pub hidden_one: HiddenOne,
    /// Whether the service user may view histories; without it tables answer 403.
    pub histories: bool,
    /// Whether a read of one person is wrapped in `{"employees":[..]}`, as the specification has it.
    pub one_wrapped: bool,
    /// Whether the field metadata is wrapped in `{"fields":[..]}`, as one newer description has it.
    pub fields_wrapped: bool,
    /// Whether named lists have `items` and all lists are an array, as the specification has it; `values` and a map
    /// otherwise.
    pub lists_documented: bool,
    /// Whether searches answer with the newest person first.
    pub newest_first: bool,
    /// For how long, on the simulated clock, reads still see what was before a write, in seconds. Up to 20 by the
    /// vendor's page, 0.7 measured.
    pub read_lag_seconds: i64,
    /// Searches a minute, on the real clock; `None` for no limit.
    pub search_limit: Option<u32>,
    /// Reads of one person a minute; the number is not known.
    pub read_limit: Option<u32>,
    /// Reads of metadata and of lists a minute, each.
    pub metadata_limit: Option<u32>,
    /// How long a window of the rate limits is: a minute, in real time.
    pub rate_window: Duration,
    /// Whether a 429 says `Retry-After` too.
    pub retry_after: bool,
    /// Whether 50 answers of 401, or of 403, within ten seconds block the caller for five minutes, in real time.
    pub firewall: bool,
    /// How the body of a 401 for wrong credentials reads; empty without credentials, as measured.
    pub wrong_token_body: String,
    /// Whether somebody on garden leave keeps access: an older help page says so.
    pub garden_leave_keeps_access: bool,
    /// Whether somebody is still employed on the termination date itself.
    pub terminated_the_day_after: bool,
    /// Whether somebody who is hired again for a day to come is `hired` until then, or stays `terminated`.
    pub rehire_shows_hired: bool,
    /// Whether termination date and last day of work stay after a rehire.
    pub rehire_keeps_termination: bool,
    /// How readable dates are written.
    pub readable_dates: ReadableDates,
    /// How an update names the fields that changed.
    pub field_updates: FieldUpdates,
    /// Whether `triggeredAt` is the company's local time instead of UTC; it has no zone either way.
    pub triggered_at_local: bool,
    /// Whether the arrival of a dated row fires `employee.updated`; by the vendor's words only explicit changes do.
    pub arrival_fires: bool,
    /// Whether a change made in a table fires `table.entry.created` beside `employee.updated`.
    pub table_events: bool,
    /// Whether a ping is signed.
    pub ping_signed: bool,
    /// Whether any 2xx is as good as a 200 for a delivery.
    pub any_success_will_do: bool,
    /// Whether what follows a failed delivery waits for it, so that the order is kept.
    pub in_order: bool,
    /// Minutes between the attempts at one delivery; they end within three days.
    pub retry_minutes: Vec<i64>,
    /// Every so many-th delivery is lost; 0 for none.
    pub lose_every: usize,
    /// Every delivery comes twice.
    pub twice: bool,
    /// What is due is sent last first.
    pub reversed: bool,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            hidden_fields: BTreeSet::new(),
            hidden_people: BTreeSet::new(),
            audience_employed_only: false,
            hidden_one: HiddenOne::NotFound,
            histories: true,
            one_wrapped: false,
            fields_wrapped: false,
            lists_documented: false,
            newest_first: false,
            read_lag_seconds: 0,
            search_limit: Some(50),
            read_limit: None,
            metadata_limit: Some(50),
            rate_window: Duration::from_secs(60),
            retry_after: false,
            firewall: true,
            wrong_token_body: r#"{"key":"tokenNotMatch","error":"tokenNotMatch"}"#.to_owned(),
            garden_leave_keeps_access: false,
            terminated_the_day_after: false,
            rehire_shows_hired: true,
            rehire_keeps_termination: false,
            readable_dates: ReadableDates::MonthFirst,
            field_updates: FieldUpdates::Objects,
            triggered_at_local: false,
            arrival_fires: false,
            table_events: true,
            ping_signed: true,
            any_success_will_do: false,
            in_order: true,
            retry_minutes: vec![1, 10, 20, 40, 80, 160, 320, 640, 1280, 1280],
            lose_every: 0,
            twice: false,
            reversed: false,
        }
    }
}

/// What reading one hidden person answers; only searches are known to leave them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenOne {
    /// 404, as if there were no such person.
    NotFound,
    /// 403.
    Forbidden,
    /// 200 with nothing in it.
    Nothing,
}

/// How readable dates are written: the company chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadableDates {
    /// `03/16/2026`
    MonthFirst,
    /// `16/03/2026`
    DayFirst,
}

/// How `data.fieldUpdates` of an update names fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldUpdates {
    /// `[{"id":"root.surname"}]`
    Objects,
    /// `["root.surname"]`
    Texts,
    /// No such key.
    Absent,
}
