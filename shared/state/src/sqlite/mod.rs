//! The home on one machine: a SQLite file that several processes may use at once.

mod columns;
mod keepsakes;
mod ledger;
mod people;
mod queue;
mod requests;
mod schema;
mod store;

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::error::StateError;

/// How long to wait for another process that writes. The longest write, a survey of a hundred thousand people put on
/// the queue, takes a few seconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);
/// Between two tries at what SQLite does not wait for by itself.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
/// Statements kept ready: all there are.
const STATEMENTS: usize = 64;
/// How much of the write-ahead log is kept on disk after a large write, in bytes.
const LOG_LIMIT: i64 = 64 * 1024 * 1024;

/// An open file. Cheap to clone: all clones are the same connection, used by one at a time.
#[derive(Clone)]
pub struct Database(Arc<Mutex<Connection>>);

/// What goes wrong inside this home.
#[derive(Debug)]
pub(crate) enum Fault {
    Sql(rusqlite::Error),
    State(StateError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault::Sql(error)
    }
}

impl From<StateError> for Fault {
    fn from(error: StateError) -> Fault {
        Fault::State(error)
    }
}

impl From<Fault> for StateError {
    fn from(fault: Fault) -> StateError {
        let error = match fault {
            Fault::State(error) => return error,
            Fault::Sql(error) => error,
        };
        // SQLite's own words name tables and columns, never values.
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::Unknown,
            )
            // No code: a column holds another type than we wrote.
            | None => StateError::Corrupt(error.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                StateError::Unavailable(format!("another process has been writing for {} s", BUSY_TIMEOUT.as_secs()))
            }
            Some(_) => StateError::Unavailable(error.to_string()),
        }
    }
}

impl Database {
    /// Opens a file, or makes one that its owner alone may read: it holds personal data.
    ///
    /// # Errors
    /// When it cannot be reached, or is not ours, or is a newer Hirewire's.
    pub fn open(path: &Path) -> Result<Database, StateError> {
        // An absolute path is never one of SQLite's special names, such as `:memory:`.
        let absolute = std::path::absolute(path);
        let path = absolute.map_err(|error| StateError::Unavailable(format!("{}: {error}", path.display())))?;
        let place = |error: std::io::Error| StateError::Unavailable(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(place)?;
        }
        // SQLite gives its side files (-wal, -shm) the permissions of this one.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(place(error)),
        }
        let connection = aside(|| connect(&path)).map_err(|fault| match StateError::from(fault) {
            StateError::Unavailable(why) => StateError::Unavailable(format!("{}: {why}", path.display())),
            StateError::Corrupt(why) => StateError::Corrupt(format!("{}: {why}", path.display())),
            error @ (StateError::Conflict | StateError::TooNew { .. }) => error,
        })?;
        Ok(Database(Arc::new(Mutex::new(connection))))
    }

    /// One read.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, StateError> {
        aside(|| Ok(work(&self.0.lock().unwrap_or_else(PoisonError::into_inner))?))
    }

    /// One transaction. It takes the write lock at once, because what it reads first decides what it writes.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, StateError> {
        aside(|| {
            let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Fault::Sql)?;
            let done = work(&transaction)?;
            transaction.commit().map_err(Fault::Sql)?;
            Ok(done)
        })
    }
}

/// Runs what may wait for the disk, for another process or for a bulk write of ours, without holding up other tasks,
/// and without a copy of what it works on, as `spawn_blocking` would need.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // One thread only: there is nowhere else to go.
        _ => work(),
    }
}

fn connect(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Looked at before anything is written: a stranger's file stays as it is. In a transaction, so that another process
    // that is just making the tables is seen before or after, not halfway.
    schema::check(&*connection.transaction()?)?;
    write_ahead(&connection)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

/// Lets readers and the writer work side by side. Only a new file is really changed, and if several open it at once,
/// SQLite refuses all but one without waiting: so we wait.
fn write_ahead(connection: &Connection) -> Result<(), Fault> {
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && started.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(BUSY_PAUSE);
            }
            answer => return Ok(answer?),
        }
    }
}
