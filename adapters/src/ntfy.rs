//! ntfy: `POST /<topic>` with the text as body and everything else in headers or the query; `POST /` with JSON.

use serde_json::Value;

use crate::{
    Action, Foreign, Format, Level, Note, Outcome, Refusal,
    limits::is_web_address,
    look::{Look as _, words},
    rfc2047,
};

/// What a request of an ntfy client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// To publish.
    Publish(Box<Message>),
    /// To mark what a sequence shows as read: here, to withdraw what waits or runs.
    Clear(Sequence),
    /// To delete what a sequence shows.
    Delete(Sequence),
}

/// A message that is updated by others of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Where it was published.
    pub topic: String,
    /// Its name.
    pub id: String,
}

impl Sequence {
    fn key(&self) -> String {
        format!("ntfy:{}/{}", self.topic, self.id)
    }
}

/// A message as ntfy has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Where it is published.
    pub topic: String,
    /// Which earlier one it updates.
    pub sequence: Option<String>,
    /// The text.
    pub message: String,
    /// A heading.
    pub title: Option<String>,
    /// 1 to 5, if it was given.
    pub priority: Option<u8>,
    /// Words, some of which stand for emoji.
    pub tags: Vec<String>,
    /// What a click opens.
    pub click: Option<String>,
    /// A file elsewhere.
    pub attach: Option<String>,
    /// Addresses to offer, with what their buttons say.
    pub views: Vec<(String, String)>,
    /// Whether the text is Markdown.
    pub is_markdown: bool,
}

/// A header, its shorter forms, and what else it goes by in the query.
struct Parameter(&'static [&'static str]);

const MESSAGE: Parameter = Parameter(&["x-message", "message", "m"]);
const TITLE: Parameter = Parameter(&["x-title", "title", "ti", "t"]);
const PRIORITY: Parameter = Parameter(&["x-priority", "priority", "prio", "p"]);
const TAGS: Parameter = Parameter(&["x-tags", "tags", "tag", "ta"]);
const CLICK: Parameter = Parameter(&["x-click", "click"]);
const ACTIONS: Parameter = Parameter(&["x-actions", "actions", "action"]);
const ATTACH: Parameter = Parameter(&["x-attach", "attach", "a"]);
const FILENAME: Parameter = Parameter(&["x-filename", "filename", "file", "f"]);
const MARKDOWN: Parameter = Parameter(&["x-markdown", "markdown", "md"]);
const SEQUENCE: Parameter = Parameter(&["x-sequence-id", "sequence-id", "sequence_id", "sid"]);
const DELAY: Parameter = Parameter(&["x-delay", "delay", "x-at", "at", "x-in", "in"]);
const EMAIL: Parameter = Parameter(&["x-email", "x-e-mail", "email", "e-mail", "mail", "e"]);
const CALL: Parameter = Parameter(&["x-call", "call"]);

/// What ntfy shows of a message without text.
const NO_MESSAGE: &str = "triggered";

impl Parameter {
    /// Headers count more than the query, and the first that is not blank more than the others.
    fn of(&self, request: &Foreign) -> Option<String> {
        let in_headers = self.0.iter().filter_map(|name| {
            let value = request.header(name).filter(|value| !value.is_empty())?;
            // Browsers and proxies put a `Priority` of their own there (RFC 9218).
            (!(*name == "priority" && is_urgency(value))).then(|| rfc2047::decode(value))
        });
        let in_query = || {
            let mut pairs = request.query_pairs();
            pairs.find(|(found, _)| self.0.contains(&found.to_lowercase().as_str()))
        };
        in_headers.into_iter().next().or_else(|| in_query().map(|(_, value)| value))
    }
}

fn is_urgency(value: &str) -> bool {
    value.split(',').map(str::trim).any(|part| part == "i" || part.starts_with("u="))
}

