//! Long work shows how far it is, on standard error, where somebody watches.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use workflow::Progress;

/// One bar that follows the work through its stages; nothing at all where nobody watches.
pub struct Bar(ProgressBar);

impl Bar {
    /// Ready.
    pub fn new() -> Bar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.enable_steady_tick(Duration::from_millis(120));
        let bar = Bar(bar);
        bar.stage("asking HR for everyone", None);
        bar
    }

    /// So many people are waiting to be worked on.
    pub fn expect(&self, people: usize) {
        self.stage("working", Some(people));
    }

    /// So many of those expected are done, by others.
    pub fn reached(&self, done: usize) {
        self.0.set_position(done as u64);
    }

    /// Follows the work.
    pub fn follow(&self, progress: Progress) {
        match progress {
            Progress::Roster { people } => self.stage(&format!("HR lists {people}; reading JumpCloud"), None),
            Progress::Accounts { read, total } => {
                self.stage("reading JumpCloud", Some(total));
                self.0.set_position(read as u64);
            }
            Progress::Planned { people, total } => {
                self.stage("planning", Some(total));
                self.0.set_position(people as u64);
            }
            Progress::Worked { done, .. } => {
                if self.0.length().is_some_and(|length| (done as u64) > length) {
                    self.0.set_length(done as u64);
                }
                self.0.set_position(done as u64);
            }
        }
    }

    fn stage(&self, name: &str, length: Option<usize>) {
        let template = match length {
            Some(_) => "{spinner} {msg} [{bar:30}] {pos}/{len} {per_sec} eta {eta}",
            None => "{spinner} {msg} {elapsed}",
        };
        self.0.set_style(ProgressStyle::with_template(template).expect("a literal").progress_chars("=> "));
        match length {
            Some(length) => self.0.set_length(length as u64),
            None => self.0.unset_length(),
        }
        self.0.set_message(name.to_owned());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
