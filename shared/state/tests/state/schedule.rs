//! Eight lessees, in an order that chance decides: against a queue so simple that it is right by inspection, and in
//! eight threads.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use mapping::employee::EmployeeKey;
use mapping::request::SyncRequest;
use state::{Depth, Lease, Queue};

use crate::town::*;

/// A small generator (splitmix64): the same seed is the same schedule.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as i64
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Waiting { due: i64 },
    Leased { until: i64, ticket: u64 },
}

struct Entry {
    order: u64,
    request: SyncRequest,
    place: Place,
    attempts: u32,
}

/// The queue as its contract describes it, looked through from end to end for each answer.
#[derive(Default)]
struct Model {
    entries: Vec<Entry>,
    dead: HashSet<EmployeeKey>,
    counter: u64,
}

fn stays(waiting: &SyncRequest, new: &SyncRequest) -> bool {
    let seen = |request: &SyncRequest| request.observation.as_ref().map(|o| o.employee.observed_at);
    match (seen(waiting), seen(new)) {
        (_, None) => false,
        (None, Some(new)) => new < waiting.asked_at,
        (Some(old), Some(new)) => new < waiting.asked_at && old > new,
    }
}

impl Model {
    fn waiting(&self, key: &EmployeeKey) -> Option<usize> {
        self.entries.iter().position(|e| e.request.key == *key && matches!(e.place, Place::Waiting { .. }))
    }

    fn push(&mut self, request: SyncRequest) {
        self.counter += 1;
        match self.waiting(&request.key) {
            None => {
                let place = Place::Waiting { due: 0 };
                self.entries.push(Entry { order: self.counter, request, place, attempts: 0 });
            }
            Some(at) if stays(&self.entries[at].request, &request) => {}
            Some(at) => {
                let order = self.entries[at].order;
                self.entries[at] = Entry { order, request, place: Place::Waiting { due: 0 }, attempts: 0 };
            }
        }
    }

    fn send_back(&mut self, at: usize, due: i64, uncounted: u32) {
        let old = self.entries.remove(at);
        match self.waiting(&old.request.key) {
            Some(newer) if !stays(&old.request, &self.entries[newer].request) => {
                let newer = &mut self.entries[newer];
                (newer.order, newer.place) = (old.order, Place::Waiting { due: 0 });
            }
            newer => {
                if let Some(newer) = newer {
                    self.entries.remove(newer);
                }
                let attempts = old.attempts - uncounted;
                self.entries.push(Entry { place: Place::Waiting { due }, attempts, ..old });
            }
        }
    }

    fn lease(&mut self, now: i64, until: i64, limit: usize) -> Vec<(u64, SyncRequest, u32)> {
        let run_out = |e: &Entry| matches!(e.place, Place::Leased { until, .. } if until <= now);
        while let Some(at) = self.entries.iter().position(run_out) {
            self.send_back(at, 0, 0);
        }
        self.entries.sort_by_key(|e| e.order);
        let mut taken = Vec::new();
        for at in 0..self.entries.len() {
            let entry = &self.entries[at];
            let flying = self
                .entries
                .iter()
                .any(|e| e.request.key == entry.request.key && matches!(e.place, Place::Leased { .. }));
            let holds_up = |e: &Entry| !matches!(e.place, Place::Waiting { due } if due > now);
            let early = entry
                .request
                .after
                .as_ref()
                .is_some_and(|after| self.entries.iter().any(|e| e.request.key == *after && holds_up(e)));
            let ready = matches!(entry.place, Place::Waiting { due } if due <= now);
            if ready && !flying && !early && taken.len() < limit {
                self.counter += 1;
                let entry = &mut self.entries[at];
                entry.place = Place::Leased { until, ticket: self.counter };
                entry.attempts += 1;
                taken.push((self.counter, entry.request.clone(), entry.attempts));
            }
        }
        taken
    }

    fn holds(&self, ticket: u64) -> Option<usize> {
        self.entries.iter().position(|e| matches!(e.place, Place::Leased { ticket: t, .. } if t == ticket))
    }

    fn depth(&self, now: i64) -> Depth {
        let count = |test: &dyn Fn(Place) -> bool| self.entries.iter().filter(|e| test(e.place)).count();
        let delays = self.entries.iter().filter_map(|e| match e.place {
            Place::Waiting { due } if due > now => Some(due),
            Place::Waiting { .. } | Place::Leased { .. } => None,
        });
        let in_flight = count(&|place| matches!(place, Place::Leased { until, .. } if until > now));
        let delayed = delays.clone().count();
        Depth {
            waiting: self.entries.len() - in_flight - delayed,
            in_flight,
            delayed,
            dead: self.dead.len(),
            next_due: delays.min().map(at),
        }
    }
}

/// A request of chance: for one of a dozen people, sometimes after somebody of a lower number, so never in a circle.
fn request(chance: &mut Chance, now: i64) -> SyncRequest {
    let person = chance.below(12);
    let name = person.to_string();
    let mut request = match chance.below(3) {
        0 => observed(&name, now, now - chance.below(40)),
        _ => hint(&name, now),
    };
    if person > 0 && chance.below(3) == 0 {
        request.after = Some(who(&chance.below(person).to_string()));
    }
    request
}

