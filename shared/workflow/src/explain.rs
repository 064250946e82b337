//! Why one person is as they are, and what would be done now. Writes nothing.

use jiff::Timestamp;
use mapping::account::Account;
use mapping::desired::Desired;
use mapping::employee::{Employee, EmployeeKey};
use mapping::plan::Plan;
use mapping::request::{SyncRequest, Trigger};
use state::{AuditRow, Record};

use crate::brake::Spent;
use crate::observe::{HrSays, Look, past};
use crate::{Trouble, Workflow};

/// How many past writes are shown.
const HISTORY: usize = 20;

/// Everything about one person.
#[derive(Debug)]
pub struct Explained {
    /// What HR says now; `None` when it has no such record.
    pub employee: Option<Employee>,
    /// What should be.
    pub desired: Option<Desired>,
    /// Their account, as JumpCloud has it now.
    pub account: Option<Account>,
    /// What would be done now.
    pub plan: Option<Plan>,
    /// What is kept about them.
    pub record: Option<Record>,
    /// What was done, newest first.
    pub history: Vec<AuditRow>,
}

impl Workflow {
    /// Looks at one person with everybody's present word, and writes nothing anywhere.
    ///
    /// # Errors
    /// A vendor's or the store's.
    pub async fn explain(&self, key: &EmployeeKey, now: Timestamp) -> Result<Explained, Trouble> {
        let site = self.site(key)?;
        let record = self.store.record(key).await?;
        let history = self.store.audit_of(key, HISTORY).await?;
        let request = SyncRequest::hint(key.clone(), Trigger::Manual, now);
        let employee = match self.hr_says(site, &request, 1, record.as_ref(), now).await? {
            HrSays::Record { employee, .. } => *employee,
            HrSays::Stale | HrSays::Gone | HrSays::NotAsked => {
                return Ok(Explained { employee: None, desired: None, account: None, plan: None, record, history });
            }
        };
        let desired = Desired::of(&employee, &site.rules, now);
        let observed =
            self.jumpcloud_says(&desired, record.as_ref(), Look { wide: true, ..Look::default() }, now).await?;
        let past = past(record.as_ref(), desired.fingerprint(), false);
        let plan = observed.plan(&desired, &past, self);
        let plan = match self.foresee_brake(site, &plan, record.as_ref(), &mut Spent::new(), now).await? {
            Some(hold) => plan.held(hold, &past, observed.groups()),
            None => plan,
        };
        let account = observed.account(&desired).cloned();
        Ok(Explained { employee: Some(employee), account, plan: Some(plan), desired: Some(desired), record, history })
    }
}
