//! Conditions and computed attributes: the Common Expression Language over HR fields, plus lookup tables.
//!
//! A plain field name is the plain case and takes a short cut. Every field is text here, "" when empty; an
//! expression that needs a hidden field has no value at all, so that nothing is ever decided on what HR withheld.

mod known;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::common::types::CelString;
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use cel::{Context, Env, ExecutionError, Program, Value};

use crate::employee::{Fields, Reading};

pub use self::known::known_values;

/// The longest expression, in bytes.
pub const EXPRESSION_LIMIT: usize = 4096;
/// How deep brackets may be nested: the expression library works by recursion.
pub const NESTING_LIMIT: usize = 12;
/// How many times `+ - * / %` may stand in one expression: a chain of them is worked out by recursion too.
pub const CHAIN_LIMIT: usize = 40;
/// Parts a lookup's table from its value inside an error of the expression library; never typed by people.
const SEPARATOR: char = '\u{1f}';

/// One lookup table: lines by their normalised key.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What each key stands for.
    pub lines: BTreeMap<String, String>,
    /// What every other key stands for, where the rules say so.
    pub otherwise: Option<String>,
}

/// The lookup tables of one connection, by name.
pub type Tables = BTreeMap<String, Table>;

/// Pick-list values differ from what people type by case and spaces only; rules should not break on that.
pub fn normalise(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The functions that expressions of one connection may call.
pub struct Language {
    env: Arc<Env>,
    context: Context<'static, 'static>,
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Language")
    }
}

impl Language {
    /// The standard library and ours: `lookup(table, key)`, `lower`, `upper`, `ascii`, `trim`, `first(a, b)`.
    pub fn new(tables: Arc<Tables>) -> Language {
        let env = Arc::new(Env::stdlib());
        let mut context = Context::with_env(Arc::clone(&env));
        let lookup = move |table: Arc<String>, key: Arc<String>| look_up(&tables, &table, &key);
        let added = [
            context.add_function("lookup", lookup),
            context.add_function("lower", |text: Arc<String>| -> String { text.to_lowercase() }),
            context.add_function("upper", |text: Arc<String>| text.to_uppercase()),
            context.add_function("ascii", |text: Arc<String>| deunicode::deunicode(&text)),
            context.add_function("trim", |text: Arc<String>| text.trim().to_owned()),
            context.add_function("first", |a: Arc<String>, b: Arc<String>| if a.is_empty() { b } else { a }),
        ];
        for result in added {
            result.expect("no name of ours is one of the standard library's");
        }
        Language { env, context }
    }
}

fn look_up(tables: &Tables, table: &str, key: &str) -> Result<Value, ExecutionError> {
    let Some(lines) = tables.get(table) else {
        return Err(ExecutionError::function_error("lookup", format!("there is no lookup table `{table}`")));
    };
    let line = lines.lines.get(&normalise(key)).or(lines.otherwise.as_ref());
    match line {
        Some(text) => Ok(Value::String(Arc::new(text.clone()))),
        None => Err(ExecutionError::function_error("lookup", format!("{table}{SEPARATOR}{key}"))),
    }
}

/// What an expression came to for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// A value.
    Is(T),
    /// It needs this field, which HR withholds.
    Hidden(String),
    /// A lookup table has no line for this value.
    Unmapped {
        /// The table.
        table: String,
        /// The value as HR has it.
        value: String,
    },
    /// It cannot be worked out for this person.
    Failed(String),
}

/// A checked expression.
pub struct Expression {
    source: Arc<str>,
    form: Form,
}

enum Form {
    Field,
    Program { program: Program, fields: Box<[Box<str>]> },
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", &*self.source)
    }
}

/// What kind of value an expression must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// Yes or no.
    Condition,
}

