//! What is left out of a text before everybody who reads the hub sees it: values that look like passwords, tokens and keys,
//! by the name that stands before them or by their own shape. It is a net, not a wall: a secret that has neither passes.

/// What stands in the place of a secret.
pub const HIDDEN: &str = "…";

/// What a name is called in part: `--api-token`, `DB_PASSWORD`, `X-Auth-Token`.
const PARTS: [&str; 8] =
    ["pass", "pwd", "credential", "credentials", "authorization", "cookie", "sig", "sshpass"];
/// How such a part ends: `PGPASSWORD`, `accessToken`.
const ENDINGS: [&str; 8] =
    ["token", "secret", "password", "passwd", "passphrase", "apikey", "accesskey", "privatekey"];
/// And in two parts.
const PAIRS: [[&str; 2]; 6] = [
    ["api", "key"],
    ["access", "key"],
    ["private", "key"],
    ["client", "key"],
    ["signing", "key"],
    ["encryption", "key"],
];

/// How the tokens of well-known services begin.
const PREFIXES: [&str; 29] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "whsec_",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "xoxa-",
    "xoxb-",
    "xoxe-",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "xapp-",
    "npm_",
    "pypi-",
    "hf_",
    "hvs.",
    "SG.",
    "eyJ",
];
/// What follows is at least as long, and has a digit in it: `sk-` begins names of other things too.
const MIN_TOKEN_CHARS: usize = 12;

/// The words of a command, without what looks secret.
pub fn hidden_in_words(words: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut before = String::new();
    let mut told = Vec::new();
    for word in words {
        let is_value = before.starts_with('-') && !word.starts_with('-');
        let is_script = before.starts_with('-') && before.ends_with('c');
        told.push(match (word.split_once(':'), word.split_once('=')) {
            _ if is_value && is_secret(&before) => HIDDEN.to_owned(),
            (Some((user, password)), _) if is_login(&before) && !password.starts_with("//") => {
                format!("{user}:{HIDDEN}")
            }
            // All of it, whatever is in it: where the word ends is known.
            (_, Some((name, value)))
                if !is_script && !value.is_empty() && name.chars().all(is_of_name) && is_secret(name) =>
            {
                format!("{name}={HIDDEN}")
            }
            _ => hidden_in_command(&word),
        });
        before = word;
    }
    told
}

/// A command line, without what looks secret.
pub fn hidden_in_command(line: &str) -> String {
    tokens_hidden(&named_hidden(&logins_hidden(line), true))
}

/// A text that somebody wrote, without what looks secret. Less looks like it than in a command, where `token: …` is a
/// header and `Bearer …` a password.
pub(crate) fn hidden_in_text(text: &str) -> String {
    tokens_hidden(&named_hidden(&logins_hidden(text), false))
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || "-_.".contains(c)
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.iter().any(|part| PARTS.contains(part) || ENDINGS.iter().any(|ending| part.ends_with(ending)))
        || parts.windows(2).any(|pair| PAIRS.iter().any(|known| known == pair))
}

/// Whether a user and a password follow, as curl takes them.
fn is_login(option: &str) -> bool {
    matches!(option, "-u" | "--user" | "--proxy-user")
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

/// `TOKEN=…`, `?token=…&`, `{"password":"…"}`, and in a command `Authorization: …`, `--password …`, `Bearer …` too.
fn named_hidden(text: &str, is_command: bool) -> String {
    let mut told = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_of_name) {
        told.push_str(&rest[..start]);
        rest = &rest[start..];
        let (name, after) = rest.split_at(rest.find(|c| !is_of_name(c)).unwrap_or(rest.len()));
        let value = value_of(name, after, is_command);
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
fn value_of(name: &str, after: &str, is_command: bool) -> Option<(usize, usize)> {
    let is_bearer = is_command && name.eq_ignore_ascii_case("bearer");
    let is_login = is_command && is_login(name);
    if !is_bearer && !is_login && !is_secret(name) {
        return None;
    }
    let is_option = is_bearer || is_command && name.starts_with('-');
    let unquoted = after.trim_start_matches(['"', '\'', '\\']);
    let is_field = unquoted.len() < after.len();
    let mut is_header = false;
    let behind = if let Some(value) = unquoted.strip_prefix('=') {
        value
    } else if let Some(value) = unquoted.strip_prefix(':')
        && (is_field || is_command && value.starts_with(' '))
    {
        is_header = !is_field;
        value.trim_start()
    } else if is_option && after.starts_with(' ') && !after.trim_start().starts_with('-') {
        after.trim_start()
    } else {
        return None;
    };
    let mut value = behind.trim_start_matches(['"', '\'', '\\']);
    let opening = &behind[..behind.len() - value.len()];
    let mut length = if let Some(quote) = opening.chars().next_back().filter(|c| *c != '\\') {
        quoted_length(value, quote, opening.len() - 1)
    } else if is_header {
        value.find(['"', '\'']).unwrap_or(value.len())
    } else {
        let ends = |c: char| c.is_whitespace() || "\"'&;|)`<>".contains(c) || is_field && ",}".contains(c);
        value.find(ends).unwrap_or(value.len())
    };
    if is_login {
        let (user, _) = value[..length].split_once(':')?;
        value = &value[user.len() + 1..];
        length -= user.len() + 1;
    }
    (length > 0).then_some((after.len() - value.len(), length))
}

/// How long a value is that this quote opened, behind so many backslashes. One behind more of them is part of it, and so
/// is the way in which a shell is told of a single quote: `'it'\''s'`.
fn quoted_length(value: &str, quote: char, backslashes: usize) -> usize {
    const APOSTROPHE: &str = r"'\''";
    let mut escaped = 0;
    let mut skip_to = 0;
    for (at, c) in value.char_indices() {
        if at < skip_to {
            continue;
        }
        if c == quote && escaped <= backslashes {
            if quote != '\'' || !value[at..].starts_with(APOSTROPHE) {
                return at - escaped;
            }
            skip_to = at + APOSTROPHE.len();
        }
        escaped = if c == '\\' { escaped + 1 } else { 0 };
    }
    value.len()
}

/// `ghp_…`, `sk-…`, and what lies between the lines of a private key.
fn tokens_hidden(text: &str) -> String {
    let mut told = String::new();
    let mut rest = text;
    let mut is_inside_word = false;
    while let Some(c) = rest.chars().next() {
        let found = if is_inside_word { None } else { token_at(rest).or_else(|| private_key_at(rest)) };
        if let Some((shown, hidden)) = found {
            told.extend([&rest[..shown], HIDDEN]);
            rest = &rest[shown + hidden..];
            is_inside_word = true;
        } else {
            told.push(c);
            rest = &rest[c.len_utf8()..];
            is_inside_word = c.is_alphanumeric();
        }
    }
    told
}

/// How long the prefix of the token is that begins here, and the rest of it.
fn token_at(text: &str) -> Option<(usize, usize)> {
    PREFIXES.iter().find_map(|prefix| {
        let after = text.strip_prefix(prefix)?;
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c));
        let token = after[..end.unwrap_or(after.len())].trim_end_matches('.');
        let is_one = token.len() >= MIN_TOKEN_CHARS && token.contains(|c: char| c.is_ascii_digit());
        is_one.then_some((prefix.len(), token.len()))
    })
}

