//! What HR truly has of everybody: written by the story, and read by nobody but the oracle.

use jiff::Timestamp;
use jiff::civil::Date;

use super::rules::{House, Zones, days};

/// What somebody does, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Place in the list of departments.
    pub department: usize,
    /// Place in the list of titles.
    pub title: usize,
    /// Place in the list of sites.
    pub site: usize,
    /// Number of the manager.
    pub manager: Option<usize>,
}

/// A leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leave {
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Option<Date>,
}

/// One record of HR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Whose.
    pub house: House,
    /// HR's id.
    pub id: String,
    /// The employee number.
    pub number: u32,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// Work e-mail.
    pub email: String,
    /// First day of the present employment.
    pub start: Date,
    /// What they do today; of somebody who is to come, from the start on.
    pub job: Job,
    /// What they will do from a day on.
    pub dated: Option<(Date, Job)>,
    /// The day that ends the present employment.
    pub end: Option<Date>,
    /// Bob took access away at once.
    pub revoked: bool,
    /// A leave to come or under way.
    pub leave: Option<Leave>,
    /// Whether that leave is under way.
    pub away: bool,
    /// The record of an earlier employment, of somebody who came back under a new id.
    pub earlier: Option<usize>,
    /// Came back under this other number: this record is history.
    pub later: Option<usize>,
    /// Hired anew under the same id, and not there yet.
    pub comes_back: bool,
    /// Whether people report to them.
    pub leads: bool,
}

/// Where somebody stands, for whoever writes the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Hired, not there yet.
    Upcoming,
    /// There, and nothing else is planned.
    Here,
    /// There, and something is planned: a dated move.
    Moving,
    /// A leave is planned or under way.
    OnLeave,
    /// An end is planned.
    Ending,
    /// Gone for days.
    Left,
    /// Gone just now, or a record that is history.
    Fixed,
}

impl Person {
    /// Which day it is where they work.
    pub fn today(&self, zones: &Zones, now: Timestamp) -> Date {
        zones.today(self.job.site, now)
    }

    /// What may happen to them next.
    pub fn stand(&self, zones: &Zones, now: Timestamp) -> Stand {
        let today = self.today(zones, now);
        if self.later.is_some() || self.comes_back {
            return Stand::Fixed;
        }
        match self.end {
            // A few days later every clock of the world agrees.
            Some(end) if days(end, 3) < today => return Stand::Left,
            Some(end) if end <= days(today, 1) => return Stand::Fixed,
            Some(_) => return Stand::Ending,
            None => {}
        }
        if days(self.start, 2) > today {
            let is_clear = self.start > days(today, 2);
            return if is_clear { Stand::Upcoming } else { Stand::Fixed };
        }
        match (&self.leave, &self.dated) {
            (Some(_), _) => Stand::OnLeave,
            // A move to a site where that day has not begun: the row is today's, and what is changed now goes into it.
            (None, Some((date, _))) if *date <= today => Stand::Fixed,
            (None, Some(_)) => Stand::Moving,
            (None, None) => Stand::Here,
        }
    }

    /// Lets what was dated take effect: BambooHR's dates begin at the company's midnight, Bob's at the site's.
    pub fn advance(&mut self, zones: &Zones, now: Timestamp) {
        if let Some((date, job)) = &self.dated
            && *date <= self.date_of_rows_at(job.site, zones, now)
        {
            self.job = self.dated.take().expect("looked at just now").1;
        }
        if let Some(leave) = &self.leave {
            let today = self.date_of_rows(zones, now);
            self.away = leave.from <= today && leave.until.is_none_or(|until| today <= until);
            if leave.until.is_some_and(|until| until < today) {
                self.leave = None;
            }
        }
        if self.comes_back && days(self.start, 2) <= self.today(zones, now) {
            self.comes_back = false;
        }
    }

    /// Which day it is for dated rows of theirs.
    pub fn date_of_rows(&self, zones: &Zones, now: Timestamp) -> Date {
        self.date_of_rows_at(self.job.site, zones, now)
    }

    /// The same for a row that leads to this site: Bob counts by the clock there.
    fn date_of_rows_at(&self, site: usize, zones: &Zones, now: Timestamp) -> Date {
        match self.house {
            House::Acme => zones.company_today(now),
            House::Bolt => zones.today(site, now),
        }
    }
}
