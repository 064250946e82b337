//! What goes over the wire, read against a vendor's OpenAPI file, point by point.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::{Draft, Validator};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tests::server::Exchange;

use crate::world::shared;

/// A specification, ready to be asked.
pub struct Spec {
    name: &'static str,
    /// What every path begins with.
    base: String,
    /// As it is.
    document: Value,
    /// With its schemas in the words of JSON Schema.
    schemas: Value,
    draft: Draft,
    validators: std::cell::RefCell<BTreeMap<String, Validator>>,
}

/// An operation of a specification.
pub struct Operation<'s> {
    spec: &'s Spec,
    /// `PUT /systemusers/{id}`
    name: String,
    path: &'s Value,
    operation: &'s Value,
    /// Where the operation is in the document, as a JSON pointer.
    place: String,
}

/// Points found, each with an example.
pub type Points = BTreeMap<String, String>;

impl Spec {
    /// The specification in this file of the shared folder, if that is here.
    pub fn read(name: &'static str, file: &str, draft: Draft) -> Option<Spec> {
        let path = shared(&format!("specs/{file}"))?;
        let document: Value = serde_json::from_slice(&std::fs::read(path).expect("a specification")).expect("JSON");
        let base = document["basePath"].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
        let mut schemas = document.clone();
        in_schema_words(&mut schemas);
        Some(Spec { name, base, document, schemas, draft, validators: Default::default() })
    }

    /// The same specification for paths that begin with this.
    pub fn under(mut self, base: &str) -> Spec {
        base.clone_into(&mut self.base);
        self
    }

    /// The operation that a call is. Words of a path go before its parameters.
    fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let path = path.split('?').next().unwrap_or_default().strip_prefix(&self.base)?;
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            let same = |(part, given): (&&str, &&str)| part == given || (part.starts_with('{') && !given.is_empty());
            template.len() == parts.len() && template.iter().zip(&parts).all(same)
        };
        let paths = self.document["paths"].as_object().expect("paths");
        let fitting = paths
            .iter()
            .filter(|(template, operations)| fits(template) && operations.get(method.to_lowercase()).is_some());
        let (template, operations) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
        let escaped = template.replace('~', "~0").replace('/', "~1");
        let verb = method.to_lowercase();
        Some(Operation {
            spec: self,
            name: format!("{} {method} {template}", self.name),
            path: operations,
            operation: &operations[&verb],
            place: format!("/paths/{escaped}/{verb}"),
        })
    }

    /// What `$ref` means, one step after the other.
    fn resolved<'s>(&'s self, document: &'s Value, mut node: &'s Value) -> &'s Value {
        while let Some(place) = node["$ref"].as_str() {
            node = document.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("{place} leads nowhere"));
        }
        node
    }

    /// Every point at which `value` is not what the schema at `place` says.
    fn differences(&self, place: &str, value: &Value) -> Vec<(String, String)> {
        let mut validators = self.validators.borrow_mut();
        let validator = validators.entry(place.to_owned()).or_insert_with(|| {
            // The whole document around it, so that its references lead somewhere.
            let mut root = self.schemas.clone();
            let fragment = place.replace('{', "%7B").replace('}', "%7D");
            root["allOf"] = json!([{ "$ref": format!("#{fragment}") }]);
            jsonschema::options()
                .with_draft(self.draft)
                .offline()
                .build(&root)
                .unwrap_or_else(|error| panic!("{} {place}: {error}", self.name))
        });
        let mut found: Vec<(String, String)> = validator
            .iter_errors(value)
            .map(|error| {
                let place = without_indices(error.instance_path().as_str());
                (format!("{place}: {}", error.kind().keyword()), error.to_string())
            })
            .collect();
        let schema = self.schemas.pointer(place).expect("a schema");
        self.unknown(schema, value, "", &mut found);
        found
    }

    /// Keys that the schema does not name, although it names some.
    fn unknown(&self, schema: &Value, value: &Value, place: &str, found: &mut Vec<(String, String)>) {
        let (mut known, mut items, mut open) = (Map::new(), Vec::new(), false);
        let mut parts = vec![schema];
        while let Some(part) = parts.pop() {
            let part = self.resolved(&self.schemas, part);
            known.extend(part["properties"].as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
            items.extend(part.get("items"));
            open |= part.get("additionalProperties").is_some_and(|more| *more != json!(false));
            for all in ["allOf", "anyOf", "oneOf"] {
                parts.extend(part[all].as_array().into_iter().flatten());
            }
        }
        match value {
            Value::Object(map) if !known.is_empty() => {
                for (key, inner) in map {
                    match known.get(key) {
                        Some(schema) => self.unknown(schema, inner, &format!("{place}/{key}"), found),
                        None if open => {}
                        None => found.push((format!("{place}/{key}: unknown key"), inner.to_string())),
                    }
                }
            }
            Value::Array(list) => {
                for (inner, schema) in list.iter().flat_map(|inner| items.iter().map(move |schema| (inner, *schema))) {
                    self.unknown(schema, inner, &format!("{place}/*"), found);
                }
            }
            _ => {}
        }
    }
}

