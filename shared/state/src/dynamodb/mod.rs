//! The store on AWS: a table of what is known, and a table of what was done.
//!
//! | in the state table | `pk` | `sk` | besides |
//! |---|---|---|---|
//! | a record | `person#<connection>` | length of the id in two digits, `#`, id | indexes `account` and `due`, only where there is one |
//! | a connection that has records | `connections` | its name | |
//! | who waits for a manager | `waits#<connection>#<manager's id>` | the report's id | the record's version |
//! | a cursor | `cursor#<connection>` | its name | |
//! | a group | `groups` | its name | |
//! | a claim | `claim#<what>` | `-` | `expires` |
//! | a version of the rules | `rules` | `v#` and ten digits | |
//! | which of them counts | `rules` | `current` | |
//!
//! In the log table `pk` is the person and `sk` the moment in twenty digits of microseconds, `#`, 0 for an intent and 1
//! for an outcome, `#`, the row's id.
//!
//! Every read but those of the two indexes is strongly consistent. An index lags behind by a moment: what it says is
//! looked up again in the table where that matters. Nothing here ever reads a whole table.

mod calls;
mod found;
mod items;
mod keepsakes;
mod ledger;
mod people;
mod rules;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use mapping::employee::ConnectionName;

/// Both tables. Cheap to clone.
#[derive(Clone)]
pub struct Tables {
    client: Client,
    /// The name of the table of what is known.
    state: Arc<str>,
    /// The name of the table of what was done.
    log: Arc<str>,
    /// Connections that are listed in the table, as far as this process has seen to it.
    listed: Arc<Mutex<HashSet<ConnectionName>>>,
}

impl Tables {
    /// The tables `<name>-state` and `<name>-log`. Nobody is asked yet.
    pub(crate) fn new(config: &aws_config::SdkConfig, name: &str) -> Tables {
        Tables {
            client: Client::new(config),
            state: format!("{name}-state").into(),
            log: format!("{name}-log").into(),
            listed: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// A whole table is read by mistake only: it costs by the size of the company, and waits for all of it.
    #[test]
    fn no_table_is_ever_read_whole() {
        // Written apart, so that this file may say it.
        let call = [".sc", "an("].concat();
        let mut files = 0;
        for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dynamodb")).unwrap() {
            let path = file.unwrap().path();
            assert!(!fs::read_to_string(&path).unwrap().contains(&call), "{}", path.display());
            files += 1;
        }
        assert!(files >= 7, "the folder was looked at");
    }
}
