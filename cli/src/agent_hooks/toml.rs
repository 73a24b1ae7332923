//! Hooks among other settings, as TOML: `[[hooks.<event>]]` with `[[hooks.<event>.hooks]]` in it. Lists that are written
//! on one line are understood as well.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike};

use super::{
    Agent, Unreadable,
    hook::{COMMAND_FIELDS, Hook, Value, is_ours},
};

/// Behind everything else: an order that no file reaches.
const LAST: isize = isize::MAX;

/// Puts the hooks in, and nothing else: where one of ours stands already, only its command is brought up to date.
pub(super) fn install(text: &str, agent: Agent, wanted: &[Hook]) -> Result<String, Unreadable> {
    let mut document = parse(text)?;
    let has_hooks = document.contains_key("hooks");
    let hooks = document.as_table_mut().entry("hooks").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let Some(hooks) = hooks.as_table_like_mut() else {
        return Err(Unreadable {
            line: 1 + line_of(text, "hooks"),
            reason: "`hooks` must be a table".into(),
        });
    };
    if has_hooks {
        remove_ours(hooks, agent, |event| wanted.iter().all(|hook| hook.event != event));
    }
    for hook in wanted {
        let Some((_, command)) = hook.entry.command() else { continue };
        if !hooks.contains_key(hook.event) {
            hooks.insert(hook.event, Item::ArrayOfTables(ArrayOfTables::new()));
        }
        let entries = hooks.get_mut(hook.event).expect("it was just put there");
        let mut is_there = false;
        retain(entries, |handler| match ours_in(handler, agent) {
            Some(_) if is_there => false,
            Some(field) => {
                is_there = true;
                if handler.get(field).and_then(Item::as_str) != Some(command) {
                    handler.insert(field, toml_edit::value(command));
                }
                true
            }
            None => true,
        });
        if is_there {
            continue;
        }
        match entries {
            Item::ArrayOfTables(tables) => tables.push(table(&hook.entry)),
            Item::Value(toml_edit::Value::Array(array)) => array.push(table(&hook.entry).into_inline_table()),
            _ => {
                return Err(Unreadable {
                    line: 1 + line_of(text, hook.event),
                    reason: format!("`hooks.{}` must be a list of tables", hook.event),
                });
            }
        }
    }
    Ok(document.to_string())
}

/// Takes our hooks out, and what is empty without them.
pub(super) fn uninstall(text: &str, agent: Agent) -> Result<String, Unreadable> {
    let mut document = parse(text)?;
    let Some(hooks) = document.get_mut("hooks").and_then(Item::as_table_like_mut) else {
        return Ok(text.to_owned());
    };
    if !remove_ours(hooks, agent, |_| true) {
        return Ok(text.to_owned());
    }
    if hooks.is_empty() {
        document.remove("hooks");
    }
    Ok(document.to_string())
}

fn parse(text: &str) -> Result<DocumentMut, Unreadable> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        Unreadable { line, reason: error.message().to_owned() }
    })
}

/// The line, counted from 0, that names this first.
fn line_of(text: &str, name: &str) -> usize {
    text.lines().position(|line| line.contains(name)).unwrap_or_default()
}

/// Takes ours out of these events; whether there were any.
fn remove_ours(hooks: &mut dyn TableLike, agent: Agent, of_event: impl Fn(&str) -> bool) -> bool {
    let mut removed = false;
    let mut emptied = Vec::new();
    for (event, entries) in hooks.iter_mut() {
        if !of_event(&event) {
            continue;
        }
        let mut removed_here = false;
        retain(entries, |handler| {
            let is_ours = ours_in(handler, agent).is_some();
            removed_here |= is_ours;
            !is_ours
        });
        removed |= removed_here;
        let is_empty = match entries {
            Item::ArrayOfTables(tables) => tables.is_empty(),
            Item::Value(toml_edit::Value::Array(array)) => array.is_empty(),
            _ => false,
        };
        if removed_here && is_empty {
            emptied.push(event.get().to_owned());
        }
    }
    for event in emptied {
        hooks.remove(&event);
    }
    removed
}

/// The field by which a handler runs our command.
fn ours_in(handler: &dyn TableLike, agent: Agent) -> Option<&'static str> {
    let runs_ours = |field: &&str| {
        handler.get(field).and_then(Item::as_str).is_some_and(|command| is_ours(command, agent))
    };
    COMMAND_FIELDS.into_iter().find(runs_ours)
}

/// Keeps the handlers of an event that `keep` says, and the entries that list any, or never did.
fn retain(entries: &mut Item, mut keep: impl FnMut(&mut dyn TableLike) -> bool) {
    let mut keep_entry = |entry: &mut dyn TableLike| {
        if !keep(entry) {
            return false;
        }
        match entry.get_mut("hooks") {
            Some(Item::ArrayOfTables(tables)) => {
                let before = tables.len();
                retain_tables(tables, &mut keep);
                tables.len() == before || !tables.is_empty()
            }
            Some(Item::Value(toml_edit::Value::Array(array))) => {
                let before = array.len();
                retain_values(array, &mut keep);
                array.len() == before || !array.is_empty()
            }
            _ => true,
        }
    };
    match entries {
        Item::ArrayOfTables(tables) => retain_tables(tables, &mut keep_entry),
        Item::Value(toml_edit::Value::Array(array)) => retain_values(array, &mut keep_entry),
        _ => {}
    }
}

fn retain_tables(tables: &mut ArrayOfTables, keep: &mut dyn FnMut(&mut dyn TableLike) -> bool) {
    let mut index = 0;
    while let Some(table) = tables.get_mut(index) {
        if keep(table) {
            index += 1;
        } else {
            tables.remove(index);
        }
    }
}

fn retain_values(array: &mut Array, keep: &mut dyn FnMut(&mut dyn TableLike) -> bool) {
    let mut index = 0;
    while let Some(value) = array.get_mut(index) {
        let kept = value.as_inline_table_mut().is_none_or(|table| keep(table));
        if kept {
            index += 1;
        } else {
            array.remove(index);
        }
    }
}

/// An object as a table with a header of its own; its lists of objects too.
fn table(value: &Value) -> Table {
    let mut table = Table::new();
    table.set_position(Some(LAST));
    let Value::Object(fields) = value else { return table };
    for (name, value) in fields {
        let item = match value {
            Value::List(items) => {
                Item::ArrayOfTables(items.iter().map(self::table).collect::<ArrayOfTables>())
            }
            Value::Text(text) => toml_edit::value(text),
            Value::Number(number) => toml_edit::value(i64::from(*number)),
            Value::Flag(flag) => toml_edit::value(*flag),
            Value::Object(_) => toml_edit::value(self::table(value).into_inline_table()),
        };
        table.insert(name, item);
    }
    table
}