impl Operation<'_> {
    fn parameters(&self) -> impl Iterator<Item = &Value> {
        let lists = [&self.path["parameters"], &self.operation["parameters"]];
        let all = lists.into_iter().flat_map(|list| list.as_array().into_iter().flatten());
        all.map(|parameter| self.spec.resolved(&self.spec.document, parameter))
    }

    /// Where the schema of our body is.
    fn asked_schema(&self) -> Option<String> {
        let listed = self.operation["parameters"].as_array().into_iter().flatten();
        let body = listed.enumerate().find(|(_, parameter)| parameter["in"] == "body");
        let place = match body {
            Some((at, _)) => format!("{}/parameters/{at}/schema", self.place),
            None => format!("{}/requestBody/content/application~1json/schema", self.place),
        };
        self.spec.schemas.pointer(&place).map(|_| place)
    }

    /// Where the schema of an answer is.
    fn answered_schema(&self, status: u16) -> Option<String> {
        let swagger = format!("{}/responses/{status}/schema", self.place);
        let openapi = format!("{}/responses/{status}/content/application~1json/schema", self.place);
        [swagger, openapi].into_iter().find(|place| self.spec.schemas.pointer(place).is_some())
    }

    /// Every point at which our request is not what is documented.
    fn asked(&self, exchange: &Exchange, points: &mut Points) {
        let mut point = |what: String, example: String| {
            points.entry(format!("{} {what}", self.name)).or_insert(example);
        };
        let query = exchange.path.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let pairs: Vec<(String, String)> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let plain = |text: &str| percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned();
                (plain(name), plain(value))
            })
            .collect();
        for (name, value) in &pairs {
            // `page[limit]` is a part of `page`.
            let whole = name.split('[').next().unwrap_or_default();
            let known = self.parameters().find(|parameter| parameter["in"] == "query" && parameter["name"] == *whole);
            match known {
                None => point(format!("?{name}: unknown"), value.clone()),
                Some(parameter) if !may_be(parameter, value) => point(format!("?{name}: type"), value.clone()),
                Some(_) => {}
            }
        }
        for parameter in self.parameters().filter(|p| p["in"] == "query" && p["required"] == true) {
            let name = parameter["name"].as_str().expect("a name");
            if !pairs.iter().any(|(given, _)| given == name) {
                point(format!("?{name}: missing"), exchange.path.clone());
            }
        }
        match (self.asked_schema(), exchange.body.is_empty()) {
            (_, true) => {}
            (None, false) => point("has no body".to_owned(), text_of(exchange)),
            (Some(place), false) => {
                let body: Value = serde_json::from_slice(&exchange.body).expect("we send JSON");
                for (what, example) in self.spec.differences(&place, &body) {
                    point(what, example);
                }
            }
        }
    }

    /// Every point at which the answer is not what is documented.
    fn answered(&self, exchange: &Exchange, points: &mut Points) {
        let status = exchange.status.as_u16();
        let mut point = |what: String, example: String| {
            points.entry(format!("{} -> {status} {what}", self.name)).or_insert(example);
        };
        if self.operation["responses"].get(status.to_string()).is_none() {
            point("status".to_owned(), String::from_utf8_lossy(&exchange.answer).into_owned());
            return;
        }
        let Some(place) = self.answered_schema(status) else { return };
        match serde_json::from_slice::<Value>(&exchange.answer) {
            Err(error) => point("is no JSON".to_owned(), error.to_string()),
            Ok(answer) => {
                for (what, example) in self.spec.differences(&place, &answer) {
                    point(what, example);
                }
            }
        }
    }
}

