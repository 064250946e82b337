//! Conditions and computed values: what they come to, and that nothing anybody writes can break them.

use std::collections::BTreeMap;
use std::sync::Arc;

use mapping::employee::{Fields, Reading};
use mapping::expression::{
    CHAIN_LIMIT, EXPRESSION_LIMIT, Expression, Kind, Language, NESTING_LIMIT, Outcome, Table, Tables, normalise,
};
use proptest::prelude::*;

fn language() -> Language {
    let lines = [("engineering", "CC-1"), ("people & culture", "CC-2"), ("łódź", "CC-3")];
    let lines: BTreeMap<String, String> = lines.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let strict = Table { lines: lines.clone(), otherwise: None };
    let lenient = Table { lines, otherwise: Some("CC-0".to_owned()) };
    Language::new(Arc::new(Tables::from([("strict".to_owned(), strict), ("lenient".to_owned(), lenient)])))
}

fn person(department: Reading<&str>) -> Fields {
    let owned = match department {
        Reading::Is(text) => Reading::Is(text.to_owned()),
        Reading::Empty => Reading::Empty,
        Reading::Hidden => Reading::Hidden,
    };
    [("department".to_owned(), owned), ("title".to_owned(), Reading::Is("Chef d'équipe".to_owned()))]
        .into_iter()
        .collect()
}

fn text(source: &str, department: &str) -> Outcome<String> {
    let language = language();
    let expression = Expression::parse(source, Kind::Text, &language).expect(source);
    expression.text(&person(Reading::Is(department)), &language)
}

fn holds(source: &str, department: &str) -> Outcome<bool> {
    let language = language();
    let expression = Expression::parse(source, Kind::Condition, &language).expect(source);
    expression.holds(&person(Reading::Is(department)), &language)
}

fn refused(source: &str, kind: Kind) -> String {
    Expression::parse(source, kind, &language()).expect_err(source)
}