impl Expression {
    /// Reads and checks an expression: it must parse, call only what exists, and have the right kind of value for
    /// empty and for filled fields.
    ///
    /// # Errors
    /// Says what is wrong, in a sentence.
    pub fn parse(source: &str, kind: Kind, language: &Language) -> Result<Expression, String> {
        if source.len() > EXPRESSION_LIMIT {
            return Err(format!("an expression has at most {EXPRESSION_LIMIT} characters"));
        }
        simple_enough(source)?;
        let is_name = source.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && source.starts_with(|c: char| c.is_ascii_alphabetic())
            && !matches!(source, "true" | "false" | "null");
        if is_name && kind == Kind::Text {
            return Ok(Expression { source: source.into(), form: Form::Field });
        }
        let program = language.env.compile(source).map_err(|errors| in_words(&errors.to_string()))?;
        let mut fields = BTreeSet::new();
        names(program.expression(), &mut Vec::new(), &mut fields);
        let fields = fields.into_iter().map(Box::from).collect();
        let expression = Expression { source: source.into(), form: Form::Program { program, fields } };
        expression.try_out(kind, language)?;
        Ok(expression)
    }

    /// As written in the rules.
    pub fn source(&self) -> Arc<str> {
        Arc::clone(&self.source)
    }

    /// The HR fields it reads.
    pub fn fields(&self) -> Vec<&str> {
        match &self.form {
            Form::Field => vec![&self.source],
            Form::Program { fields, .. } => fields.iter().map(|name| &**name).collect(),
        }
    }

    /// Its text for one person; "" where nothing is there.
    pub fn text(&self, fields: &Fields, language: &Language) -> Outcome<String> {
        let (program, read) = match &self.form {
            Form::Field => {
                return match fields.get(&self.source) {
                    Reading::Hidden => Outcome::Hidden(self.source.to_string()),
                    Reading::Empty => Outcome::Is(String::new()),
                    Reading::Is(text) => Outcome::Is(text.to_owned()),
                };
            }
            Form::Program { program, fields } => (program, fields),
        };
        if let Some(hidden) = first_hidden(read, fields) {
            return Outcome::Hidden(hidden);
        }
        match run(program, &Row::Person(fields), language) {
            Ok(Value::String(text)) => Outcome::Is(text.to_string()),
            Ok(other) => Outcome::Failed(format!("gives {} where a text is needed", other.type_of())),
            Err(error) => refusal(&error),
        }
    }

    /// Whether it holds for one person.
    pub fn holds(&self, fields: &Fields, language: &Language) -> Outcome<bool> {
        let Form::Program { program, fields: read } = &self.form else {
            return Outcome::Failed("a condition is yes or no".to_owned());
        };
        if let Some(hidden) = first_hidden(read, fields) {
            return Outcome::Hidden(hidden);
        }
        match run(program, &Row::Person(fields), language) {
            Ok(Value::Bool(holds)) => Outcome::Is(holds),
            Ok(other) => Outcome::Failed(format!("gives {} where yes or no is needed", other.type_of())),
            Err(error) => refusal(&error),
        }
    }

    /// Runs it once with every field empty and once with every field filled: CEL is dynamically typed here, and a
    /// wrong type should be found when the rules are read, not on somebody's first day.
    fn try_out(&self, kind: Kind, language: &Language) -> Result<(), String> {
        let Form::Program { program, .. } = &self.form else { return Ok(()) };
        for sample in ["", "x", "a.b@example.com"] {
            let value = match run(program, &Row::Same(sample), language) {
                Ok(value) => value,
                Err(error) => match refusal::<()>(&error) {
                    Outcome::Unmapped { .. } => continue,
                    _ => return Err(in_words(&error.to_string())),
                },
            };
            match (kind, &value) {
                (Kind::Text, Value::String(_)) | (Kind::Condition, Value::Bool(_)) => {}
                (Kind::Text, other) => return Err(format!("it gives {}, and a text is needed", other.type_of())),
                (Kind::Condition, other) => {
                    return Err(format!("it gives {}, and yes or no is needed", other.type_of()));
                }
            }
        }
        Ok(())
    }
}

