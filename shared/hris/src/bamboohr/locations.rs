//! The company's locations: the only place where a work address and a site's time zone are found. Records name them
//! by their label.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mapping::employee::Reading;
use serde::Deserialize;

use super::asked::Part;
use super::requests::LOCATIONS_PAGE;
use crate::cell::{Cell, Slip, owned};
use crate::kept::is_fresh;
use crate::words::Flaw;

/// For how long locations are kept: offices move less often than people.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// How soon they are asked for again when a label is not among them: a new office, or an archived one.
const PATIENCE: SignedDuration = SignedDuration::from_mins(1);
/// For how long old ones serve while the vendor cannot be reached.
const STALE: SignedDuration = SignedDuration::from_hours(24);
/// The most pages: 50,000 locations. A vendor who goes on is one who repeats itself.
const PAGES: usize = 100;

/// A place of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    street: Reading<Box<str>>,
    street2: Reading<Box<str>>,
    city: Reading<Box<str>>,
    state: Reading<Box<str>>,
    postcode: Reading<Box<str>>,
    country: Reading<Box<str>>,
    zone: Reading<Box<str>>,
}

impl Place {
    pub(crate) fn part(&self, part: Part) -> &Reading<Box<str>> {
        match part {
            Part::Street => &self.street,
            Part::Street2 => &self.street2,
            Part::City => &self.city,
            Part::State => &self.state,
            Part::Postcode => &self.postcode,
            Part::Country => &self.country,
            Part::Timezone => &self.zone,
        }
    }

    /// The IANA zone, where there is one.
    pub(crate) fn zone(&self) -> Option<&str> {
        self.zone.value().map(|zone| &**zone)
    }
}

/// All places by label; two different ones of the same label are none, since nobody can tell which is meant.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<Box<str>, Option<Place>>);

impl Places {
    /// The place of this label.
    pub(crate) fn get(&self, label: &str) -> Option<&Place> {
        self.0.get(label.trim())?.as_ref()
    }

    /// How many labels there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// How many of them have no usable time zone.
    pub(crate) fn without_zone(&self) -> usize {
        let known = |place: &Place| place.zone().is_some_and(|zone| jiff::tz::TimeZone::get(zone).is_ok());
        self.0.values().filter(|place| !place.as_ref().is_some_and(known)).count()
    }

    fn add(&mut self, label: &str, place: Place) {
        self.0
            .entry(label.trim().into())
            .and_modify(|known| {
                if known.as_ref() != Some(&place) {
                    *known = None;
                }
            })
            .or_insert(Some(place));
    }
}

/// One page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    places: Vec<(Box<str>, Place)>,
    total: Option<usize>,
}

/// Reads a page.
pub(crate) fn read(body: &[u8]) -> Result<Page, Flaw> {
    let wire: Wire<'_> = serde_json::from_slice(body).map_err(|error| Flaw::new(body, &error))?;
    let places = wire.data.into_iter().filter_map(|location| {
        let label = location.label.text()?.into();
        Some((label, location.address.unwrap_or_default().place()))
    });
    let total = wire.meta.get("totalItems").text().and_then(|total| total.parse().ok());
    Ok(Page { places: places.collect(), total })
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    data: Vec<Location<'a>>,
    #[serde(borrow, default)]
    meta: Slip<'a>,
}

#[derive(Deserialize)]
struct Location<'a> {
    #[serde(borrow, default)]
    label: Cell<'a>,
    #[serde(borrow)]
    address: Option<Address<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address<'a> {
    #[serde(borrow, default)]
    address1: Cell<'a>,
    #[serde(borrow, default)]
    address2: Cell<'a>,
    #[serde(borrow, default)]
    city: Cell<'a>,
    #[serde(borrow, default)]
    state_id: Cell<'a>,
    #[serde(borrow, default)]
    state: Slip<'a>,
    #[serde(borrow, default)]
    zipcode: Cell<'a>,
    #[serde(borrow, default)]
    country_id: Cell<'a>,
    #[serde(borrow, default)]
    country: Slip<'a>,
    #[serde(borrow, default)]
    timezone: Cell<'a>,
}

impl Address<'_> {
    fn place(&self) -> Place {
        let one = |cell: &Cell<'_>| owned(cell.reading());
        Place {
            street: one(&self.address1),
            street2: one(&self.address2),
            city: one(&self.city),
            state: expanded(&self.state, &self.state_id),
            postcode: one(&self.zipcode),
            country: expanded(&self.country, &self.country_id),
            zone: one(&self.timezone),
        }
    }
}