fn text_of(exchange: &Exchange) -> String {
    String::from_utf8_lossy(&exchange.body).into_owned()
}

/// `/results/3/email` as `/results/*/email`.
fn without_indices(place: &str) -> String {
    let star = |part| if str::parse::<usize>(part).is_ok() { "*" } else { part };
    place.split('/').map(star).collect::<Vec<_>>().join("/")
}

/// Whether a query's text can be of the parameter's type.
fn may_be(parameter: &Value, text: &str) -> bool {
    let schema = parameter.get("schema").unwrap_or(parameter);
    let listed = schema["enum"].as_array().is_none_or(|list| list.iter().any(|value| value == text));
    listed
        && match schema["type"].as_str() {
            Some("integer") => text.parse::<i64>().is_ok(),
            Some("boolean") => matches!(text, "true" | "false"),
            _ => true,
        }
}

/// `nullable` in JSON Schema's words, and without what only code generators read.
fn in_schema_words(node: &mut Value) {
    match node {
        Value::Object(map) => {
            map.values_mut().for_each(in_schema_words);
            let nullable = ["nullable", "x-nullable"].iter().any(|word| map.get(*word) == Some(&json!(true)));
            if nullable {
                if let Some(Value::String(kind)) = map.get("type").cloned() {
                    map.insert("type".to_owned(), json!([kind, "null"]));
                }
                if let Some(Value::Array(list)) = map.get_mut("enum") {
                    list.push(Value::Null);
                }
            }
            // Formats differ by vendor and draft, and `required: true` belongs to parameters.
            if map.get("format").is_some_and(Value::is_string) {
                map.remove("format");
            }
            if map.get("required").is_some_and(Value::is_boolean) {
                map.remove("required");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(in_schema_words),
        _ => {}
    }
}

/// What was found about some exchanges.
#[derive(Default)]
pub struct Findings {
    /// Where requests leave the specifications.
    pub asked: Points,
    /// Where answers do.
    pub answered: Points,
    /// The operations that were looked at.
    pub calls: BTreeSet<String>,
}

impl Findings {
    /// Looks at these exchanges.
    pub fn look_at(&mut self, specs: &[Spec], exchanges: &[Exchange]) {
        for exchange in exchanges {
            let (method, path) = (exchange.method.as_str(), exchange.path.as_str());
            let found = specs.iter().find_map(|spec| spec.operation(method, path));
            let Some(operation) = found else {
                let plain = path.split('?').next().unwrap_or_default();
                let name = format!("{method} {plain} is in no specification");
                self.asked.entry(name).or_insert_with(|| path.to_owned());
                continue;
            };
            operation.asked(exchange, &mut self.asked);
            operation.answered(exchange, &mut self.answered);
            self.calls.insert(operation.name);
        }
    }
}

/// Whether a point is the one that `pattern` means, in which `…` is anything.
pub fn fits(pattern: &str, point: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('…') else { return pattern == point };
    let Some(after) = point.strip_prefix(start) else { return false };
    after.char_indices().map(|(at, _)| &after[at..]).any(|tail| fits(rest, tail))
}

/// What is not allowed, and what is allowed for nothing.
pub fn report(who: &str, found: &Points, allowed: &[(&str, &str)]) -> String {
    let mut report = String::new();
    for (point, example) in found.iter().filter(|(point, _)| !allowed.iter().any(|(pattern, _)| fits(pattern, point))) {
        let example: String = example.chars().take(160).collect();
        report += &format!("  {who}, not documented: {point}\n      {example}\n");
    }
    for (pattern, source) in allowed.iter().filter(|(pattern, _)| !found.keys().any(|point| fits(pattern, point))) {
        report += &format!("  {who}, no longer met: {pattern} ({source})\n");
    }
    report
}
