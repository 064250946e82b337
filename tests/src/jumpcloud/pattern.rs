//! The small part of regular expressions that searches in JumpCloud use.

/// A parsed pattern: `(?i)`, `/x/i`, anchors, `.`, classes, groups, `|`, `*`, `+`, `?`.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    fold: bool,
    branches: Vec<Vec<Piece>>,
}

#[derive(Clone, Debug)]
struct Piece {
    atom: Atom,
    least: usize,
    most: usize,
}

#[derive(Clone, Debug)]
enum Atom {
    Any,
    One(char),
    Class { not: bool, ranges: Vec<(char, char)> },
    Start,
    End,
    Group(Vec<Vec<Piece>>),
}

impl Pattern {
    /// Parses `text`; `None` where it goes beyond what is modelled.
    pub(super) fn parse(text: &str) -> Option<Pattern> {
        let (mut text, mut fold) = (text, false);
        if let Some((body, flags)) = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) {
            (text, fold) = (body, flags.contains('i'));
        }
        if let Some(rest) = text.strip_prefix("(?i)") {
            (text, fold) = (rest, true);
        }
        let chars: Vec<char> = folded(text, fold);
        let mut at = 0;
        let branches = branches(&chars, &mut at)?;
        (at == chars.len()).then_some(Pattern { fold, branches })
    }

    /// Whether the pattern occurs in `text`.
    pub(super) fn occurs_in(&self, text: &str) -> bool {
        let text = folded(text, self.fold);
        (0..=text.len()).any(|at| any_branch(&self.branches, &text, at, &mut |_| true))
    }

    /// The only text it matches (in lower case where case does not matter), so that an index can answer.
    pub(super) fn only_text(&self) -> Option<String> {
        let [pieces] = self.branches.as_slice() else { return None };
        let [first, inner @ .., last] = pieces.as_slice() else { return None };
        if !matches!((&first.atom, &last.atom), (Atom::Start, Atom::End)) {
            return None;
        }
        let letter = |piece: &Piece| match piece.atom {
            Atom::One(c) if (piece.least, piece.most) == (1, 1) => Some(c),
            _ => None,
        };
        inner.iter().map(letter).collect()
    }
}

fn folded(text: &str, fold: bool) -> Vec<char> {
    if fold { text.to_lowercase().chars().collect() } else { text.chars().collect() }
}

fn branches(text: &[char], at: &mut usize) -> Option<Vec<Vec<Piece>>> {
    let mut all = vec![Vec::new()];
    while let Some(&c) = text.get(*at) {
        if c == ')' {
            break;
        }
        *at += 1;
        let atom = match c {
            '|' => {
                all.push(Vec::new());
                continue;
            }
            '^' => Atom::Start,
            '$' => Atom::End,
            '.' => Atom::Any,
            '(' => group(text, at)?,
            '[' => class(text, at)?,
            '\\' => escape(text, at)?,
            '*' | '+' | '?' | '{' => return None,
            other => Atom::One(other),
        };
        let (least, most) = match text.get(*at) {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            _ => (1, 1),
        };
        if (least, most) != (1, 1) {
            *at += 1;
        }
        all.last_mut().expect("there is always a branch").push(Piece { atom, least, most });
    }
    Some(all)
}

fn group(text: &[char], at: &mut usize) -> Option<Atom> {
    if text[*at..].starts_with(&['?', ':']) {
        *at += 2;
    }
    let inner = branches(text, at)?;
    if text.get(*at) != Some(&')') {
        return None;
    }
    *at += 1;
    Some(Atom::Group(inner))
}

fn class(text: &[char], at: &mut usize) -> Option<Atom> {
    let not = text.get(*at) == Some(&'^');
    *at += usize::from(not);
    let mut ranges = Vec::new();
    loop {
        let mut from = *text.get(*at)?;
        *at += 1;
        match from {
            ']' => return Some(Atom::Class { not, ranges }),
            '\\' => {
                from = *text.get(*at)?;
                *at += 1;
            }
            _ => {}
        }
        let to = match (text.get(*at), text.get(*at + 1)) {
            (Some('-'), Some(&to)) if to != ']' => {
                *at += 2;
                to
            }
            _ => from,
        };
        ranges.push((from, to));
    }
}

fn escape(text: &[char], at: &mut usize) -> Option<Atom> {
    let c = *text.get(*at)?;
    *at += 1;
    let class = |not, ranges: &[(char, char)]| Atom::Class { not, ranges: ranges.to_vec() };
    const WORD: [(char, char); 4] = [('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')];
    Some(match c {
        'd' => class(false, &[('0', '9')]),
        'D' => class(true, &[('0', '9')]),
        'w' => class(false, &WORD),
        'W' => class(true, &WORD),
        's' => class(false, &[(' ', ' '), ('\t', '\r')]),
        other if other.is_alphanumeric() => return None,
        other => Atom::One(other),
    })
}

fn any_branch(all: &[Vec<Piece>], text: &[char], at: usize, then: &mut dyn FnMut(usize) -> bool) -> bool {
    all.iter().any(|pieces| sequence(pieces, text, at, then))
}

fn sequence(pieces: &[Piece], text: &[char], at: usize, then: &mut dyn FnMut(usize) -> bool) -> bool {
    match pieces {
        [] => then(at),
        [first, rest @ ..] => repeat(first, rest, 0, text, at, then),
    }
}

fn repeat(
    piece: &Piece,
    rest: &[Piece],
    done: usize,
    text: &[char],
    at: usize,
    then: &mut dyn FnMut(usize) -> bool,
) -> bool {
    let more = done < piece.most
        && once(&piece.atom, text, at, &mut |next| {
            // An empty round would go on for ever.
            (next > at || done < piece.least) && repeat(piece, rest, done + 1, text, next, then)
        });
    more || (done >= piece.least && sequence(rest, text, at, then))
}

fn once(atom: &Atom, text: &[char], at: usize, then: &mut dyn FnMut(usize) -> bool) -> bool {
    match atom {
        Atom::Start => at == 0 && then(at),
        Atom::End => at == text.len() && then(at),
        Atom::Group(inner) => any_branch(inner, text, at, then),
        Atom::Any => at < text.len() && then(at + 1),
        Atom::One(c) => text.get(at) == Some(c) && then(at + 1),
        Atom::Class { not, ranges } => {
            let inside = |c: &char| ranges.iter().any(|(from, to)| (from..=to).contains(&c)) != *not;
            text.get(at).is_some_and(inside) && then(at + 1)
        }
    }
}

#[cfg(test)]
mod checks {
    use super::Pattern;

    #[test]
    fn the_forms_that_clients_send() {
        let yes = [
            ("(?i)^ada", "Ada.Byron"),
            ("/pester/i", "x-Pester-1"),
            ("byron$", "ada.byron"),
            (r"^ada\.byron(-[0-9]+)?$", "ada.byron-12"),
            ("^(ada|grace)@", "grace@example.test"),
            ("a.*n", "ada.byron"),
        ];
        for (pattern, text) in yes {
            assert!(Pattern::parse(pattern).expect(pattern).occurs_in(text), "{pattern} in {text}");
        }
        let no = [("^byron", "ada.byron"), ("Ada", "ada"), (r"^ada\.byron$", "adaxbyron"), ("^a+$", "aab")];
        for (pattern, text) in no {
            assert!(!Pattern::parse(pattern).expect(pattern).occurs_in(text), "{pattern} in {text}");
        }
        assert_eq!(Pattern::parse(r"(?i)^Ada\.B$").and_then(|p| p.only_text()).as_deref(), Some("ada.b"));
        assert!(Pattern::parse("a{2}").is_none());
    }
}
