//! A whole list, page by page, several at once; the caller never sees an offset.
//!
//! Offset paging drifts: when an entry goes while pages are read, the rest moves up and one is missed. The totals that
//! pages carry show it, and what they make doubtful is read once more. (One entry that goes and one that comes between
//! the very same two pages cannot be seen; absence is no instruction anyway.)

use std::collections::{BTreeMap, HashSet};

use futures::{StreamExt, stream};
use transport::Fault;

use crate::VENDOR;
use crate::request::PAGE;

/// The most pages of one list: half a million entries, several times the largest organisation.
const PAGES_LIMIT: usize = 5000;

/// One page.
pub(crate) struct Page<T> {
    /// How many entries there are in all, where the page says so.
    pub(crate) total: Option<usize>,
    pub(crate) items: Vec<T>,
    /// Entries that could not be read.
    pub(crate) unreadable: usize,
}

impl<T> Page<T> {
    fn len(&self) -> usize {
        self.items.len() + self.unreadable
    }
}

/// A whole list.
#[derive(Debug, PartialEq)]
pub(crate) struct All<T> {
    /// Sorted, each once.
    pub(crate) items: Vec<T>,
    /// Whether these are provably all.
    pub(crate) complete: bool,
    /// Entries that could not be read.
    pub(crate) unreadable: usize,
}

