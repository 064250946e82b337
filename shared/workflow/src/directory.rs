//! JumpCloud's groups, as far as the rules name them: known by name, found or made once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use jumpcloud::{Fault, Group, JumpCloud};
use mapping::account::{GroupId, GroupName};
use mapping::plan::GroupSeen;
use state::{KnownGroup, StateError, Store};
use tokio::sync::Mutex;

use crate::Trouble;

/// For how long nobody else makes a group that somebody has begun to make.
const CLAIM: SignedDuration = SignedDuration::from_secs(10);
/// How often, and how soon again, somebody else looks whether it is made; then they look in JumpCloud and go on.
const CLAIM_LOOKS: usize = 15;
const CLAIM_PAUSE: Duration = Duration::from_millis(100);

/// For how long nobody asks the store which groups others have come to know.
const GOOD_FOR: Duration = Duration::from_secs(30);

/// The groups that rules name or have named, as last seen.
#[derive(Debug)]
pub struct Directory {
    known: RwLock<BTreeMap<GroupName, KnownGroup>>,
    loaded: RwLock<Instant>,
    /// One at a time makes a group: two workers with the same new department must not make it twice. Each group has a
    /// lock of its own: whoever needs another one does not wait.
    making: RwLock<BTreeMap<GroupName, Arc<Mutex<()>>>>,
}

impl Directory {
    /// What the store knows.
    ///
    /// # Errors
    /// The store's.
    pub async fn load(store: &Store) -> Result<Directory, StateError> {
        let known = RwLock::new(store.groups().await?);
        Ok(Directory { known, loaded: RwLock::new(Instant::now()), making: RwLock::default() })
    }

    /// Asks the store again where another process may know more: of `needed`, groups that somebody is in by our records;
    /// and of all others now and then. Whoever does not know a group can take nobody out of it.
    ///
    /// # Errors
    /// The store's.
    pub async fn keep_up(&self, store: &Store, needed: &BTreeSet<GroupName>) -> Result<(), StateError> {
        let lacks = needed.iter().any(|name| self.id(name).is_none());
        let old = self.loaded.read().expect("no panic while groups are noted").elapsed() >= GOOD_FOR;
        if !lacks && !old {
            return Ok(());
        }
        let stored = store.groups().await?;
        *self.loaded.write().expect("no panic while groups are noted") = Instant::now();
        self.known.write().expect("no panic while groups are noted").extend(stored);
        Ok(())
    }

    /// Every group that rules name or have named.
    pub fn names(&self) -> BTreeSet<GroupName> {
        self.read(|known| known.keys().cloned().collect())
    }

    /// What is known of one group; one never looked for counts as missing.
    pub fn seen(&self, name: &GroupName) -> GroupSeen {
        self.read(|known| match known.get(name) {
            Some(KnownGroup { dynamic: true, .. }) => GroupSeen::Dynamic,
            Some(KnownGroup { id: Some(_), .. }) => GroupSeen::Static,
            Some(KnownGroup { id: None, .. }) | None => GroupSeen::Missing,
        })
    }

    /// Its id.
    pub fn id(&self, name: &GroupName) -> Option<GroupId> {
        self.read(|known| known.get(name).and_then(|group| group.id.clone()))
    }

    /// The names of some groups, by id; those that no rule names are left out.
    pub fn names_of(&self, ids: &[GroupId]) -> BTreeSet<GroupName> {
        let ids: BTreeSet<&GroupId> = ids.iter().collect();
        self.read(|known| {
            let ours = known.iter().filter(|(_, group)| group.id.as_ref().is_some_and(|id| ids.contains(id)));
            ours.map(|(name, _)| name.clone()).collect()
        })
    }

    /// Notes what a full list of groups says of `names`.
    ///
    /// # Errors
    /// The store's.
    pub async fn refresh(
        &self,
        store: Option<&Store>,
        names: &BTreeSet<GroupName>,
        all: &[Group],
    ) -> Result<(), StateError> {
        let mut by_name: BTreeMap<&GroupName, &Group> = BTreeMap::new();
        for group in all {
            // JumpCloud may hold two groups of one name (UNCONFIRMED); the one with the lower id is ours.
            let first = by_name.entry(&group.name).or_insert(group);
            if group.id < first.id {
                *first = group;
            }
        }
        let mut changed = Vec::new();
        for name in names {
            let found = match by_name.get(name) {
                Some(group) => KnownGroup { id: Some(group.id.clone()), dynamic: group.dynamic },
                // Absence says nothing, here neither: whoever asks for its members hears whether it is gone.
                None if self.id(name).is_some_and(|id| !all.iter().any(|group| group.id == id)) => continue,
                None => KnownGroup { id: None, dynamic: false },
            };
            if self.read(|known| known.get(name) != Some(&found)) {
                changed.push((name.clone(), found));
            }
        }
        self.note(store, changed).await
    }

