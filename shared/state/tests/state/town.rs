//! People, times and a home to try things on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use jiff::{SignedDuration, Timestamp};
use mapping::account::AccountId;
use mapping::configuration::HomeRef;
use mapping::employee::{ConnectionName, Employee, EmployeeId, EmployeeKey, Fields, Reading, Stage};
use mapping::request::{Evidence, Observation, SyncRequest, Trigger};
use mapping::status::{Note, Status};
use state::{AuditKind, AuditRow, Lease, Life, Queue, Record, StateError, Store};
use tests::aws::{Account, REGION};

pub fn connection(name: &str) -> ConnectionName {
    ConnectionName::parse(name).unwrap()
}

pub fn employee(id: &str) -> EmployeeId {
    EmployeeId::parse(id).unwrap()
}

/// Of the connection `acme`, unless written `connection:id`.
pub fn who(name: &str) -> EmployeeKey {
    EmployeeKey::parse(name).unwrap_or_else(|| EmployeeKey { connection: connection("acme"), id: employee(name) })
}

pub fn account(number: usize) -> AccountId {
    AccountId::parse(&format!("{number:024x}")).unwrap()
}

/// So many seconds after nine on the day of the test.
pub fn at(seconds: i64) -> Timestamp {
    "2026-03-02T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

pub fn record(name: &str) -> Record {
    Record {
        key: who(name),
        label: format!("{name} of Acme"),
        account: None,
        username: None,
        status: Status::Synced,
        notes: vec![Note::OwnManager],
        suspended_by_us: false,
        groups: BTreeSet::new(),
        life: Life::default(),
        waits_for: None,
        fingerprint: None,
        observed_at: None,
        next_change: None,
        last_sync: at(0),
        trigger: Trigger::Webhook,
        version: 0,
    }
}

pub fn hint(name: &str, asked: i64) -> SyncRequest {
    SyncRequest::hint(who(name), Trigger::Webhook, at(asked))
}

pub fn observed(name: &str, asked: i64, observed: i64) -> SyncRequest {
    let employee = Employee {
        key: who(name),
        observed_at: at(observed),
        employment: Reading::Hidden,
        stage: Stage::Unsaid,
        status: Reading::Hidden,
        starts: Reading::Hidden,
        ends: Reading::Empty,
        last_day: Reading::Empty,
        absences: Vec::new(),
        manager: Reading::Hidden,
        zone: None,
        fields: Fields::from_iter([("firstName".to_owned(), Reading::Is(name.to_owned()))]),
    };
    let observation = Some(Observation { employee, evidence: Evidence::CompleteList });
    SyncRequest { observation, ..hint(name, asked) }
}

pub fn after(name: &str, manager: &str) -> SyncRequest {
    SyncRequest { after: Some(who(manager)), ..hint(name, 0) }
}

pub fn row(id: &str, name: &str, moment: i64, kind: AuditKind, answers: Option<&str>) -> AuditRow {
    AuditRow {
        id: id.to_owned(),
        key: who(name),
        at: at(moment),
        trigger: Trigger::Poll,
        kind,
        answers: answers.map(str::to_owned),
        plan: (kind == AuditKind::Intent).then(|| r#"{"actions":[]}"#.to_owned()),
        text: format!("{id} in words"),
        rules: "v7".to_owned(),
        actions: usize::from(kind == AuditKind::Done),
    }
}

/// Leases for a minute; the names of who was taken, in order.
pub async fn lease(queue: &Queue, now: i64, limit: usize) -> Vec<Lease> {
    queue.lease(at(now), at(now + 60), limit).await.unwrap()
}

pub fn names(leases: &[Lease]) -> Vec<&str> {
    leases.iter().map(|lease| lease.request.key.id.as_str()).collect()
}

#[track_caller]
pub fn is_conflict<T: std::fmt::Debug>(answer: Result<T, StateError>) {
    assert!(matches!(answer, Err(StateError::Conflict)), "{answer:?}");
}

pub async fn open(path: &Path) -> Result<(Store, Queue), StateError> {
    state::open(&HomeRef::Machine(path.to_str().unwrap().to_owned())).await
}

/// A home in a folder of its own.
pub struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    pub fn new() -> Scratch {
        Scratch { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("kept/hirewire.db")
    }

    pub async fn open(&self) -> (Store, Queue) {
        open(&self.path()).await.unwrap()
    }
}

/// The name of every test's installation on AWS; each is in an account of its own.
pub const INSTALLATION: &str = "hirewire";

/// A home in an AWS account of its own.
pub struct Cloud {
    pub account: Account,
}

impl Cloud {
    pub async fn new() -> Cloud {
        let account = Account::open();
        account.make_home(INSTALLATION).await;
        Cloud { account }
    }

    pub fn open(&self) -> (Store, Queue) {
        state::open_aws(&config(&self.account.id, &self.account.endpoint), INSTALLATION, INSTALLATION)
    }
}

/// What the SDK needs to know of an account in the emulator, or of something else that answers at `endpoint`.
pub fn config(account: &str, endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new(account, "test", None, None, "a test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        // As often as in earnest, and without waiting long for what is near.
        .retry_config(RetryConfig::standard().with_max_attempts(5).with_initial_backoff(Duration::from_millis(20)))
        .build()
}
