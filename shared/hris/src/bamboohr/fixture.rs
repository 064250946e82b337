//! A connection for tests.

use mapping::configuration::Connection;

use crate::fixture;

/// A connection of the company `acme` in New York, with these sections added to it.
pub(crate) fn connection(sections: &str) -> Connection {
    fixture::connection("source = 'bamboohr'\ncompany = 'acme'\ntime_zone = 'America/New_York'", sections)
}