    /// Looks for the groups of `names` that were never found.
    ///
    /// # Errors
    /// JumpCloud's or the store's.
    pub async fn look_up(
        &self,
        store: Option<&Store>,
        jumpcloud: &JumpCloud,
        names: impl Iterator<Item = &GroupName>,
    ) -> Result<(), Trouble> {
        for name in names {
            if self.seen(name) == GroupSeen::Missing
                && let Some(group) = jumpcloud.group_named(name).await?
            {
                let found = KnownGroup { id: Some(group.id), dynamic: group.dynamic };
                self.note(store, vec![(name.clone(), found)]).await?;
            }
        }
        Ok(())
    }

    /// The id of a group that is needed now; made where it is missing.
    ///
    /// # Errors
    /// JumpCloud's or the store's.
    pub async fn obtain(
        &self,
        store: &Store,
        jumpcloud: &JumpCloud,
        name: &GroupName,
        now: Timestamp,
    ) -> Result<GroupId, Trouble> {
        if let Some(id) = self.id(name) {
            return Ok(id);
        }
        let lock = self.lock(name);
        let _one_at_a_time = lock.lock().await;
        if let Some(id) = self.id(name) {
            return Ok(id);
        }
        if let Some(id) = self.made_elsewhere(store, name, now).await? {
            return Ok(id);
        }
        // Whoever forgot it, or read a list without it, may be wrong; JumpCloud may take a second one of its name.
        let there = jumpcloud.group_named(name).await?;
        let made = match there {
            Some(group) => Ok(group),
            None => jumpcloud.create_group(name).await,
        };
        let group = match made {
            Ok(group) => group,
            // It may be there already, or be there now: look before anything is sent again.
            Err(fault @ (Fault::Unsure { .. } | Fault::Rejected { status: 409, .. })) => {
                jumpcloud.group_named(name).await?.ok_or(fault)?
            }
            Err(fault) => return Err(fault.into()),
        };
        let id = group.id.clone();
        self.note(Some(store), vec![(name.clone(), KnownGroup { id: Some(group.id), dynamic: group.dynamic })]).await?;
        Ok(id)
    }

    /// Another process with the same store may be making the group at this very moment: whoever says so first does,
    /// and everybody else waits a little for what comes of it.
    async fn made_elsewhere(
        &self,
        store: &Store,
        name: &GroupName,
        now: Timestamp,
    ) -> Result<Option<GroupId>, Trouble> {
        let what = format!("group {name}");
        for _ in 0..CLAIM_LOOKS {
            let known = store.groups().await?.remove(name);
            if let Some(known @ KnownGroup { id: Some(_), .. }) = known {
                let id = known.id.clone();
                self.note(None, vec![(name.clone(), known)]).await?;
                return Ok(id);
            }
            let until = now.saturating_add(CLAIM).expect("a claim is a fixed span");
            if store.claim(&what, until, now).await? {
                return Ok(None);
            }
            tokio::time::sleep(CLAIM_PAUSE).await;
        }
        Ok(None)
    }

    /// Forgets where a group is: JumpCloud says there is none of that id. A dry run has no store.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget(&self, store: Option<&Store>, name: &GroupName) -> Result<(), StateError> {
        self.note(store, vec![(name.clone(), KnownGroup { id: None, dynamic: false })]).await
    }

    async fn note(&self, store: Option<&Store>, groups: Vec<(GroupName, KnownGroup)>) -> Result<(), StateError> {
        if groups.is_empty() {
            return Ok(());
        }
        if let Some(store) = store {
            store.put_groups(&groups).await?;
        }
        self.known.write().expect("no panic while groups are noted").extend(groups);
        Ok(())
    }

    fn lock(&self, name: &GroupName) -> Arc<Mutex<()>> {
        let mut making = self.making.write().expect("no panic while a lock is taken out");
        Arc::clone(making.entry(name.clone()).or_default())
    }

    fn read<T>(&self, look: impl FnOnce(&BTreeMap<GroupName, KnownGroup>) -> T) -> T {
        look(&self.known.read().expect("no panic while groups are noted"))
    }
}
