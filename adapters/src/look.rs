//! Looks into JSON that may have any shape.

use serde_json::Value;

pub(crate) trait Look {
    /// What lies at a path of names, such as `repository.full_name`; null if there is nothing.
    fn at(&self, path: &str) -> &Value;

    /// The text there, unless it is blank.
    fn text(&self, path: &str) -> Option<&str>;

    /// The text there, or the number or truth value as text.
    fn word(&self, path: &str) -> Option<String>;

    /// The items there; none if it is no array.
    fn items(&self, path: &str) -> &[Value];

    /// The first of these that is a text, unless it is blank.
    fn first_text(&self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| self.text(path)).map(str::to_owned)
    }
}

impl Look for Value {
    fn at(&self, path: &str) -> &Value {
        path.split('.').fold(self, |value, name| value.get(name).unwrap_or(&Value::Null))
    }

    fn text(&self, path: &str) -> Option<&str> {
        self.at(path).as_str().filter(|text| !text.trim().is_empty())
    }

    fn word(&self, path: &str) -> Option<String> {
        match self.at(path) {
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => self.text(path).map(str::to_owned),
        }
    }

    fn items(&self, path: &str) -> &[Value] {
        self.at(path).as_array().map_or(&[], Vec::as_slice)
    }
}

/// What is sent as a list of texts, or as one text with commas between them.
pub(crate) fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.split(',').map(|word| word.trim().to_owned()).collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
