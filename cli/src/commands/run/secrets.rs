//! What is left out of a command line before it becomes a title, which everybody who reads the hub sees: values that look like
//! passwords, tokens and keys, by what stands before them. It is a net, not a wall: a secret without a name passes.

const HIDDEN: &str = "…";

/// What a name is called in part: `--api-token`, `DB_PASSWORD`, `X-Auth-Token`.
const PARTS: [&str; 12] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "apikey",
    "credentials",
    "authorization",
    "cookie",
    "sig",
];
/// And in two parts.
const PAIRS: [[&str; 2]; 4] = [["api", "key"], ["access", "key"], ["private", "key"], ["client", "key"]];

/// The words of a command, without what looks secret.
pub(super) fn without_secrets(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut before = String::new();
    let mut told = Vec::new();
    for word in words {
        let is_option = before.starts_with('-') && !word.starts_with('-');
        told.push(match word.split_once(':') {
            _ if is_option && is_secret(&before) => HIDDEN.to_owned(),
            // As curl takes them.
            Some((user, password)) if matches!(&*before, "-u" | "--user") && !password.starts_with("//") => {
                format!("{user}:{HIDDEN}")
            }
            _ => named_secrets_hidden(&logins_hidden(&word)),
        });
        before = word;
    }
    told
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.iter().any(|part| PARTS.contains(part))
        || parts.windows(2).any(|pair| PAIRS.iter().any(|known| known == pair))
}

/// `https://user:…@host`, and `https://…@host` where a token stands alone.
fn logins_hidden(text: &str) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        told.extend([before, "://"]);
        let end = after.find(|c: char| "/?#'\"".contains(c) || c.is_whitespace()).unwrap_or(after.len());
        rest = after;
        if let Some((login, _)) = after[..end].rsplit_once('@') {
            if let Some((user, _)) = login.split_once(':') {
                told.extend([user, ":"]);
            }
            told.push_str(HIDDEN);
            rest = &after[login.len()..];
        }
    }
    told + rest
}

/// `TOKEN=…`, `?token=…&`, `Authorization: …`, `{"password":"…"}`, `--password …`, `Bearer …`, anywhere in a word.
fn named_secrets_hidden(text: &str) -> String {
    let is_of_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let mut told = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_of_name) {
        told.push_str(&rest[..start]);
        rest = &rest[start..];
        let (name, after) = rest.split_at(rest.find(|c| !is_of_name(c)).unwrap_or(rest.len()));
        let value = value_of(name, after);
        told.push_str(name);
        rest = after;
        if let Some((between, length)) = value {
            told.extend([&after[..between], HIDDEN]);
            rest = &after[between + length..];
        }
    }
    told + rest
}

/// Where the value of a secret begins behind its name, and its length; nothing if it is no secret, or has no value.
fn value_of(name: &str, after: &str) -> Option<(usize, usize)> {
    let is_quote = |c: char| c == '"' || c == '\'';
    let ends_word = |c: char| c.is_whitespace() || is_quote(c);
    let is_bearer = name.eq_ignore_ascii_case("bearer");
    if !is_bearer && !is_secret(name) {
        return None;
    }
    let unquoted = after.trim_start_matches(['"', '\'', '\\']);
    let is_field = unquoted.len() < after.len();
    let (behind, is_header) = if let Some(value) = unquoted.strip_prefix('=') {
        (value, false)
    } else if let Some(value) = unquoted.strip_prefix(':').filter(|value| is_field || value.starts_with(' '))
    {
        (value.trim_start(), !is_field)
    } else if (is_bearer || name.starts_with('-')) && after.starts_with(' ') {
        (after.trim_start(), false)
    } else {
        return None;
    };
    let value = behind.trim_start_matches(['"', '\'', '\\']);
    let end = if value.len() < behind.len() || is_header {
        value.find(is_quote)
    } else {
        value.find(|c| ends_word(c) || "&;,}".contains(c))
    };
    let length = end.unwrap_or(value.len());
    (length > 0).then_some((after.len() - value.len(), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_secret_is_left_out_of_a_title() {
        for (line, told) in [
            (&["curl", "-H", "Authorization: Bearer abc def"][..], "curl -H Authorization: …"),
            (&["curl", "-HX-Api-Key: abc"], "curl -HX-Api-Key: …"),
            (&["curl", "-u", "me:abc", "https://me:abc@host/x"], "curl -u me:… https://me:…@host/x"),
            (&["git", "clone", "https://abc@host/x"], "git clone https://…@host/x"),
            (&["curl", "https://host/?a=1&token=abc&b=2"], "curl https://host/?a=1&token=…&b=2"),
            (
                &["curl", "-d", r#"{"user":"me","password":"a bc"}"#],
                r#"curl -d {"user":"me","password":"…"}"#,
            ),
            (&["env", "DB_PASSWORD=abc", "make"], "env DB_PASSWORD=… make"),
            (&["deploy", "--api-key", "abc", "--password=abc"], "deploy --api-key … --password=…"),
            (
                &["sh", "-c", r#"curl -H "Authorization: Bearer abc" host --token abc; TOKEN='a bc' make"#],
                r#"sh -c curl -H "Authorization: …" host --token …; TOKEN='…' make"#,
            ),
        ] {
            assert_eq!(of(line), told);
        }
    }

    #[test]
    fn what_is_not_secret_stays() {
        for line in [
            &["make", "AUTHOR=me", "-j4"][..],
            &["pytest", "tests/test_token.py::test_password", "-k", "token and not slow"],
            &["train", "--max-tokens=5", "--tokenizer", "fast", "--key", "watch/tests"],
            &["curl", "https://host:9080/a@b?x=1#y"],
            &["psql", "--password", "--host", "db"],
            &["npm", "run", "token:refresh"],
            &["é=…", "", "=", ":", "://", "://@", "token", "token="],
        ] {
            let expected = line.join(" ").replace("://@", "://…@");
            assert_eq!(of(line), expected);
        }
    }

    fn of(line: &[&str]) -> String {
        without_secrets(line.iter().map(|word| (*word).to_owned())).join(" ")
    }
}