#[tokio::test]
async fn any_order_of_eight_lessees_is_as_the_contract_says() {
    for seed in 0..40 {
        let scratch = Scratch::new();
        // Two handles, as two processes have.
        let queues = [scratch.open().await.1, scratch.open().await.1];
        let mut chance = Chance(seed);
        let mut model = Model::default();
        let mut now = 1000;
        let mut hands: Vec<Vec<(u64, Lease)>> = vec![Vec::new(); 8];
        for _ in 0..300 {
            now += chance.below(4);
            let lessee = chance.below(8) as usize;
            let queue = &queues[lessee % 2];
            match (chance.below(10), hands[lessee].pop()) {
                (0..4, hand) => {
                    hands[lessee].extend(hand);
                    let batch: Vec<SyncRequest> = (0..=chance.below(3)).map(|_| request(&mut chance, now)).collect();
                    queue.push(&batch).await.unwrap();
                    batch.into_iter().for_each(|request| model.push(request));
                }
                (4..8, Some((ticket, lease))) => {
                    let held = model.holds(ticket);
                    let (end, due) = (chance.below(6), now + chance.below(30));
                    let answer = match end {
                        0..3 => queue.finish(&lease).await,
                        3 => queue.retry(&lease, at(now), at(due), "no").await,
                        4 => queue.give_back(&lease).await,
                        _ => queue.bury(&lease, at(now), "no").await,
                    };
                    match held {
                        Some(at) => {
                            answer.unwrap();
                            match end {
                                0..3 => drop(model.entries.remove(at)),
                                3 => model.send_back(at, due, 0),
                                4 => model.send_back(at, 0, 1),
                                _ => {
                                    let buried = model.entries.remove(at);
                                    model.dead.insert(buried.request.key);
                                }
                            }
                        }
                        None => is_conflict(answer),
                    }
                }
                // Crashed: the lease will run out.
                (8, Some(_)) => {}
                (_, hand) => {
                    hands[lessee].extend(hand);
                    let (until, limit) = (now + 5 + chance.below(60), chance.below(4) as usize);
                    let leases = queue.lease(at(now), at(until), limit).await.unwrap();
                    let expected = model.lease(now, until, limit);
                    let really: Vec<_> = leases.iter().map(|l| (l.request.clone(), l.attempt)).collect();
                    let wanted: Vec<_> = expected.iter().map(|(_, r, attempt)| (r.clone(), *attempt)).collect();
                    assert_eq!(really, wanted, "seed {seed}");
                    hands[lessee].extend(expected.into_iter().map(|(ticket, ..)| ticket).zip(leases));
                }
            }
            assert_eq!(queue.depth(at(now)).await.unwrap(), model.depth(now), "seed {seed}");
        }
    }
}

/// Who is in flight, and by a clock that each look advances: when somebody was last pushed, and when a request of
/// theirs was last taken that was then finished.
#[derive(Default)]
struct Watch {
    clock: i64,
    in_flight: HashSet<EmployeeKey>,
    pushed: HashMap<EmployeeKey, i64>,
    done: HashMap<EmployeeKey, i64>,
}

async fn work(queue: Queue, watch: Arc<Mutex<Watch>>, seed: u64) {
    let mut chance = Chance(seed);
    let mut idle = 0;
    let look = || {
        let mut watch = watch.lock().unwrap();
        watch.clock += 1;
        watch
    };
    while idle < 50 {
        let now = look().clock;
        if chance.below(3) == 0 && now < 6000 {
            // Who comes after whom goes in circles here.
            let batch: Vec<SyncRequest> = (0..3)
                .map(|_| SyncRequest {
                    after: (chance.below(4) == 0).then(|| who(&chance.below(20).to_string())),
                    ..hint(&chance.below(20).to_string(), now)
                })
                .collect();
            // Before it is pushed: whatever is taken earlier does not answer it.
            for request in &batch {
                look().pushed.insert(request.key.clone(), now);
            }
            queue.push(&batch).await.unwrap();
        }
        let leases = queue.lease(at(now), at(now + 1_000_000), 1 + chance.below(3) as usize).await.unwrap();
        let taken = look().clock;
        idle = if leases.is_empty() { idle + 1 } else { 0 };
        for lease in &leases {
            assert!(look().in_flight.insert(lease.request.key.clone()), "two in flight for one person");
        }
        for lease in leases {
            tokio::task::yield_now().await;
            look().in_flight.remove(&lease.request.key);
            match chance.below(5) {
                0 => queue.retry(&lease, at(now), at(now + chance.below(20)), "no").await.unwrap(),
                1 => queue.give_back(&lease).await.unwrap(),
                _ => {
                    queue.finish(&lease).await.unwrap();
                    let mut watch = look();
                    let done = watch.done.entry(lease.request.key).or_insert(taken);
                    *done = taken.max(*done);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn eight_threads_never_work_on_one_person_at_once_and_lose_nothing() {
    let scratch = Scratch::new();
    let watch = Arc::new(Mutex::new(Watch::default()));
    let handles = [scratch.open().await.1, scratch.open().await.1];
    let tasks: Vec<_> =
        (0..8).map(|seed| tokio::spawn(work(handles[seed as usize % 2].clone(), watch.clone(), seed))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    // Whatever was delayed when the last one stopped looking.
    work(handles[0].clone(), watch.clone(), 8).await;
    let end = watch.lock().unwrap().clock;
    assert_eq!(handles[0].depth(at(end)).await.unwrap(), Depth::default());
    let watch = watch.lock().unwrap();
    assert_eq!(watch.pushed.len(), 20);
    for (key, pushed) in &watch.pushed {
        assert!(watch.done[key] > *pushed, "{key} was lost");
    }
}