/// How long the first line of the private key is that begins here, and how much lies between it and the last.
fn private_key_at(text: &str) -> Option<(usize, usize)> {
    const RULE: &str = "-----";
    let (label, after) = text.strip_prefix("-----BEGIN ")?.split_once(RULE)?;
    let hidden = after.find("-----END").unwrap_or(after.len());
    label.ends_with("PRIVATE KEY").then_some((text.len() - after.len(), hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_secret_is_left_out_of_words() {
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
            (
                &["env", "DB_PASSWORD=abc", "PGPASSWORD=a;b c&d", "make"],
                "env DB_PASSWORD=… PGPASSWORD=… make",
            ),
            (&["deploy", "--api-key", "abc", "--password=abc"], "deploy --api-key … --password=…"),
            (&["login", "ghp_0123456789abcdef0123"], "login ghp_…"),
            (
                &["sh", "-c", r#"curl -H "Authorization: Bearer abc" host --token abc; TOKEN='a bc' make"#],
                r#"sh -c curl -H "Authorization: …" host --token …; TOKEN='…' make"#,
            ),
            (&["sh", "-c", "TOKEN=abc make"], "sh -c TOKEN=… make"),
        ] {
            assert_eq!(of_words(line), told);
        }
    }

    #[test]
    fn what_looks_secret_is_left_out_of_a_command() {
        for (line, told) in [
            ("export accessToken=abc && make", "export accessToken=… && make"),
            (r"mysql --password 'it'\''s' shop", "mysql --password '…' shop"),
            (r#"login --password "a \"b c" --host db"#, r#"login --password "…" --host db"#),
            ("curl -u me:abc -u 'me:a bc' --user=me:abc host", "curl -u me:… -u 'me:…' --user=me:… host"),
            (
                r#"curl -d "{\"password\":\"a bc\",\"user\":\"me\"}" host"#,
                r#"curl -d "{\"password\":\"…\",\"user\":\"me\"}" host"#,
            ),
            ("(TOKEN=abc make)|tee log", "(TOKEN=… make)|tee log"),
            (
                "aws configure set aws_access_key_id AKIAIOSFODNN7EXAMPLE.",
                "aws configure set aws_access_key_id AKIA….",
            ),
            (
                "echo '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----'",
                "echo '-----BEGIN RSA PRIVATE KEY-----…-----END RSA PRIVATE KEY-----'",
            ),
        ] {
            assert_eq!(hidden_in_command(line), told);
            assert_eq!(hidden_in_command(told), told, "once more");
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
            &["sk-fading-circle-animation", "task-1234567890123", "AKIA"],
            &["docker", "run", "-u", "1000", "-p", "80:80", "nginx"],
            &["é=…", "", "=", ":", "://", "://@", "token", "token="],
        ] {
            let expected = line.join(" ").replace("://@", "://…@");
            assert_eq!(of_words(line), expected);
            assert_eq!(hidden_in_command(&line.join(" ")), expected);
        }
    }

    #[test]
    fn prose_stays_readable() {
        for (text, told) in [
            (
                "Authorization: the header is checked now. Bearer tokens, too; no --password any more.",
                "Authorization: the header is checked now. Bearer tokens, too; no --password any more.",
            ),
            (
                "I set DB_PASSWORD=abc in .env, see https://me:abc@host/",
                "I set DB_PASSWORD=… in .env, see https://me:…@host/",
            ),
            ("The key sk-ant-0123456789abc is refused", "The key sk-… is refused"),
        ] {
            assert_eq!(hidden_in_text(text), told);
        }
    }

    fn of_words(line: &[&str]) -> String {
        hidden_in_words(line.iter().map(|word| (*word).to_owned())).join(" ")
    }
}
