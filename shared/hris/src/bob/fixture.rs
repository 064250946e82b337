//! A connection for tests.

use mapping::configuration::Connection;

use crate::fixture;

/// A connection of a company in London, with these sections added to it.
pub(crate) fn connection(sections: &str) -> Connection {
    fixture::connection("source = 'bob'\nservice_user = 'SERVICE-7'\ntime_zone = 'Europe/London'", sections)
}
