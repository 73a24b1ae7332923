//! A request as plain data, and how its parts are read.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{Refusal, multipart};

/// A request of a program that is not ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreign {
    /// `POST`
    pub method: String,
    /// `/backups/nightly`, percent-encoded.
    pub path: String,
    /// What follows the `?`, percent-encoded.
    pub query: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Foreign {
    /// A request with this JSON in its body and nothing else, such as what a program is handed on standard input.
    pub fn of_json(json: impl Into<Vec<u8>>) -> Self {
        Foreign {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: json.into(),
            ..Foreign::default()
        }
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The first value of this name in the query, unless it is blank.
    pub fn query(&self, name: &str) -> Option<String> {
        self.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// All names and values in the query, but for blank ones.
    pub fn query_pairs(&self) -> impl Iterator<Item = (String, String)> {
        form_urlencoded::parse(self.query.as_bytes())
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
    }

    /// The parts of the path, decoded; empty ones are left out.
    pub fn segments(&self) -> Vec<String> {
        let parts = self.path.split('/').filter(|part| !part.is_empty());
        parts.map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
    }

    /// `application/json`, in lower case and without parameters.
    pub(crate) fn media_type(&self) -> String {
        let value = self.header("Content-Type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_lowercase()
    }

    pub(crate) fn is_form(&self) -> bool {
        matches!(self.media_type().as_str(), "application/x-www-form-urlencoded" | "multipart/form-data")
    }

    /// The body as text. Bytes that are no UTF-8 are replaced.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        // Some programs of Windows put a byte order mark before it.
        let body = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body);
        serde_json::from_slice(body).map_err(|error| Refusal::Unreadable(format!("it is no JSON: {error}")))
    }

    /// The fields of a form: those of the body, of either kind.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        if self.media_type() == "multipart/form-data" {
            return multipart::fields(self.header("Content-Type").unwrap_or_default(), &self.body);
        }
        form_urlencoded::parse(&self.body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    }

    /// The body as an object: JSON or a form, whatever it is declared to be. `payload`, `payload_json` and `data`
    /// are fields in which some put their JSON into a form.
    pub(crate) fn object(&self) -> Result<Value, Refusal> {
        if !self.is_form() {
            return self.json();
        }
        // `curl -d '{…}'` declares JSON to be a form.
        if let Ok(value @ Value::Object(_)) = self.json() {
            return Ok(value);
        }
        let fields = self.form();
        for (name, text) in &fields {
            if matches!(name.as_str(), "payload" | "payload_json" | "data")
                && let Ok(value @ Value::Object(_)) = serde_json::from_str(text)
            {
                return Ok(value);
            }
        }
        Ok(object_of(fields))
    }
}

/// Fields as an object of texts; of those of one name the first counts.
pub(crate) fn object_of(fields: impl IntoIterator<Item = (String, String)>) -> Value {
    let mut object = Map::new();
    for (name, text) in fields {
        object.entry(name).or_insert(Value::String(text));
    }
    Value::Object(object)
}