/// Reads everything. `fetch` gives the page after so many entries; `key` tells entries apart.
pub(crate) async fn all<T, F>(
    call: &'static str,
    in_flight: usize,
    key: fn(&T) -> &str,
    fetch: impl Fn(usize) -> F + Sync,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<All<T>, Fault>
where
    F: Future<Output = Result<Page<T>, Fault>> + Send,
    T: Send,
{
    let mut pages = Pages::new(fetch(0).await?, key);
    pages.report(progress);
    let mut wanted = pages.rest(call)?;
    // The first turn reads what the first page promises, the second what has drifted meanwhile.
    for _ in 0..2 {
        let size = pages.size;
        let answers = stream::iter(wanted).map(|number| {
            let page = fetch(number * size);
            async move { (number, page.await) }
        });
        let mut answers = std::pin::pin!(answers.buffer_unordered(in_flight.max(1)));
        while let Some((number, page)) = answers.next().await {
            pages.add(number, page?);
            pages.report(progress);
        }
        wanted = pages.doubtful(call)?;
        if wanted.is_empty() {
            break;
        }
    }
    // Without totals there is no other way than to go on until a page is not full.
    while pages.unbounded() {
        let number = pages.pages.len();
        bounded(call, number + 1)?;
        let page = fetch(number * pages.size).await?;
        pages.add(number, page);
        pages.report(progress);
    }
    Ok(pages.finish())
}

fn bounded(call: &'static str, pages: usize) -> Result<(), Fault> {
    if pages <= PAGES_LIMIT {
        return Ok(());
    }
    Err(Fault::Malformed { vendor: VENDOR, call, detail: format!("more than {PAGES_LIMIT} pages") })
}

/// What was read so far. Pure.
struct Pages<T> {
    key: fn(&T) -> &str,
    /// Each with the count of shrinkings before it.
    pages: BTreeMap<usize, (usize, Page<T>)>,
    /// How many entries a page really holds: a server may give fewer than were asked for.
    size: usize,
    /// How often a total was smaller than the one before it. Whatever was read before the last time is doubtful.
    shrunk: usize,
    /// What the first page after that said.
    first: Option<usize>,
    /// What the latest page said.
    latest: Option<usize>,
}

impl<T> Pages<T> {
    fn new(page: Page<T>, key: fn(&T) -> &str) -> Pages<T> {
        let (total, held) = (page.total, page.len());
        let size = if held > 0 && total.is_some_and(|total| total > held) { held } else { PAGE };
        Pages { key, pages: BTreeMap::from([(0, (0, page))]), size, shrunk: 0, first: total, latest: total }
    }

    fn add(&mut self, number: usize, page: Page<T>) {
        if page.total < self.latest {
            self.shrunk += 1;
            self.first = page.total;
        }
        self.latest = page.total;
        self.pages.insert(number, (self.shrunk, page));
    }

    fn report(&self, progress: &(dyn Fn(usize, usize) + Sync)) {
        let read = self.pages.values().map(|(_, page)| page.len()).sum();
        progress(read, self.latest.unwrap_or(read));
    }

    fn rest(&self, call: &'static str) -> Result<Vec<usize>, Fault> {
        let pages = self.latest.unwrap_or_default().div_ceil(self.size);
        bounded(call, pages)?;
        Ok((1..pages).collect())
    }

    /// Pages that cannot be vouched for any more, given the latest total.
    fn doubtful(&mut self, call: &'static str) -> Result<Vec<usize>, Fault> {
        let Some(total) = self.latest else { return Ok(Vec::new()) };
        let pages = total.div_ceil(self.size).max(1);
        bounded(call, pages)?;
        self.pages.retain(|number, _| *number < pages);
        let settled = self.settled();
        let mut doubtful: Vec<usize> = (0..pages).filter(|number| !self.vouched(*number, settled, total)).collect();
        if doubtful.is_empty()
            && let Some(odd) = self.first_odd(total)
        {
            doubtful = (odd..pages).collect();
        }
        Ok(doubtful)
    }

    /// Pages before this one hold although totals differ: new entries come last, and only such came.
    fn settled(&self) -> usize {
        let only_appended = self.first_repeat().is_none();
        if only_appended { self.first.unwrap_or_default() / self.size } else { 0 }
    }

    fn vouched(&self, number: usize, settled: usize, total: usize) -> bool {
        let holds = |(shrunk, page): &(usize, Page<T>)| {
            *shrunk == self.shrunk && (number < settled || page.total == Some(total))
        };
        self.pages.get(&number).is_some_and(holds)
    }

    /// The first page that repeats an entry of an earlier one.
    fn first_repeat(&self) -> Option<usize> {
        let mut seen = HashSet::new();
        let mut entries =
            self.pages.iter().flat_map(|(number, (_, page))| page.items.iter().map(move |item| (number, item)));
        entries.find(|(_, item)| !seen.insert((self.key)(item))).map(|(number, _)| *number)
    }

    /// The first page that repeats something or is not as full as it should be.
    fn first_odd(&self, total: usize) -> Option<usize> {
        let due = |number: usize| total.saturating_sub(number * self.size).min(self.size);
        let short =
            self.pages.iter().find(|(number, (_, page))| page.len() != due(**number)).map(|(number, _)| *number);
        short.into_iter().chain(self.first_repeat()).min()
    }

    /// Whether there may be more, and no total says how much.
    fn unbounded(&self) -> bool {
        self.latest.is_none() && self.pages.last_key_value().is_some_and(|(_, (_, page))| page.len() >= self.size)
    }

    fn finish(self) -> All<T> {
        let complete = match self.latest {
            None => true,
            Some(total) => {
                let (pages, settled) = (total.div_ceil(self.size).max(1), self.settled());
                (0..pages).all(|number| self.vouched(number, settled, total))
                    && self.pages.len() == pages
                    && self.first_odd(total).is_none()
            }
        };
        let unreadable = self.pages.values().map(|(_, page)| page.unreadable).sum();
        let mut items = Vec::with_capacity(self.pages.values().map(|(_, page)| page.items.len()).sum());
        items.extend(self.pages.into_values().flat_map(|(_, page)| page.items));
        let key = self.key;
        items.sort_by(|a, b| key(a).cmp(key(b)));
        items.dedup_by(|later, earlier| key(later) == key(earlier));
        All { items, complete: complete && unreadable == 0, unreadable }
    }
}

#[cfg(test)]
mod tests;