fn first_hidden(read: &[Box<str>], fields: &Fields) -> Option<String> {
    read.iter().find(|name| fields.get(name) == Reading::Hidden).map(|name| name.to_string())
}

/// Refuses, before anything recurses over it, what would use up the stack.
fn simple_enough(source: &str) -> Result<(), String> {
    let (mut quote, mut escaped, mut depth, mut chain) = (None, false, 0_usize, 0_usize);
    for c in source.chars() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '+' | '-' | '*' | '/' | '%') => chain += 1,
            (None, _) => {}
        }
        if depth > NESTING_LIMIT {
            return Err(format!("brackets are nested more than {NESTING_LIMIT} deep"));
        }
        if chain > CHAIN_LIMIT {
            return Err(format!("more than {CHAIN_LIMIT} of + - * / % in one expression"));
        }
    }
    Ok(())
}

/// The names that an expression reads from outside: `x` is none in `["a", "b"].exists(x, x == department)`.
fn names<'e>(expression: &'e IdedExpr, bound: &mut Vec<&'e str>, found: &mut BTreeSet<&'e str>) {
    match &expression.expr {
        Expr::Unspecified | Expr::Literal(_) => {}
        Expr::Ident(name) => {
            if !name.starts_with('@') && !bound.contains(&name.as_str()) {
                found.insert(name);
            }
        }
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).for_each(|e| names(e, bound, found)),
        Expr::Select(select) => names(&select.operand, bound, found),
        Expr::List(list) => list.elements.iter().for_each(|e| names(e, bound, found)),
        Expr::Map(map) => map.entries.iter().for_each(|e| entry_names(&e.expr, bound, found)),
        Expr::Struct(made) => made.entries.iter().for_each(|e| entry_names(&e.expr, bound, found)),
        Expr::Comprehension(over) => {
            names(&over.iter_range, bound, found);
            names(&over.accu_init, bound, found);
            let outer = bound.len();
            bound.extend([&*over.iter_var, &*over.accu_var].into_iter().chain(over.iter_var2.as_deref()));
            [&over.loop_cond, &over.loop_step, &over.result].into_iter().for_each(|e| names(e, bound, found));
            bound.truncate(outer);
        }
    }
}