/// The name of a state or a country, as home addresses have it too; with an id and no name it is kept from us.
fn expanded(names: &Slip<'_>, id: &Cell<'_>) -> Reading<Box<str>> {
    match (names.get("name").text(), id) {
        (Some(name), _) => Reading::Is(name.into()),
        (None, Cell::Empty) => Reading::Empty,
        (None, Cell::Absent | Cell::Text(_) | Cell::Flawed(_)) => Reading::Hidden,
    }
}

/// Walks the pages: from 1 on, and page 0 at the end if something is missing then.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// What was found so far.
    pub(crate) places: Places,
    found: usize,
    total: Option<usize>,
    taken: usize,
    done: bool,
}

impl Walk {
    /// The next page to ask for.
    pub(crate) fn next(&self) -> Option<usize> {
        let missing = self.found == 0 || self.total.is_some_and(|total| self.found < total);
        match (self.done, missing) {
            (false, _) => Some(self.taken + 1),
            (true, true) if self.taken < usize::MAX => Some(0),
            (true, _) => None,
        }
    }

    /// Takes the page that was asked for.
    pub(crate) fn take(&mut self, page: Page) {
        let last = self.done;
        let count = page.places.len();
        for (label, place) in page.places {
            self.places.add(&label, place);
        }
        self.found += count;
        // Past the end the vendor claims that there are none at all.
        self.total = self.total.or(page.total.filter(|total| *total > 0));
        self.taken += 1;
        let complete = self.total.map_or(count < LOCATIONS_PAGE, |total| self.found >= total);
        self.done = count == 0 || complete || self.taken >= PAGES;
        if last {
            self.done = true;
            self.taken = usize::MAX;
        }
    }
}

/// The locations kept.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Option<Kept>);

#[derive(Debug)]
struct Kept {
    places: Arc<Places>,
    /// Whether the key may read them at all.
    readable: bool,
    asked_at: Timestamp,
}

impl Shelf {
    /// What is kept, if that will do for these labels at `now`.
    pub(crate) fn take_for(&self, labels: &BTreeSet<&str>, now: Timestamp) -> Option<Arc<Places>> {
        let kept = self.0.as_ref()?;
        let complete = || labels.iter().all(|label| kept.places.0.contains_key(label.trim()));
        let patience = if !kept.readable || complete() { KEPT } else { PATIENCE };
        is_fresh(kept.asked_at, now, patience).then(|| Arc::clone(&kept.places))
    }

    /// Keeps an answer.
    pub(crate) fn put(&mut self, places: Places, readable: bool, now: Timestamp) -> Arc<Places> {
        let places = Arc::new(places);
        self.0 = Some(Kept { places: Arc::clone(&places), readable, asked_at: now });
        places
    }