/// Reads a request.
pub fn read(request: &Foreign) -> Result<Call, Refusal> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    for part in &segments {
        check_name(part)?;
    }
    let sequence = |topic: &str, id: &str| Sequence { topic: topic.into(), id: id.into() };
    match (request.method.as_str(), &segments[..]) {
        (_, []) => of_json(&request.json()?, request, None),
        ("DELETE", [topic, id]) | (_, [topic, id, "delete"]) => Ok(Call::Delete(sequence(topic, id))),
        (_, [topic, id, "clear" | "read"]) => Ok(Call::Clear(sequence(topic, id))),
        ("GET", [topic, "publish" | "send" | "trigger"]) => of_text(request, topic, None),
        (_, [topic]) => of_body(request, topic, None),
        (_, [topic, id]) => of_body(request, topic, Some(id)),
        _ => Err(Refusal::Topic),
    }
}

/// Whether it can name a topic or a sequence.
pub fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn check_name(text: &str) -> Result<(), Refusal> {
    if is_name(text) { Ok(()) } else { Err(Refusal::Topic) }
}

/// ntfy takes JSON at its root only; sent to a topic it means the same to everyone but ntfy.
fn of_body(request: &Foreign, topic: &str, sequence: Option<&str>) -> Result<Call, Refusal> {
    if request.media_type() == "application/json"
        && let Ok(json @ Value::Object(_)) = request.json()
        && (json.text("message").is_some() || json.text("title").is_some())
    {
        let mut json = json;
        json["topic"] = topic.into();
        return of_json(&json, request, sequence);
    }
    of_text(request, topic, sequence)
}

fn of_text(request: &Foreign, topic: &str, sequence: Option<&str>) -> Result<Call, Refusal> {
    let given = MESSAGE.of(request).map(|text| text.replace("\\n", "\n"));
    let file = FILENAME.of(request);
    let body = std::str::from_utf8(&request.body).ok().map(str::trim);
    let message = match (body, &file) {
        (Some(text), None) if !text.is_empty() => text.to_owned(),
        // A file is not kept; that it was sent is told.
        (Some(""), _) => given.unwrap_or_else(|| without_message(request)),
        _ => {
            let name = file.unwrap_or_else(|| "attachment".into());
            given.unwrap_or_else(|| format!("You received a file: {name}"))
        }
    };
    let message = Message {
        topic: topic.into(),
        sequence: sequence.map(str::to_owned),
        message,
        is_markdown: request.media_type() == "text/markdown",
        ..Message::default()
    };
    with_parameters(message, request)
}

/// ntfy's own texts where none is given.
fn without_message(request: &Foreign) -> String {
    match ATTACH.of(request).as_deref().and_then(|address| address.rsplit('/').next()) {
        Some(name) => format!("You received a file: {name}"),
        None => NO_MESSAGE.into(),
    }
}

fn of_json(json: &Value, request: &Foreign, sequence: Option<&str>) -> Result<Call, Refusal> {
    let topic = json.text("topic").ok_or(Refusal::Topic)?;
    check_name(topic)?;
    for (name, field) in [("delay", "delay"), ("email", "email"), ("call", "call")] {
        if json.word(field).is_some() {
            return Err(Refusal::Undoable(name));
        }
    }
    let views = json.items("actions").iter().filter(|action| action.text("action") == Some("view"));
    let message = Message {
        topic: topic.into(),
        sequence: sequence.map(str::to_owned).or_else(|| json.text("sequence_id").map(str::to_owned)),
        message: json.text("message").unwrap_or(NO_MESSAGE).to_owned(),
        title: json.text("title").map(str::to_owned),
        priority: json.word("priority").and_then(|word| priority(&word).transpose()).transpose()?,
        tags: words(json.at("tags")),
        click: json.text("click").map(str::to_owned),
        attach: json.text("attach").map(str::to_owned),
        views: views
            .filter_map(|view| Some((view.text("label")?.to_owned(), view.text("url")?.to_owned())))
            .collect(),
        is_markdown: json.at("markdown").as_bool().unwrap_or_default(),
    };
    with_parameters(message, request)
}

