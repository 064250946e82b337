//! Which values a condition knows: `department in ["Sales", "Care"]` knows two, `department != "Sales"` knows all.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use super::{Expression, Form};

/// The values of one field that conditions know; `None` where one says something of every value.
type Known = Option<BTreeSet<String>>;

/// The values that these conditions know, for each field that they only compare with values. A field with one known
/// value is a flag and not a division of people: nobody who lacks it is unknown.
pub fn known_values<'e>(conditions: impl Iterator<Item = &'e Expression>) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, Known> = BTreeMap::new();
    for condition in conditions {
        match &condition.form {
            Form::Field => drop(found.insert(condition.source.to_string(), None)),
            Form::Program { program, .. } => read(program.expression(), &mut found),
        }
    }
    let divided = found.into_iter().filter_map(|(field, known)| Some((field, known.filter(|known| known.len() > 1)?)));
    divided.collect()
}

fn read(expression: &IdedExpr, found: &mut BTreeMap<String, Known>) {
    if let Expr::Call(call) = &expression.expr {
        match (call.func_name.as_str(), &call.args[..]) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, sides) => {
                return sides.iter().for_each(|side| read(side, found));
            }
            (operators::EQUALS, [one, other]) => {
                if let Some((field, value)) = pair(one, other).or_else(|| pair(other, one)) {
                    return know(field, [value], found);
                }
            }
            (operators::IN, [one, list]) => {
                if let (Expr::Ident(field), Some(values)) = (&one.expr, texts(list)) {
                    return know(field, values, found);
                }
            }
            _ => {}
        }
    }
    // Whatever else is said of a field may hold for any value of it.
    let mut fields = BTreeSet::new();
    super::names(expression, &mut Vec::new(), &mut fields);
    for field in fields {
        found.insert(field.to_owned(), None);
    }
}

fn know(field: &str, values: impl IntoIterator<Item = String>, found: &mut BTreeMap<String, Known>) {
    let known = found.entry(field.to_owned()).or_insert_with(|| Some(BTreeSet::new()));
    if let Some(known) = known {
        known.extend(values);
    }
}

fn pair<'e>(field: &'e IdedExpr, value: &IdedExpr) -> Option<(&'e str, String)> {
    match &field.expr {
        Expr::Ident(name) => Some((name, text(value)?)),
        _ => None,
    }
}

fn texts(list: &IdedExpr) -> Option<Vec<String>> {
    match &list.expr {
        Expr::List(list) => list.elements.iter().map(text).collect(),
        _ => None,
    }
}

fn text(value: &IdedExpr) -> Option<String> {
    match &value.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Kind, Language, Tables};
    use super::*;

    fn known(conditions: &[&str]) -> Vec<(String, Vec<String>)> {
        let language = Language::new(Arc::new(Tables::new()));
        let parse = |text: &&str| Expression::parse(text, Kind::Condition, &language).expect("a condition");
        let parsed: Vec<Expression> = conditions.iter().map(parse).collect();
        let known = known_values(parsed.iter());
        known.into_iter().map(|(field, values)| (field, values.into_iter().collect())).collect()
    }

    #[test]
    fn values_that_conditions_compare_with() {
        let both = [("department".to_owned(), vec!["Care".to_owned(), "Sales".to_owned()])];
        assert_eq!(known(&["department == 'Sales'", "'Care' == department"]), both);
        assert_eq!(known(&["department in ['Sales', 'Care'] && site == 'Leeds'"]), both);
    }

    #[test]
    fn a_flag_or_a_condition_on_all_values_knows_everybody() {
        assert_eq!(known(&["contract == 'Contractor'"]), []);
        for open in ["department != 'Care'", "department.startsWith('S')", "!(department == 'Ops')"] {
            assert_eq!(known(&["department == 'Sales'", "department == 'Care'", open]), [], "{open}");
        }
    }
}