fn entry_names<'e>(entry: &'e EntryExpr, bound: &mut Vec<&'e str>, found: &mut BTreeSet<&'e str>) {
    match entry {
        EntryExpr::StructField(field) => names(&field.value, bound, found),
        EntryExpr::MapEntry(entry) => [&entry.key, &entry.value].into_iter().for_each(|e| names(e, bound, found)),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// `ERROR: <input>:1:14: Syntax error: mismatched input '<EOF>' expecting {…}` without what only its authors read.
fn in_words(error: &str) -> String {
    let line = first_line(error);
    if let Some((_, ours)) = line.split_once("Error executing function 'lookup': ") {
        return ours.to_owned();
    }
    if let Some(name) = line.strip_prefix("Undeclared reference to '").and_then(|rest| rest.strip_suffix('\'')) {
        return format!("there is no function `{name}`; ours are lookup, lower, upper, ascii, trim and first");
    }
    let place = line.strip_prefix("ERROR: <input>:").and_then(|rest| rest.split_once(": "));
    let Some((place, message)) = place else { return line };
    let column = place.rsplit_once(':').map_or(place, |(_, column)| column);
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let message = message.split(" expecting ").next().unwrap_or(message).replace("'<EOF>'", "the end");
    let message = message.replace("mismatched input", "unexpected").replace("extraneous input", "unexpected");
    if message.starts_with("token recognition error at: '= ") {
        return format!("it cannot be read at character {column}: write == to compare");
    }
    format!("it cannot be read at character {column}: {message}")
}

fn refusal<T>(error: &ExecutionError) -> Outcome<T> {
    if let ExecutionError::FunctionError { function, message } = error
        && function == "lookup"
        && let Some((table, value)) = message.split_once(SEPARATOR)
    {
        return Outcome::Unmapped { table: table.to_owned(), value: value.to_owned() };
    }
    Outcome::Failed(in_words(&error.to_string()))
}

/// Where an expression's names come from.
enum Row<'a> {
    Person(&'a Fields),
    Same(&'static str),
}

impl VariableResolver for Row<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let text = match self {
            Row::Same(text) => text,
            Row::Person(fields) => match fields.get(name) {
                Reading::Is(text) => text,
                Reading::Empty => "",
                Reading::Hidden => return None,
            },
        };
        Some(CowVal::owned(CelString::from(text)))
    }
}

fn run(program: &Program, row: &Row<'_>, language: &Language) -> Result<Value, ExecutionError> {
    let mut scope = language.context.new_inner_scope();
    scope.set_variable_resolver(row);
    program.execute(&scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language() -> Language {
        let lines = BTreeMap::from([("engineering".to_owned(), "CC-1".to_owned())]);
        let table = Table { lines, otherwise: None };
        Language::new(Arc::new(Tables::from([("cost".to_owned(), table)])))
    }

    fn person(fields: &[(&str, Reading<&str>)]) -> Fields {
        let owned = fields.iter().map(|(name, value)| {
            let value = match value {
                Reading::Is(text) => Reading::Is((*text).to_owned()),
                Reading::Empty => Reading::Empty,
                Reading::Hidden => Reading::Hidden,
            };
            ((*name).to_owned(), value)
        });
        owned.collect()
    }

    #[test]
    fn a_field_name_is_the_plain_case() {
        let language = language();
        let title = Expression::parse("jobTitle", Kind::Text, &language).expect("a field");
        assert_eq!(title.text(&person(&[("jobTitle", Reading::Is("Cook"))]), &language), Outcome::Is("Cook".into()));
        assert_eq!(title.text(&person(&[("jobTitle", Reading::Empty)]), &language), Outcome::Is(String::new()));
        assert_eq!(title.text(&person(&[]), &language), Outcome::Hidden("jobTitle".into()));
    }

    #[test]
    fn computed_values_looked_up_values_and_their_gaps() {
        let language = language();
        let name = Expression::parse(r#"first(preferred, given) + " " + family"#, Kind::Text, &language).expect("text");
        let ada = person(&[
            ("preferred", Reading::Empty),
            ("given", Reading::Is("Ada")),
            ("family", Reading::Is("Byron")),
            ("department", Reading::Is(" engineering")),
        ]);
        assert_eq!(name.text(&ada, &language), Outcome::Is("Ada Byron".into()));
        let cost = Expression::parse(r#"lookup("cost", department)"#, Kind::Text, &language).expect("text");
        assert_eq!(cost.text(&ada, &language), Outcome::Is("CC-1".into()));
        let sales = person(&[("department", Reading::Is("Sales"))]);
        assert_eq!(cost.text(&sales, &language), Outcome::Unmapped { table: "cost".into(), value: "Sales".into() });
    }

    #[test]
    fn a_condition_on_a_hidden_field_has_no_answer() {
        let language = language();
        let rule = Expression::parse(r#"department != "Sales""#, Kind::Condition, &language).expect("a condition");
        assert_eq!(rule.holds(&person(&[]), &language), Outcome::Hidden("department".into()));
    }

    #[test]
    fn faults_are_found_when_the_rules_are_read() {
        let language = language();
        for (source, kind) in [
            ("department ==", Kind::Condition),
            ("department", Kind::Condition),
            ("department + 1", Kind::Text),
            ("department == \"x\"", Kind::Text),
            ("nosuch(department)", Kind::Text),
            (r#"lookup("nosuch", department)"#, Kind::Text),
        ] {
            assert!(Expression::parse(source, kind, &language).is_err(), "{source} should be refused");
        }
    }
}