/// Adds what headers and query say. Apprise sends its priority so besides a body of JSON.
fn with_parameters(mut message: Message, request: &Foreign) -> Result<Call, Refusal> {
    for (name, parameter) in [("delay", DELAY), ("email", EMAIL), ("call", CALL)] {
        if parameter.of(request).is_some() {
            return Err(Refusal::Undoable(name));
        }
    }
    if let Some(word) = PRIORITY.of(request) {
        message.priority = priority(&word)?.or(message.priority);
    }
    if let Some(text) = TAGS.of(request) {
        message.tags = text.split(',').map(|tag| tag.trim().to_owned()).collect();
    }
    if let Some(text) = ACTIONS.of(request) {
        message.views = views(&text);
    }
    if let Some(flag) = MARKDOWN.of(request) {
        message.is_markdown = matches!(flag.to_lowercase().as_str(), "1" | "yes" | "true");
    }
    message.title = TITLE.of(request).or(message.title);
    message.click = CLICK.of(request).or(message.click);
    message.attach = ATTACH.of(request).or(message.attach);
    message.sequence = SEQUENCE.of(request).or(message.sequence);
    if let Some(id) = &message.sequence {
        check_name(id)?;
    }
    Ok(Call::Publish(Box::new(message)))
}

/// `None` for what says nothing about it.
fn priority(word: &str) -> Result<Option<u8>, Refusal> {
    Ok(Some(match word.trim().to_lowercase().as_str() {
        "" | "0" => return Ok(None),
        "1" | "min" => 1,
        "2" | "low" => 2,
        "3" | "default" => 3,
        "4" | "high" => 4,
        "5" | "max" | "urgent" => 5,
        _ => return Err(Refusal::Priority),
    }))
}

/// `view, Label, https://…; http, Label, url, method=PUT`, or an array of JSON: those that open an address.
fn views(text: &str) -> Vec<(String, String)> {
    if let Ok(Value::Array(items)) = serde_json::from_str(text) {
        let views = items.iter().filter(|action| action.text("action") == Some("view"));
        return views
            .filter_map(|view| Some((view.text("label")?.to_owned(), view.text("url")?.to_owned())))
            .collect();
    }
    let parts = text.split(';').map(|action| action.split(',').map(str::trim).collect::<Vec<_>>());
    parts
        .filter_map(|parts| match parts[..] {
            // Each part may have its name before it.
            ["view" | "action=view", label, url, ..] => {
                let plain = |text: &str, name: &str| {
                    text.strip_prefix(name).unwrap_or(text).trim_matches(['"', '\'']).to_owned()
                };
                Some((plain(label, "label="), plain(url, "url=")))
            }
            _ => None,
        })
        .collect()
}

impl Message {
    /// What it comes to here.
    fn note(self) -> Note {
        let key =
            self.sequence.as_ref().map(|id| Sequence { topic: self.topic.clone(), id: id.clone() }.key());
        Note {
            level: level_of_tags(&self.tags).or(match self.priority {
                Some(5) => Some(Level::Error),
                Some(4) => Some(Level::Warning),
                Some(_) => Some(Level::Info),
                None => None,
            }),
            message: self.message,
            title: self.title,
            tags: self.tags,
            link: self.click.filter(|link| is_web_address(link)).or(self.attach),
            source: Some(self.topic),
            key,
            actions: self.views.into_iter().map(|(label, url)| Action { label, url }).collect(),
            format: self.is_markdown.then_some(Format::Markdown),
            ..Note::default()
        }
    }
}

/// Uptime Kuma says `up` with a green circle and priority 4: what a tag shows counts more.
fn level_of_tags(tags: &[String]) -> Option<Level> {
    tags.iter().find_map(|tag| {
        Some(match tag.as_str() {
            "white_check_mark" | "heavy_check_mark" | "+1" | "tada" | "partying_face" | "green_circle"
            | "checkered_flag" => Level::Success,
            "warning" | "construction" | "yellow_circle" | "question" => Level::Warning,
            "x" | "no_entry" | "rotating_light" | "skull" | "red_circle" | "stop_sign" | "sos" | "fire" => {
                Level::Error
            }
            _ => return None,
        })
    })
}

impl Call {
    /// What it comes to here.
    pub fn outcome(self) -> Result<Outcome, Refusal> {
        match self {
            Call::Publish(message) => Outcome::from(message.note()),
            Call::Clear(sequence) => Outcome::Withdraw(sequence.key()),
            Call::Delete(sequence) => Outcome::Remove(sequence.key()),
        }
        .tidy()
    }
}
