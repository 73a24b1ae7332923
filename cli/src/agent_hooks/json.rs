//! Hooks among other settings, as JSON: `{"hooks": {"<event>": [entry…]}}`. Comments and trailing commas are allowed, for
//! some agents allow them.

use jsonc_parser::{
    ParseOptions,
    cst::{CstArray, CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode},
};

use super::{
    Agent, Unreadable,
    hook::{COMMAND_FIELDS, Hook, Value, is_ours},
};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Puts the hooks in, and nothing else: where one of ours stands already, only its command is brought up to date.
pub(super) fn install(
    text: &str,
    agent: Agent,
    wanted: &[Hook],
    version: Option<u32>,
) -> Result<String, Unreadable> {
    change(text, |root| {
        let settings = match root.value() {
            None => root.object_value_or_set(),
            Some(_) => settings(root)?,
        };
        check(&settings, wanted)?;
        if let Some(version) = version
            && settings.get("version").is_none()
        {
            settings.insert(0, "version", CstInputValue::from(version));
        }
        let hooks = settings.object_value_or_set("hooks");
        remove_ours(&hooks, agent, |event| wanted.iter().all(|hook| hook.event != event));
        for hook in wanted {
            let entries = hooks.array_value_or_set(hook.event);
            let Some((_, command)) = hook.entry.command() else { continue };
            let mut ours = Ours::all_in(&entries, agent).into_iter();
            match ours.next() {
                None => {
                    entries.append(input(&hook.entry));
                }
                Some(first) => first.set_command(command),
            }
            ours.for_each(Ours::remove);
        }
        Ok(())
    })
}

/// Takes our hooks out, and what is empty without them.
pub(super) fn uninstall(text: &str, agent: Agent) -> Result<String, Unreadable> {
    change(text, |root| {
        if root.value().is_none() {
            return Ok(());
        }
        let settings = settings(root)?;
        let Some(property) = only(&settings, "hooks")? else { return Ok(()) };
        let hooks = object(&property)?;
        let removed = remove_ours(&hooks, agent, |_| true);
        if removed && hooks.properties().is_empty() {
            property.remove();
            // A version says nothing where there is nothing else.
            if let [version] = &settings.properties()[..]
                && version.decoded_name().as_deref() == Some("version")
            {
                version.clone().remove();
            }
        }
        Ok(())
    })
}

fn change(
    text: &str,
    edit: impl FnOnce(&CstRootNode) -> Result<(), Unreadable>,
) -> Result<String, Unreadable> {
    let (mark, json) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(json) => (&text[..BYTE_ORDER_MARK.len_utf8()], json),
        None => ("", text),
    };
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let root = CstRootNode::parse(json, &options)
        .map_err(|error| Unreadable { line: error.line_display(), reason: error.kind().to_string() })?;
    edit(&root)?;
    let changed = root.to_string();
    let end = if changed.is_empty() || changed.ends_with('\n') || !json.is_empty() { "" } else { "\n" };
    Ok(format!("{mark}{changed}{end}"))
}

fn settings(root: &CstRootNode) -> Result<CstObject, Unreadable> {
    root.object_value().ok_or_else(|| Unreadable { line: 1, reason: "it must be an object: {…}".into() })
}

/// Whether hooks can be put in: before anything is changed, so that lines can be told.
fn check(settings: &CstObject, wanted: &[Hook]) -> Result<(), Unreadable> {
    let Some(hooks) = only(settings, "hooks")?.map(|property| object(&property)).transpose()? else {
        return Ok(());
    };
    for hook in wanted {
        if let Some(property) = only(&hooks, hook.event)?
            && property.array_value().is_none()
        {
            return Err(unreadable(&property, format!("{} must be a list: […]", name(&property))));
        }
    }
    Ok(())
}

