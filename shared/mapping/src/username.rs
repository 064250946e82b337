//! User names, within JumpCloud's naming rules.

use crate::employee::{EmployeeId, EmployeeKey};

/// JumpCloud's limit for Mac and Linux devices, in characters; the default.
pub const USERNAME_LIMIT: usize = 30;
/// JumpCloud's limit for Windows devices, in characters.
pub const USERNAME_LIMIT_WINDOWS: usize = 20;
/// A longer employee id goes into a suffix as a short digest of itself, which is this long.
const SUFFIX_LIMIT: usize = 6;

/// Makes a valid user name of any text: ASCII, lower case, letters, digits, `.`, `_` and `-`, a letter first, at most
/// `limit` characters. `None` where nothing is left.
pub fn sanitise(text: &str, limit: usize) -> Option<String> {
    let plain = deunicode::deunicode(text.trim()).to_lowercase();
    let mut name = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            'a'..='z' | '0'..='9' | '_' | '-' => name.push(c),
            // "Anna Maria" and "anna..maria" are both one dot.
            ' ' | '.' if !name.is_empty() && !name.ends_with('.') => name.push('.'),
            _ => {}
        }
    }
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let name: String = name.chars().take(limit).collect();
    let name = name.trim_end_matches(['.', '-', '_']);
    (!name.is_empty()).then(|| name.to_owned())
}

/// The same name for the person who comes second: with the employee id, so that it does not depend on who else is
/// there or on the order in which people are looked at.
pub fn with_suffix(name: &str, id: &EmployeeId, limit: usize) -> String {
    suffixed(name, &suffix(id), limit)
}

/// The same name for the person who comes third, because somebody holds the second by chance or from another
/// connection: with a digest of who it is.
pub fn with_digest(name: &str, key: &EmployeeKey, limit: usize) -> String {
    suffixed(name, &digest(&key.to_string()), limit)
}

fn suffixed(name: &str, suffix: &str, limit: usize) -> String {
    let keep = limit.saturating_sub(suffix.len() + 1);
    let stem: String = name.chars().take(keep).collect();
    format!("{}-{suffix}", stem.trim_end_matches(['.', '-', '_']))
}

fn suffix(id: &EmployeeId) -> String {
    let plain = id.as_str().to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "");
    if !plain.is_empty() && plain.len() <= SUFFIX_LIMIT { plain } else { digest(id.as_str()) }
}

fn digest(text: &str) -> String {
    // FNV-1a: short, stable for ever, and no secret.
    let digest = text.bytes().fold(0x811c_9dc5_u32, |hash, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193));
    let mut rest = digest;
    let digits = std::iter::repeat_with(|| {
        let digit = char::from_digit(rest % 36, 36).expect("a digit below the base");
        rest /= 36;
        digit
    });
    digits.take(SUFFIX_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_become_user_names() {
        let cases = [
            ("ada.byron", "ada.byron"),
            ("Ada Byron", "ada.byron"),
            ("Łukasz Żółć", "lukasz.zolc"),
            ("o'brien+tag", "obrientag"),
            ("  42nd.street ", "nd.street"),
            ("山田太郎", "shan.tian.tai.lang"),
        ];
        for (text, name) in cases {
            assert_eq!(sanitise(text, 30).as_deref(), Some(name), "{text}");
        }
        assert_eq!(sanitise("...", 30), None);
    }

    #[test]
    fn the_second_of_a_name_gets_the_employee_id() {
        let id = |text| EmployeeId::parse(text).expect("an id");
        assert_eq!(with_suffix("jsmith", &id("42"), 20), "jsmith-42");
        assert_eq!(with_suffix("a-very-long-name-indeed", &id("42"), 20), "a-very-long-name-42");
        let long = with_suffix("jsmith", &id("2930497263401234567"), 20);
        assert_eq!(long.len(), "jsmith-".len() + 6);
    }

    proptest! {
        #[test]
        fn every_name_obeys_jumpclouds_rules(text in "\\PC{0,60}", limit in 20_usize..=30, id in "[A-Za-z0-9._-]{1,24}") {
            let id = EmployeeId::parse(&id).expect("an id");
            let key = EmployeeKey::parse(&format!("acme:{id}")).expect("a key");
            let all = |n: String| [with_suffix(&n, &id, limit), with_digest(&n, &key, limit), n];
            for name in sanitise(&text, limit).into_iter().flat_map(all) {
                prop_assert!(name.len() <= limit);
                prop_assert!(name.starts_with(|c: char| c.is_ascii_lowercase()));
                prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b)));
            }
        }
    }
}
