//! A connection whose key was refused rests, and `serve` looks whether another key is kept for it.

use std::time::{Duration, Instant};

use mapping::employee::ConnectionName;
use state::Secrets;
use workflow::Site;

/// How often the kept key of a connection that rests is read: a file, or one call of AWS Secrets Manager.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What a look at a connection says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Its key is good, as far as anybody knows.
    Works,
    /// Its key was refused, and is still the same.
    Rests,
    /// Another key is there since this very look: whatever waited is to be done.
    GoesOn,
}

/// One connection's rest. It is told once, however long it lasts.
#[derive(Default)]
pub struct Rest {
    /// When the key was last looked for; `None` is: it does not rest.
    looked: Option<Instant>,
}

impl Rest {
    /// Looks whether it rests, and now and then for another key. The refused one is never tried again: that takes
    /// somebody who starts Hirewire anew.
    pub async fn look(&mut self, name: &ConnectionName, site: &Site, secrets: &Secrets) -> Turn {
        let Some(trouble) = site.refused() else {
            self.looked = None;
            return Turn::Works;
        };
        match self.looked {
            None => tracing::error!(
                connection = name.as_str(),
                error = trouble.for_log(),
                "this connection rests until another key is in its place: `hirewire setup --key` puts it there, and \
                 from a file it is taken within seconds; from the environment, or the same key once it is let in \
                 again, when `serve` is started anew"
            ),
            Some(looked) if looked.elapsed() < LOOK_EVERY => return Turn::Rests,
            Some(_) => {}
        }
        self.looked = Some(Instant::now());
        match site.look_for_another_key(secrets, None).await {
            Ok(true) => {
                tracing::warn!(connection = name.as_str(), "another key is there; work goes on");
                self.looked = None;
                Turn::GoesOn
            }
            Ok(false) => Turn::Rests,
            // It is being replaced, most likely.
            Err(error) => {
                tracing::debug!(connection = name.as_str(), %error, "no key can be read");
                Turn::Rests
            }
        }
    }
}