    /// What is kept, though it is old: better than nobody being looked at.
    pub(crate) fn stale(&self, now: Timestamp) -> Option<Arc<Places>> {
        let kept = self.0.as_ref().filter(|kept| kept.readable && now.duration_since(kept.asked_at) < STALE)?;
        Some(Arc::clone(&kept.places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(labels: std::ops::Range<usize>, total: Option<usize>) -> Page {
        let data: Vec<String> =
            labels.map(|n| format!(r#"{{"label":"L{n}","address":{{"timezone":"UTC"}}}}"#)).collect();
        let meta = total.map_or(String::new(), |total| format!(r#","meta":{{"totalItems":{total},"totalPages":9}}"#));
        read(format!(r#"{{"data":[{}]{meta}}}"#, data.join(",")).as_bytes()).expect("a page")
    }

    fn walk(vendor: impl Fn(usize) -> Page) -> (Vec<usize>, usize) {
        let mut walk = Walk::default();
        let mut asked = Vec::new();
        while let Some(page) = walk.next() {
            asked.push(page);
            walk.take(vendor(page));
        }
        (asked, walk.places.count())
    }

    #[test]
    fn pages_from_one() {
        let vendor = |page| match page {
            1 => page_of(0..500, 501),
            2 => page_of(500..501, 501),
            _ => page_of(0..0, 501),
        };
        assert_eq!(walk(vendor), (vec![1, 2], 501));
    }

    #[test]
    fn pages_from_nought() {
        let vendor = |page| match page {
            0 => page_of(0..500, 501),
            1 => page_of(500..501, 501),
            _ => page_of(0..0, 0),
        };
        assert_eq!(walk(vendor), (vec![1, 2, 0], 501));
        let vendor = |number| if number == 0 { page(0..3, Some(3)) } else { page(0..0, Some(0)) };
        assert_eq!(walk(vendor), (vec![1, 0], 3));
    }

    #[test]
    fn no_locations_and_no_totals_come_to_an_end() {
        assert_eq!(walk(|_| page(0..0, None)), (vec![1, 0], 0));
        assert_eq!(walk(|_| page(0..3, None)), (vec![1], 3));
        let (asked, _) = walk(|_| page(0..500, None));
        assert_eq!(asked.len(), PAGES);
        let (asked, _) = walk(|_| page(0..500, Some(1_000_000)));
        assert_eq!(asked.len(), PAGES + 1);
    }

    fn page_of(labels: std::ops::Range<usize>, total: usize) -> Page {
        page(labels, Some(total))
    }

    #[test]
    fn an_address_is_read() {
        let body = br#"{"data":[{"id":18,"label":"London, UK","archived":false,"address":{"address1":"1 High St",
            "address2":null,"city":"London","stateId":"4200","state":{"id":"4200","name":"England","abbreviation":"ENG"},
            "zipcode":1000,"countryId":"222","timezone":"Europe/London","remoteLocation":false}},
            {"label":"Remote","address":{"address1":null,"stateId":null,"countryId":null,"timezone":null}},
            {"label":null},{"label":"Nowhere","address":null}],"meta":{"totalItems":4},"_links":null}"#;
        let mut walk = Walk::default();
        walk.take(read(body).expect("a page"));
        let is = |text: &str| Reading::Is(Box::from(text));
        let london = walk.places.get(" London, UK ").expect("London");
        assert_eq!(london.part(Part::Street), &is("1 High St"));
        assert_eq!(london.part(Part::Street2), &Reading::Empty);
        assert_eq!(london.part(Part::State), &is("England"));
        assert_eq!(london.part(Part::Postcode), &is("1000"));
        assert_eq!(london.part(Part::Country), &Reading::Hidden);
        assert_eq!(london.zone(), Some("Europe/London"));
        let remote = walk.places.get("Remote").expect("remote");
        assert_eq!((remote.part(Part::State), remote.part(Part::City)), (&Reading::Empty, &Reading::Hidden));
        assert_eq!(walk.places.count(), 3);
        assert_eq!(walk.places.without_zone(), 2);
    }

    #[test]
    fn two_places_of_one_label_are_none() {
        let mut places = Places::default();
        let place = |zone: &str| Address { timezone: Cell::Text(zone.to_owned().into()), ..Address::default() }.place();
        places.add("A", place("UTC"));
        places.add("A", place("UTC"));
        assert!(places.get("A").is_some());
        places.add("A", place("Asia/Tokyo"));
        places.add("A", place("UTC"));
        assert!(places.get("A").is_none());
    }

    #[test]
    fn kept_for_an_hour_and_asked_again_for_a_new_label() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(minutes * 60 + 30);
        let known = BTreeSet::from(["L0"]);
        let unknown = BTreeSet::from(["L0", "L1"]);
        let mut shelf = Shelf::default();
        assert!(shelf.take_for(&known, at(0)).is_none());
        let mut walk = Walk::default();
        walk.take(page(0..1, Some(1)));
        shelf.put(walk.places, true, at(0));
        assert!(shelf.take_for(&known, at(59)).is_some());
        assert!(shelf.take_for(&known, at(60)).is_none());
        assert!(shelf.take_for(&unknown, at(0)).is_some());
        assert!(shelf.take_for(&unknown, at(1)).is_none());
        assert!(shelf.take_for(&known, at(-1)).is_none());
        assert!(shelf.stale(at(61)).is_some());
        assert!(shelf.stale(at(24 * 60)).is_none());
        // Refused: remembered whatever the labels.
        shelf.put(Places::default(), false, at(0));
        assert!(shelf.take_for(&unknown, at(59)).is_some());
        assert!(shelf.take_for(&unknown, at(60)).is_none());
        assert!(shelf.stale(at(61)).is_none());
    }
}
