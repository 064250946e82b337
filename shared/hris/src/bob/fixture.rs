//! A connection for tests.

use mapping::configuration::{Configuration, Connection};

/// A connection of a company in London, with these sections added to it.
pub(crate) fn connection(sections: &str) -> Connection {
    let text = format!(
        "store = 'sqlite:x'\n[jumpcloud]\napi_key = 'env:J'\n[[connection]]\nname = 'acme'\nsource = 'bob'\n\
         service_user = 'SERVICE-7'\napi_key = 'env:B'\ntime_zone = 'Europe/London'\n{sections}\n"
    );
    let mut file = Configuration::parse(&text).expect("the test's own configuration");
    file.connections.remove(0)
}
