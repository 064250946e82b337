//! Lists that stay, and lists that change while they are read.

use std::sync::Mutex;

use futures::executor::block_on;

use super::*;

/// A list on a server, and what happens to it after so many pages were served.
struct Server {
    list: Vec<String>,
    cap: usize,
    totals: bool,
    events: Vec<(usize, Event)>,
    served: Vec<usize>,
}

#[derive(Clone)]
enum Event {
    Append(&'static str),
    Prepend(&'static str),
    Delete(usize),
}

impl Server {
    fn new(n: usize) -> Server {
        Server {
            list: (0..n).map(|n| format!("{n:06}")).collect(),
            cap: PAGE,
            totals: true,
            events: Vec::new(),
            served: Vec::new(),
        }
    }

    fn after(mut self, pages: usize, event: Event) -> Server {
        self.events.push((pages, event));
        self
    }

    fn page(&mut self, skip: usize) -> Page<String> {
        let items: Vec<String> = self.list.iter().skip(skip).take(self.cap).cloned().collect();
        let total = self.totals.then_some(self.list.len());
        self.served.push(skip);
        for (pages, event) in self.events.clone() {
            if pages == self.served.len() {
                match event {
                    Event::Append(name) => self.list.push(name.to_owned()),
                    Event::Prepend(name) => self.list.insert(0, name.to_owned()),
                    Event::Delete(at) => drop(self.list.remove(at)),
                }
            }
        }
        Page { total, items, unreadable: 0 }
    }

    /// Reads it all: what was read, whether it is right and said to be complete, and the offsets asked for.
    fn read(self, in_flight: usize) -> (All<String>, bool, Vec<usize>) {
        let server = Mutex::new(self);
        let fetch = |skip| {
            let page = server.lock().expect("no panic").page(skip);
            async move { Ok(page) }
        };
        let all = block_on(all("GET /x", in_flight, String::as_str, fetch, &|_, _| ())).expect("a list");
        let server = server.into_inner().expect("no panic");
        let mut truth = server.list.clone();
        truth.sort();
        let right = all.items == truth;
        (all, right, server.served)
    }
}

#[test]
fn nothing_extra_is_asked() {
    for (n, calls) in [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (200, 2), (1050, 11)] {
        for in_flight in [0, 1, 4] {
            let (all, right, served) = Server::new(n).read(in_flight);
            assert!(all.complete && right, "{n}");
            assert_eq!((all.items.len(), served.len()), (n, calls));
        }
    }
}

#[test]
fn what_drifts_is_read_once_more() {
    use Event::{Append, Delete, Prepend};
    let table = [
        // what happens after how many pages of 450, and which offsets are read in addition
        (1, Append("999999"), vec![]),
        (4, Append("999999"), vec![]),
        (5, Append("999999"), vec![]),
        (2, Prepend("-"), vec![0, 100]),
        (2, Delete(50), vec![0, 100]),
        (4, Delete(449), vec![0, 100, 200, 300]),
    ];
    for (pages, event, again) in table {
        let (all, right, served) = Server::new(450).after(pages, event).read(1);
        assert!(all.complete, "{pages} {:?}", served);
        // What happens after the last page is nobody's business.
        assert!(right || pages == 5, "{pages} {:?}", served);
        assert_eq!(&served[5..], again);
    }
}

#[test]
fn a_list_that_grows_over_a_page_is_followed() {
    let mut server = Server::new(300);
    server = server.after(2, Event::Append("999999"));
    let (all, right, served) = server.read(1);
    assert!(all.complete && right);
    assert_eq!(served, [0, 100, 200, 300]);
}

#[test]
fn a_list_that_never_rests_is_not_called_complete() {
    let server = Server::new(450).after(2, Event::Delete(3)).after(6, Event::Delete(3));
    let (all, _, served) = server.read(1);
    assert!(!all.complete, "{served:?}");
}

#[test]
fn one_goes_and_one_comes_in_between() {
    // The first and the last total agree, and so does the count of ids; only the page in between tells.
    let server = Server::new(450).after(2, Event::Delete(50)).after(3, Event::Append("999999"));
    let (all, right, _) = server.read(1);
    assert!(all.complete && right);
}

#[test]
fn smaller_pages_than_asked_for_are_noticed() {
    let server = Server { cap: 10, ..Server::new(35) };
    let (all, right, served) = server.read(2);
    assert!(all.complete && right);
    assert_eq!(served, [0, 10, 20, 30]);
}

#[test]
fn without_totals_reading_goes_on_until_a_page_is_not_full() {
    for (n, calls) in [(0, 1), (50, 1), (100, 2), (250, 3)] {
        let (all, right, served) = Server { totals: false, ..Server::new(n) }.read(4);
        assert!(right && all.complete);
        assert_eq!(served.len(), calls);
    }
}

#[test]
fn what_cannot_be_read_is_counted_and_the_list_is_not_complete() {
    let fetch = |_| async { Ok(Page { total: Some(3), items: vec!["a".to_owned(), "b".to_owned()], unreadable: 1 }) };
    let all = block_on(all("GET /x", 1, String::as_str, fetch, &|_, _| ())).expect("a list");
    assert_eq!((all.items.len(), all.complete, all.unreadable), (2, false, 1));
}

#[test]
fn a_list_without_end_is_refused() {
    for total in [Some(usize::MAX), None] {
        let fetch = |skip: usize| async move {
            let items = (skip..skip + PAGE).map(|n| n.to_string()).collect();
            Ok(Page { total, items, unreadable: 0 })
        };
        let fault = block_on(all("GET /x", 1, String::as_str, fetch, &|_, _| ())).expect_err("no end");
        let Fault::Malformed { detail, .. } = fault else { panic!("{fault:?}") };
        assert_eq!(detail, "more than 5000 pages");
    }
}

#[test]
fn progress_is_told_after_each_page() {
    let told = Mutex::new(Vec::new());
    let server = Mutex::new(Server::new(250));
    let fetch = |skip| {
        let page = server.lock().expect("no panic").page(skip);
        async move { Ok(page) }
    };
    let progress = |read, total| told.lock().expect("no panic").push((read, total));
    block_on(all("GET /x", 1, String::as_str, fetch, &progress)).expect("a list");
    assert_eq!(told.into_inner().expect("no panic"), [(100, 250), (200, 250), (250, 250)]);
}

/// Waits for so many turns of the executor.
async fn turns(n: u32) {
    for _ in 0..n {
        let mut waited = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return std::task::Poll::Ready(());
            }
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }
}

/// Answers overtake one another, and something happens at some moment: what is called complete was true at some time.
#[test]
fn complete_is_never_said_wrongly_of_one_event() {
    let mut seed = 7_u64;
    let mut chance = |below: u64| {
        // Knuth's MMIX generator; its high bits are good enough here.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut complete = 0;
    for round in 0..500 {
        let events =
            [Event::Append("999999"), Event::Prepend("-"), Event::Delete(usize::try_from(chance(450)).expect("few"))];
        let event = events[usize::try_from(chance(3)).expect("few")].clone();
        let pages = usize::try_from(1 + chance(5)).expect("few");
        let waits: Vec<(u32, u32)> = (0..32).map(|_| (low(chance(6)), low(chance(6)))).collect();
        let before = Server::new(450).list;
        let server = Mutex::new(Server::new(450).after(pages, event));
        let asked = Mutex::new(waits.into_iter());
        let fetch = |skip| {
            let (first, then) = asked.lock().expect("no panic").next().expect("few pages");
            let server = &server;
            async move {
                turns(first).await;
                let page = server.lock().expect("no panic").page(skip);
                turns(then).await;
                Ok(page)
            }
        };
        let all = block_on(all("GET /x", 1 + round % 6, String::as_str, fetch, &|_, _| ())).expect("a list");
        let mut after = server.into_inner().expect("no panic").list;
        after.sort();
        assert!(!all.complete || all.items == before || all.items == after, "round {round}");
        complete += u32::from(all.complete);
    }
    assert!(complete > 400, "{complete} of 500 are settled by reading once more");
}

fn low(n: u64) -> u32 {
    u32::try_from(n).expect("a small number")
}