/// The property of this name. Of two the agent would see one, and which is its own choice.
fn only(object: &CstObject, name: &str) -> Result<Option<CstObjectProp>, Unreadable> {
    let mut found =
        object.properties().into_iter().filter(|property| property.decoded_name().as_deref() == Some(name));
    let first = found.next();
    match found.next() {
        Some(second) => Err(unreadable(&second, format!("\"{name}\" stands here a second time"))),
        None => Ok(first),
    }
}

fn object(property: &CstObjectProp) -> Result<CstObject, Unreadable> {
    let must_be = || unreadable(property, format!("{} must be an object: {{…}}", name(property)));
    property.object_value().ok_or_else(must_be)
}

fn name(property: &CstObjectProp) -> String {
    format!("{:?}", property.decoded_name().unwrap_or_default())
}

fn unreadable(property: &CstObjectProp, reason: String) -> Unreadable {
    Unreadable { line: line_of(property.clone().into()), reason }
}

/// The line that a node begins in: the line breaks in all that stands before it, at each level.
fn line_of(node: CstNode) -> usize {
    let mut line = 1;
    let mut node = Some(node);
    while let Some(current) = node {
        let before = current.previous_siblings().map(|sibling| sibling.to_string().matches('\n').count());
        line += before.sum::<usize>();
        node = current.parent().map(CstNode::from);
    }
    line
}

/// Takes ours out of these events; whether there were any.
fn remove_ours(hooks: &CstObject, agent: Agent, of_event: impl Fn(&str) -> bool) -> bool {
    let mut removed = false;
    for property in hooks.properties() {
        let event = property.decoded_name().unwrap_or_default();
        if !of_event(&event) {
            continue;
        }
        // Another program's event may be anything.
        let Some(entries) = property.array_value() else { continue };
        let ours = Ours::all_in(&entries, agent);
        let had_ours = !ours.is_empty();
        ours.into_iter().for_each(Ours::remove);
        if had_ours && entries.elements().is_empty() {
            property.remove();
        }
        removed |= had_ours;
    }
    removed
}

/// One of ours in an event's list.
struct Ours {
    entry: CstObject,
    /// What runs the command, if that is not the entry itself but one that it lists.
    listed: Option<CstObject>,
}

impl Ours {
    fn all_in(entries: &CstArray, agent: Agent) -> Vec<Self> {
        let runs_ours =
            |handler: &CstObject| command_of(handler).is_some_and(|(_, text)| is_ours(&text, agent));
        let mut ours = Vec::new();
        for entry in entries.elements().iter().filter_map(CstNode::as_object) {
            if runs_ours(&entry) {
                ours.push(Ours { entry, listed: None });
                continue;
            }
            let listed = entry.array_value("hooks").map(|handlers| handlers.elements()).unwrap_or_default();
            let listed = listed.iter().filter_map(CstNode::as_object).filter(runs_ours);
            ours.extend(listed.map(|handler| Ours { entry: entry.clone(), listed: Some(handler) }));
        }
        ours
    }

    fn set_command(&self, command: &str) {
        if let Some((property, text)) = command_of(self.listed.as_ref().unwrap_or(&self.entry))
            && text != command
        {
            property.set_value(CstInputValue::from(command));
        }
    }

    /// Takes it out, and its entry if that lists nothing else.
    fn remove(self) {
        if let Some(listed) = self.listed {
            listed.remove();
            if self.entry.array_value("hooks").is_some_and(|handlers| !handlers.elements().is_empty()) {
                return;
            }
        }
        self.entry.remove();
    }
}

fn command_of(handler: &CstObject) -> Option<(CstObjectProp, String)> {
    COMMAND_FIELDS.iter().find_map(|field| {
        let property = handler.get(field)?;
        let text = property.value()?.as_string_lit()?.decoded_value().ok()?;
        Some((property, text))
    })
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Text(text) => CstInputValue::from(&**text),
        Value::Number(number) => CstInputValue::from(*number),
        Value::Flag(flag) => CstInputValue::from(*flag),
        Value::List(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(fields) => CstInputValue::Object(
            fields.iter().map(|(name, value)| ((*name).to_owned(), input(value))).collect(),
        ),
    }
}
