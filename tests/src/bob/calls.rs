//! How often a caller may call: windows of a minute, and the firewall before them. Both are real time, whatever the
//! company's clock says.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::switches::Switches;

/// So many refusals within [`FIREWALL_SPAN`] are an attack.
const FIREWALL_REFUSALS: usize = 50;
const FIREWALL_SPAN: Duration = Duration::from_secs(10);
/// How long a blocked caller stays blocked.
const FIREWALL_BLOCK: Duration = Duration::from_secs(300);
/// What the headers say where no number is known.
const UNKNOWN_LIMIT: u32 = 1000;

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Endpoint {
    /// `POST /people/search`
    Search,
    /// `POST /people/{id}`
    One,
    /// `GET /company/people/fields`
    Fields,
    /// Named lists.
    Lists,
    /// Tables, one person's and many people's.
    Tables,
    /// Everything else.
    Other,
}

/// What the headers of an answer say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// Unix time.
    pub(super) reset: u64,
    /// Seconds from now until then.
    pub(super) wait: u64,
    /// Whether this call is one too many.
    pub(super) exceeded: bool,
}

/// Who called how often.
#[derive(Debug, Default)]
pub(super) struct Calls {
    windows: BTreeMap<Endpoint, (Instant, u32)>,
    refusals: VecDeque<(Instant, u16, String)>,
    /// By credentials; everybody's where there are none.
    blocked: BTreeMap<Option<String>, Instant>,
}

impl Calls {
    /// Counts a call.
    pub(super) fn count(&mut self, endpoint: Endpoint, switches: &Switches) -> Allowance {
        let limit = match endpoint {
            Endpoint::Search => switches.search_limit,
            Endpoint::One => switches.read_limit,
            Endpoint::Fields | Endpoint::Lists => switches.metadata_limit,
            Endpoint::Tables | Endpoint::Other => None,
        };
        let now = Instant::now();
        let window = self.windows.entry(endpoint).or_insert((now, 0));
        if now.duration_since(window.0) >= switches.rate_window {
            *window = (now, 0);
        }
        window.1 += 1;
        let wait = switches.rate_window.saturating_sub(now.duration_since(window.0));
        let reset = SystemTime::now() + wait;
        let reset = reset.duration_since(UNIX_EPOCH).expect("this is not 1970").as_secs();
        let shown = limit.unwrap_or(UNKNOWN_LIMIT);
        Allowance {
            limit: shown,
            remaining: shown.saturating_sub(window.1),
            reset,
            wait: wait.as_secs() + 1,
            exceeded: limit.is_some_and(|limit| window.1 > limit),
        }
    }

    /// Whether the firewall lets nobody with these credentials through.
    pub(super) fn is_blocked(&self, credentials: &str) -> bool {
        let holds = |who: &Option<String>| self.blocked.get(who).is_some_and(|at| at.elapsed() < FIREWALL_BLOCK);
        holds(&None) || holds(&Some(credentials.to_owned()))
    }

    /// Notes an answer. All callers have one address here, so too many 401 block everybody, too many 403 the
    /// credentials that had them.
    pub(super) fn note(&mut self, status: u16, credentials: &str) {
        if status != 401 && status != 403 {
            return;
        }
        let now = Instant::now();
        self.refusals.push_back((now, status, credentials.to_owned()));
        self.refusals.retain(|(at, ..)| now.duration_since(*at) < FIREWALL_SPAN);
        let like =
            |(_, known, whose): &&(Instant, u16, String)| *known == status && (status == 401 || whose == credentials);
        if self.refusals.iter().filter(like).count() >= FIREWALL_REFUSALS {
            self.blocked.insert((status == 403).then(|| credentials.to_owned()), now);
        }
    }

    /// Everybody may try again.
    pub(super) fn forget(&mut self) {
        *self = Calls::default();
    }
}
