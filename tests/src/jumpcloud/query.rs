//! Query strings, kept in order because filters repeat.

use percent_encoding::percent_decode_str;

/// The default page of every list, in both APIs.
const DEFAULT_LIMIT: usize = 10;

/// A decoded query string.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(raw: Option<&str>) -> Query {
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pairs = raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let split = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        Query(pairs.map(split).collect())
    }

    /// The first value of `name`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All pairs whose name is `prefix` or starts with `prefix[`; what follows the prefix, and the value.
    pub(super) fn nested<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| {
            let rest = name.strip_prefix(prefix)?;
            (rest.is_empty() || rest.starts_with('[')).then_some((rest, value.as_str()))
        })
    }

    /// `skip`, and `limit` with its default of 10 and cut to `cap`.
    pub(super) fn window(&self, cap: usize) -> Window {
        let number = |name| self.get(name).and_then(|text| text.parse().ok());
        Window::of(number("skip"), number("limit"), cap)
    }
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) skip: usize,
    pub(super) limit: usize,
}

impl Window {
    pub(super) fn of(skip: Option<usize>, limit: Option<usize>, cap: usize) -> Window {
        let limit = limit.filter(|n| *n > 0).unwrap_or(DEFAULT_LIMIT).min(cap);
        Window { skip: skip.unwrap_or(0), limit }
    }

    /// That part of `all`; empty past the end.
    pub(super) fn cut<T>(self, all: &[T]) -> &[T] {
        let from = self.skip.min(all.len());
        &all[from..all.len().min(from + self.limit)]
    }
}
