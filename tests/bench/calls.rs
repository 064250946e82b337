//! Calls, as the simulators count them.

use tests::town::Town;

/// Calls to both vendors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// To HR; all of them read.
    pub hr: u64,
    /// To JumpCloud, reading.
    pub reads: u64,
    /// To JumpCloud, writing.
    pub writes: u64,
    /// Of the writes: accounts made.
    pub accounts: u64,
    /// Of the writes: groups made.
    pub groups: u64,
    /// Of the writes: groups entered or left.
    pub memberships: u64,
}

impl Calls {
    /// Since the counts were last forgotten.
    pub fn of(town: &Town) -> Calls {
        let jumpcloud = town.jumpcloud.traffic().calls();
        let of = |name: &str| jumpcloud.get(name).copied().unwrap_or_default();
        let writes = town.jumpcloud.writes();
        Calls {
            hr: town.bamboohr.traffic().total(),
            reads: jumpcloud.values().sum::<u64>() - writes,
            writes,
            accounts: of("POST /api/systemusers"),
            groups: of("POST /api/v2/usergroups"),
            memberships: of("POST /api/v2/usergroups/{id}/members"),
        }
    }

    /// Forgets the counts.
    pub fn forget(town: &Town) {
        town.bamboohr.traffic().reset();
        town.jumpcloud.traffic().reset();
    }

    /// All of them.
    pub fn all(&self) -> u64 {
        self.hr + self.reads + self.writes
    }
}
