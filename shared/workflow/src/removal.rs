//! A connection that is being removed: everyone known of it, whatever HR says, is let go or made a leaver.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mapping::desired::Desired;
use mapping::employee::{ConnectionName, EmployeeKey};
use mapping::plan::{Plan, Verdict};
use mapping::request::{SyncRequest, Trigger};
use state::Record;

use crate::brake::Spent;
use crate::observe::{Look, past};
use crate::survey::{Mode, Selection, Surveyed};
use crate::{Progress, Site, Trouble, Watch, Workflow};

/// How many records are read at once.
const PAGE: usize = 500;

impl Workflow {
    /// What is to be done about each account of a connection that is being removed. HR is not asked: its key may be gone.
    #[allow(clippy::too_many_arguments, reason = "as a survey of a connection that works")]
    pub(crate) async fn survey_removed(
        &self,
        name: &ConnectionName,
        site: &Site,
        selection: &Selection,
        mode: Mode,
        now: Timestamp,
        show: &mut (dyn FnMut(&Plan) + Send),
        watch: Watch<'_>,
    ) -> Result<Surveyed, Trouble> {
        let mut surveyed = Surveyed {
            connection: name.clone(),
            people: 0,
            to_do: 0,
            held: 0,
            doubts: Vec::new(),
            missing: Vec::new(),
            unreadable: Vec::new(),
            queued: Vec::new(),
            statuses: BTreeMap::new(),
            unfinished: false,
        };
        let mut last: Option<EmployeeKey> = None;
        let mut spent = Spent::new();
        loop {
            let page = self.store.records(Some(name), last.as_ref(), PAGE).await?;
            let Some(end) = page.last() else { break };
            last = Some(end.key.clone());
            let mut requests = Vec::new();
            for record in page.iter().filter(|record| record.account.is_some() && selection.takes(&record.key)) {
                let plan = self.plan_removed(site, record, mode, &mut spent, now).await?;
                surveyed.people += 1;
                surveyed.to_do += usize::from(!plan.is_empty());
                surveyed.held += usize::from(matches!(plan.verdict, Verdict::Hold(_)));
                *surveyed.statuses.entry(plan.status().word()).or_default() += 1;
                show(&plan);
                // Whose plan is empty is looked at as well: what is known of them is to say so.
                surveyed.queued.push((record.key.clone(), record.version));
                requests.push(SyncRequest::hint(record.key.clone(), Trigger::Survey, now));
            }
            match mode {
                Mode::Queue => self.queue.push(&requests).await?,
                Mode::DryRun => surveyed.queued.clear(),
            }
            watch(Progress::Planned { people: surveyed.people, total: surveyed.people });
        }
        Ok(surveyed)
    }

    async fn plan_removed(
        &self,
        site: &Site,
        record: &Record,
        mode: Mode,
        spent: &mut Spent,
        now: Timestamp,
    ) -> Result<Plan, Trouble> {
        let desired = Desired::of_removed(record.key.clone(), record.label.clone(), &site.rules, now);
        let look = Look { closely: true, ..Look::default() };
        let observed = self.jumpcloud_says(&desired, Some(record), look, now).await?;
        let past = past(Some(record), desired.fingerprint(), false);
        let plan = observed.plan(&desired, &past, self);
        let held = match mode {
            Mode::DryRun => self.foresee_brake(site, &plan, Some(record), spent, now).await?,
            Mode::Queue => None,
        };
        Ok(match held {
            Some(hold) => plan.held(hold, &past, observed.groups()),
            None => plan,
        })
    }
}