#[test]
fn values() {
    for (source, department, value) in [
        ("department", "Łódź 👩‍🚀", "Łódź 👩‍🚀"),
        ("ascii(department)", "Łódź", "Lodz"),
        ("ascii(department)", "Zoë Müller-Ñandú", "Zoe Muller-Nandu"),
        ("upper(department)", "straße", "STRASSE"),
        ("lower(department)", "ŁÓDŹ", "łódź"),
        ("trim(department)", " \u{a0}x\t", "x"),
        (r#"first(trim(department), title)"#, " ", "Chef d'équipe"),
        (r#"department + " / " + title"#, "R&D", "R&D / Chef d'équipe"),
        (r#"department == "" ? "none" : department"#, "", "none"),
        (r#"lookup("strict", department)"#, "  ENGINEERING ", "CC-1"),
        (r#"lookup("strict", department)"#, "People  &\tCulture", "CC-2"),
        (r#"lookup("strict", department)"#, "ŁÓDŹ", "CC-3"),
        (r#"lookup("lenient", department)"#, "Kitchen", "CC-0"),
        (r#"lookup("lenient", department)"#, "", "CC-0"),
    ] {
        assert_eq!(text(source, department), Outcome::Is(value.to_owned()), "{source} of {department:?}");
    }
    assert_eq!(normalise("  People  &\tCulture\n"), "people & culture");
    let unmapped = Outcome::Unmapped { table: "strict".to_owned(), value: "Kitchen".to_owned() };
    assert_eq!(text(r#"lookup("strict", department)"#, "Kitchen"), unmapped);
}

#[test]
fn conditions() {
    for (source, department, answer) in [
        (r#"department == "Łódź""#, "Łódź", true),
        (r#"department in ["Sales", "Kitchen"]"#, "Kitchen", true),
        (r#"department.startsWith("Eng") && !department.endsWith("s")"#, "Engineering", true),
        (r#"department.matches("^(Sales|Kitchen)( .*)?$")"#, "Sales North", true),
        (r#"["Sales", "Kitchen"].exists(x, department.contains(x))"#, "The Kitchen", true),
        (r#"["Sales", "Kitchen"].all(x, x != department)"#, "Sales", false),
        (r#"size(department) > 3"#, "Łódź", true),
        ("true", "", true),
    ] {
        assert_eq!(holds(source, department), Outcome::Is(answer), "{source} of {department:?}");
    }
}

#[test]
fn names_of_loops_are_no_fields() {
    let language = language();
    let parse = |source| Expression::parse(source, Kind::Condition, &language).expect(source);
    assert_eq!(parse(r#"["a"].exists(x, x == department)"#).fields(), ["department"]);
    assert_eq!(parse(r#"["a"].exists(x, x == department) && x != "b""#).fields(), ["department", "x"]);
    assert_eq!(parse(r#"["a"].all(x, ["b"].exists(y, y == x + title))"#).fields(), ["title"]);
    assert_eq!(parse(r#"{"k": title}["k"] == first(department, title)"#).fields(), ["department", "title"]);
}

#[test]
fn what_hr_hides_has_no_value_even_where_it_might_not_count() {
    let language = language();
    let rule = Expression::parse(r#"title != "" || department == "x""#, Kind::Condition, &language).expect("a rule");
    assert_eq!(rule.holds(&person(Reading::Hidden), &language), Outcome::Hidden("department".to_owned()));
    assert_eq!(rule.holds(&person(Reading::Empty), &language), Outcome::Is(true));
}

#[test]
fn what_is_refused_and_how_it_is_said() {
    for (source, kind, message) in [
        ("department ==", Kind::Condition, "it cannot be read at character 14: unexpected the end"),
        ("department = \"x\"", Kind::Condition, "it cannot be read at character 12: write == to compare"),
        ("department", Kind::Condition, "it gives string, and yes or no is needed"),
        ("size(department)", Kind::Text, "it gives int, and a text is needed"),
        (
            "nosuch(department)",
            Kind::Text,
            "there is no function `nosuch`; ours are lookup, lower, upper, ascii, trim and first",
        ),
        ("lookup(\"nosuch\", department)", Kind::Text, "there is no lookup table `nosuch`"),
        ("", Kind::Text, "it cannot be read at character 1: unexpected the end"),
    ] {
        assert_eq!(refused(source, kind), message, "{source}");
    }
    let long = format!("\"{}\"", "x".repeat(EXPRESSION_LIMIT));
    assert_eq!(refused(&long, Kind::Text), format!("an expression has at most {EXPRESSION_LIMIT} characters"));
    let deep = |n: usize| format!("{}department{}", "(".repeat(n), ")".repeat(n));
    assert!(Expression::parse(&deep(NESTING_LIMIT), Kind::Text, &language()).is_ok());
    assert!(refused(&deep(NESTING_LIMIT + 1), Kind::Text).contains("nested"));
    assert!(refused(&"[".repeat(4000), Kind::Text).contains("nested"));
    let chain = |n: usize| format!("department{}", " + title".repeat(n));
    assert!(Expression::parse(&chain(CHAIN_LIMIT), Kind::Text, &language()).is_ok());
    assert!(refused(&chain(CHAIN_LIMIT + 1), Kind::Text).contains("more than"));
    let quoted =
        format!("department in [\"{}\"] ? \"((((((((((((((((((((\" : 'it\\'s ((((((((((((('", "a-b\", \"".repeat(60));
    assert!(Expression::parse(&quoted, Kind::Text, &language()).is_ok(), "text is not counted");
}

#[test]
fn rules_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<mapping::rules::Rules>();
    shared::<mapping::configuration::Configuration>();
}

fn any_text() -> impl Strategy<Value = Reading<String>> {
    prop_oneof![
        Just(Reading::Hidden),
        Just(Reading::Empty),
        "\\PC{0,40}".prop_map(Reading::Is),
        any::<String>().prop_map(Reading::Is),
    ]
}

/// Text that looks enough like CEL to get past the first character.
fn almost_an_expression() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "department",
        "title",
        "nosuch",
        "first(",
        "lookup(",
        "\"strict\"",
        "\"nosuch\"",
        "lower(",
        "ascii(",
        "size(",
        "matches(\"(\")",
        ".matches(",
        ".startsWith(",
        ".exists(x, ",
        ".map(x, ",
        "has(",
        "x",
        "\"Łódź\"",
        "'",
        "\"",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        "?",
        ":",
        "==",
        "!=",
        "<",
        " in ",
        "&&",
        "||",
        "!",
        "-",
        "+",
        "*",
        "/",
        "%",
        "1",
        "0",
        "9223372036854775807",
        "1u",
        "1.5",
        "true",
        "null",
        "b'x'",
        "r'\\'",
        "\\",
        "//",
        "duration(",
        "timestamp(",
        "int(",
        "string(",
        "dyn(",
        "type(",
        " ",
    ]);
    prop::collection::vec(word, 0..14).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn nothing_anybody_writes_panics(
        source in prop_oneof![3 => almost_an_expression(), 1 => any::<String>(), 1 => "\\PC{0,60}"],
        department in any_text(),
        title in any_text(),
        condition in any::<bool>(),
    ) {
        let fields: Fields = [("department".to_owned(), department), ("title".to_owned(), title)].into_iter().collect();
        LANGUAGE.with(|language| {
            let kind = if condition { Kind::Condition } else { Kind::Text };
            match Expression::parse(&source, kind, language) {
                Ok(expression) => {
                    let _ = (expression.text(&fields, language), expression.holds(&fields, language));
                    prop_assert!(expression.fields().len() < 20);
                }
                Err(message) => prop_assert!(!message.is_empty() && !message.contains('\n')),
            }
            Ok(())
        })?;
    }

    #[test]
    fn sensible_expressions_have_a_value_for_whatever_hr_holds(department in any::<String>()) {
        let fields = person(Reading::Is(&department));
        LANGUAGE.with(|language| {
            for source in [
                r#"ascii(lower(trim(department)))"#,
                r#"lookup("lenient", department)"#,
                r#"department.contains("(") ? upper(department) : first(department, title)"#,
            ] {
                let expression = Expression::parse(source, Kind::Text, language).expect(source);
                let outcome = expression.text(&fields, language);
                prop_assert!(matches!(outcome, Outcome::Is(_)), "{outcome:?}");
            }
            Ok(())
        })?;
    }
}

thread_local! {
    static LANGUAGE: Language = language();
}
