//! Who comes before whom: managers first, so that a new account can name its manager at once.

use std::collections::HashMap;

use mapping::employee::{Employee, EmployeeId};

/// The order in which to take people, as indexes: every manager on the list before their reports, else by id.
/// Circles (two people managing each other) are entered at the lowest id and lose nothing.
pub fn managers_first(employees: &[Employee]) -> Vec<usize> {
    let place: HashMap<&EmployeeId, usize> = employees.iter().enumerate().map(|(at, e)| (&e.key.id, at)).collect();
    let manager = |at: usize| employees[at].manager.value().and_then(|id| place.get(id)).copied();

    // Depth below the top of one's own chain; a chain that bites its tail ends there.
    let mut depth: Vec<Option<usize>> = vec![None; employees.len()];
    let mut chain = Vec::new();
    for start in 0..employees.len() {
        let mut at = start;
        let base = loop {
            if let Some(known) = depth[at] {
                break known + 1;
            }
            // Marks the chain while it is walked, so that a circle is noticed.
            depth[at] = Some(0);
            chain.push(at);
            match manager(at) {
                Some(above) => at = above,
                None => break 0,
            }
        };
        for (below, at) in chain.drain(..).rev().enumerate() {
            depth[at] = Some(base + below);
        }
    }
    let mut order: Vec<usize> = (0..employees.len()).collect();
    order.sort_by_key(|at| depth[*at]);
    order
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mapping::employee::{ConnectionName, EmployeeKey, Reading, Stage};

    use super::*;

    fn people(pairs: &[(&str, Option<&str>)]) -> Vec<Employee> {
        let id = |text: &str| EmployeeId::parse(text).expect("an id");
        let person = |(name, manager): &(&str, Option<&str>)| Employee {
            key: EmployeeKey { connection: ConnectionName::parse("acme").expect("a name"), id: id(name) },
            observed_at: Timestamp::UNIX_EPOCH,
            employment: Reading::Hidden,
            stage: Stage::Unsaid,
            status: Reading::Hidden,
            starts: Reading::Hidden,
            ends: Reading::Hidden,
            last_day: Reading::Hidden,
            absences: Vec::new(),
            manager: manager.map_or(Reading::Empty, |m| Reading::Is(id(m))),
            zone: None,
            fields: Default::default(),
        };
        pairs.iter().map(person).collect()
    }

    fn order(pairs: &[(&str, Option<&str>)]) -> Vec<String> {
        let people = people(pairs);
        managers_first(&people).into_iter().map(|at| people[at].key.id.to_string()).collect()
    }

    #[test]
    fn managers_come_first() {
        let chain = [("1", Some("2")), ("2", Some("3")), ("3", None), ("4", Some("2")), ("5", Some("99"))];
        assert_eq!(order(&chain), ["3", "5", "2", "1", "4"]);
    }

    #[test]
    fn circles_end() {
        let all = order(&[("1", Some("2")), ("2", Some("1")), ("3", Some("3")), ("4", Some("1"))]);
        assert_eq!(all.len(), 4);
        let place = |id: &str| all.iter().position(|a| a == id).expect("everyone is there");
        assert!(place("4") > place("1"));
    }
}
