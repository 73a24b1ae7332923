//! What fits into a notification. The hub's own check, the adapters and the specification go by these.

use url::Url;

/// The longest message, in characters (Unicode scalar values).
pub const MAX_MESSAGE_CHARS: usize = 4096;
/// The longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 256;
/// The most tags one notification carries.
pub const MAX_TAGS: usize = 16;
/// The longest tag, in characters.
pub const MAX_TAG_CHARS: usize = 64;
/// The longest link, and the longest address of an action, in characters.
pub const MAX_LINK_CHARS: usize = 2048;
/// The longest source, in characters.
pub const MAX_SOURCE_CHARS: usize = 64;
/// The longest actor, in characters.
pub const MAX_ACTOR_CHARS: usize = 32;
/// The longest key, in characters.
pub const MAX_KEY_CHARS: usize = 128;
/// The most actions one notification offers.
pub const MAX_ACTIONS: usize = 3;
/// The longest label of an action, in characters.
pub const MAX_LABEL_CHARS: usize = 32;

/// What an action may open: the web, and the editors that register a scheme of their own.
const ACTION_SCHEMES: [&str; 8] =
    ["http", "https", "vscode", "vscode-insiders", "cursor", "zed", "idea", "jetbrains"];

/// Whether a link may lead there: to an http or https address.
pub fn is_web_address(text: &str) -> bool {
    is_address(text, &["http", "https"])
}

/// Whether an action may open it: an http or https address, or one of an editor.
pub fn is_action_address(text: &str) -> bool {
    is_address(text, &ACTION_SCHEMES)
}

fn is_address(text: &str, schemes: &[&str]) -> bool {
    !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()))
}
