//! What can be set about the simulated company: permissions, and one switch for each thing nobody could confirm.

use std::collections::BTreeSet;

use jiff::civil::Time;

/// Permissions, and the behaviours that the fact sheet marks UNCONFIRMED. The defaults are the likeliest guess, or
/// where two guesses are as likely, the one that hurts a careless client more.
#[derive(Clone, Debug)]
pub struct Switches {
    /// Fields (alias or numeric id) that the key may not see: left out of a 200 without a word; `null` plus
    /// `_restrictedFields` in the list endpoint.
    pub hidden_fields: BTreeSet<String>,
    /// Employees (by id) that the key may not see: 403 on the record, left out of reports and lists.
    pub hidden_employees: BTreeSet<String>,
    /// The employee whose user made the key; `GET /employees/0` answers its id, or `0` where `None`.
    pub key_employee: Option<String>,
    /// Whether the directory is shared; off, it answers 403 `Directory disabled for this account`.
    pub directory_shared: bool,
    /// Whether the time off feature is on; off, it answers 403.
    pub time_off_on: bool,
    /// Whether the list of requests for time off looks at `status`, `employeeId` and `type`.
    pub time_off_filtered: bool,
    /// Whether an API key may use the newer `GET /employees` list.
    pub list_access: Access,
    /// Whether an API key may use `/hris/org/locations`.
    pub location_access: Access,
    /// Page size of the list where none is asked for.
    pub list_page: usize,
    /// The largest page of the list; a larger `page[limit]` is cut to this.
    pub list_page_most: usize,
    /// So many unknown keys in a row lock everyone out; 0 for never.
    pub lock_out_after: u32,
    /// How long a lock-out lasts, in seconds of the simulated clock.
    pub lock_out_seconds: i64,
    /// Whether `since` of the changed list includes that very second.
    pub since_inclusive: bool,
    /// What `employees` is in an empty changed list.
    pub empty_changed: EmptyChanged,
    /// What `latest` is in an empty changed list.
    pub empty_latest: EmptyLatest,
    /// Whether the mere arrival of a row's effective date bumps `lastChanged`.
    pub arrival_bumps_last_changed: bool,
    /// Whether the report honours `filters.employeeIds`.
    pub report_honours_employee_ids: bool,
    /// Whether people who have not started yet are in the report with `onlyCurrent=true`.
    pub report_has_future_hires: bool,
    /// Whether `filterDuplicates: "no"` repeats a person once per job row.
    pub raw_rows_repeat_people: bool,
    /// `status` of someone who has not started yet, with `onlyCurrent=true`.
    pub future_hire_status: FutureHireStatus,
    /// How an empty date is spelt.
    pub empty_date: Empty,
    /// How any other empty value is spelt.
    pub empty_text: Empty,
    /// Ids as JSON numbers instead of strings.
    pub ids_as_numbers: bool,
    /// Whether the old `terminationDate` stays visible after a rehire.
    pub rehire_keeps_termination_date: bool,
    /// The company's time of day at which a history row takes effect on its date. To be set before people are.
    pub rows_take_effect_at: Time,
    /// The company's time of day at which a termination takes effect on its date; 23:59 by the vendor's help page.
    pub ends_take_effect_at: Time,
    /// Which of two rows with the same date counts: the one saved later, or the earlier.
    pub later_row_wins: bool,
    /// Whether `GET /employees/{id}` without `fields` answers the names too (older documentation) or the id only.
    pub names_by_default: bool,
    /// Whether `GET /employees/{id}` knows the list endpoint's names too (`jobTitleName`, `birthDate`, ...).
    pub list_names_on_record: bool,
    /// Whether a renamed list option (job title, department, ...) bumps `lastChanged` of everyone who has it.
    pub rename_bumps_last_changed: bool,
    /// How webhooks spell their time stamps.
    pub webhook_stamp: Stamp,
    /// Field-based webhooks in the 2022 form: values wrapped in `{"value": ...}`, no action, no time stamp.
    pub webhook_values_wrapped: bool,
    /// Whether a creation fires `created` and then `updated`, as documented.
    pub created_then_updated: bool,
    /// Whether standard and custom fields that changed together come as two events.
    pub custom_fields_apart: bool,
    /// Whether field-based events that wait for the same webhook travel in one body.
    pub webhook_batches: bool,
    /// Whether `http://` to loopback is taken as a webhook's address; the vendor takes `https://` only.
    pub webhook_loopback_http: bool,
    /// Whether the old `frequency` and `limit` keys of a webhook are refused instead of ignored.
    pub webhook_refuses_schedule: bool,
    /// Whether the delivery log is over its rate limit: HTTP 200 with an error in it.
    pub webhook_log_limited: bool,
    /// Minutes between the attempts at one delivery.
    pub webhook_retry_minutes: Vec<i64>,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            hidden_fields: BTreeSet::new(),
            hidden_employees: BTreeSet::new(),
            key_employee: None,
            directory_shared: true,
            time_off_on: true,
            time_off_filtered: true,
            list_access: Access::Open,
            location_access: Access::Open,
            list_page: 250,
            list_page_most: 2500,
            lock_out_after: 5,
            lock_out_seconds: 300,
            since_inclusive: true,
            empty_changed: EmptyChanged::Array,
            empty_latest: EmptyLatest::Since,
            arrival_bumps_last_changed: false,
            report_honours_employee_ids: true,
            report_has_future_hires: true,
            raw_rows_repeat_people: false,
            future_hire_status: FutureHireStatus::Active,
            empty_date: Empty::Zeroes,
            empty_text: Empty::Null,
            ids_as_numbers: false,
            rehire_keeps_termination_date: false,
            rows_take_effect_at: Time::midnight(),
            ends_take_effect_at: Time::constant(23, 59, 0, 0),
            later_row_wins: true,
            names_by_default: false,
            list_names_on_record: false,
            rename_bumps_last_changed: false,
            webhook_stamp: Stamp::Offset,
            webhook_values_wrapped: false,
            created_then_updated: true,
            custom_fields_apart: false,
            webhook_batches: false,
            webhook_loopback_http: true,
            webhook_refuses_schedule: false,
            webhook_log_limited: false,
            webhook_retry_minutes: vec![5, 10, 20, 40, 80],
        }
    }
}

/// Whether a key may use an endpoint that is documented for OAuth only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It may.
    Open,
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
}

/// What `employees` is in an empty changed list; the vendor's language makes no difference between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyChanged {
    /// `{}`
    Object,
    /// `[]`
    Array,
}

/// What `latest` is in an empty changed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyLatest {
    /// The `since` that was asked for.
    Since,
    /// The moment of the answer.
    Now,
    /// `null`
    Null,
    /// `""`
    Text,
    /// No such key.
    Absent,
}

/// `status` of someone who has not started yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FutureHireStatus {
    /// As the recorded report shows it.
    Active,
    /// As the datasets' documentation says it.
    Inactive,
}

/// How an empty value is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// `"0000-00-00"`; for dates.
    Zeroes,
    /// `null`
    Null,
    /// `""`
    Text,
}

/// How webhooks spell UTC; the vendor's own pages have both, and strict RFC 3339 parsers refuse the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// `2026-01-31T18:42:00+0000`
    Offset,
    /// `2026-01-31T18:42:00Z`
    Zulu,
}
