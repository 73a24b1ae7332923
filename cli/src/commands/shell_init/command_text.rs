//! What of a command may be told, and which commands are not told at all.

/// What people sit in front of, and what tells of itself.
const USUAL: &str = "\
    vi vim nvim view vimdiff nano pico emacs emacsclient micro hx helix kak ed joe mcedit \
    less more most man info bat pager top htop btop atop iotop glances watch tail journalctl dmesg \
    ssh mosh telnet sftp ftp tmux screen zellij byobu script asciinema bash zsh fish sh dash ksh su login newgrp \
    fg bg wait exit exec fzf sk lazygit tig gitui k9s mc ranger nnn lf yazi vifm \
    claude codex copilot cursor-agent gemini opencode goose qwen kiro aider amp crush notifyhub notifyhub-server \
    git.commit git.rebase git.log git.diff git.show git.add docker.exec docker.attach docker.logs \
    kubectl.exec kubectl.logs kubectl.attach kubectl.port-forward systemctl.edit crontab visudo";

/// A prompt of their own, if nothing is to be run.
const PROMPTS: [&str; 14] = [
    "python",
    "python3",
    "ipython",
    "node",
    "irb",
    "ghci",
    "lua",
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "redis-cli",
    "bc",
    "gdb",
];

/// What runs the command that stands behind it.
const WRAPPERS: [&str; 11] =
    ["sudo", "doas", "time", "nice", "nohup", "env", "command", "builtin", "exec", "caffeinate", "noglob"];

/// The longest word that is told, in characters.
const MAX_WORD_CHARS: usize = 32;

/// Commands that are not told.
pub(super) struct Ignored {
    /// `vim`, or with a second word `git.log`.
    names: Vec<String>,
}

impl Ignored {
    /// The usual ones, or as the user says: instead of them, or, behind a `+`, besides.
    pub(super) fn read(said: Option<&str>) -> Self {
        let (usual, own) = match said {
            None => (USUAL, ""),
            Some(said) => match said.strip_prefix('+') {
                Some(more) => (USUAL, more),
                None => ("", said),
            },
        };
        Ignored { names: usual.split_whitespace().chain(own.split_whitespace()).map(str::to_owned).collect() }
    }

    /// Whether this command is one of them.
    pub(super) fn has(&self, command: &str) -> bool {
        let mut words = words(command);
        let Some(name) = words.next().map(base_name) else { return false };
        let second = words.next();
        let both = second.map(|second| format!("{name}.{second}"));
        let is_prompt = second.is_none() && PROMPTS.contains(&name);
        is_prompt || self.names.iter().any(|ignored| ignored == name || Some(ignored) == both.as_ref())
    }
}

/// Its name and, if there is what looks like one, its subcommand.
pub(super) fn shown(command: &str) -> Option<String> {
    let mut words = words(command);
    let name: String = base_name(words.next()?).chars().take(MAX_WORD_CHARS).collect();
    // What has no digits, capitals or signs is a word, not a password.
    let is_subcommand = |word: &&str| {
        word.len() <= MAX_WORD_CHARS
            && word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c == ':')
    };
    Some(words.next().filter(is_subcommand).map_or_else(|| name.clone(), |second| format!("{name} {second}")))
}

/// The words of the first command, without what is set for it and what it is run by. A word that a quote, a variable or a
/// substitution is in is none that can be told.
fn words(command: &str) -> impl Iterator<Item = &str> {
    let end = command.find(['|', ';', '&', '<', '>', '(', ')', '\n']).unwrap_or(command.len());
    let is_plain = |word: &&str| !word.contains(['"', '\'', '$', '`', '\\', '{', '*', '?']);
    command[..end]
        .split_whitespace()
        .skip_while(|word| {
            let is_assignment = word.split_once('=').is_some_and(|(name, _)| {
                name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty()
            });
            is_assignment || WRAPPERS.contains(word)
        })
        .take_while(is_plain)
}

fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_by_its_name_and_subcommand_and_nothing_else() {
        for (command, expected) in [
            ("cargo test --workspace", Some("cargo test")),
            ("make", Some("make")),
            ("npm run build:prod", Some("npm run")),
            ("/usr/local/bin/deploy production", Some("deploy production")),
            ("TOKEN=s3cret sudo make install", Some("make install")),
            ("curl -u me:hunter2 https://example.com", Some("curl")),
            ("mysql -phunter2 shop", Some("mysql")),
            ("login hunter2", Some("login")),
            ("tool Sesame", Some("tool")),
            ("tool \"sesame open\"", Some("tool")),
            ("echo $TOKEN | gpg", Some("echo")),
            ("sleep 40 && echo done", Some("sleep")),
            ("make|tee log", Some("make")),
            ("time ./run.sh", Some("run.sh")),
            ("\"$program\" x", None),
            ("(cd x; make)", None),
            ("", None),
        ] {
            assert_eq!(shown(command).as_deref(), expected, "{command}");
        }
    }

    #[test]
    fn what_people_sit_in_front_of_is_not_told() {
        let usual = Ignored::read(None);
        for command in [
            "vim a.rs",
            "/usr/bin/less x",
            "sudo vim /etc/hosts",
            "git log",
            "ssh host make",
            "python",
            "claude",
        ] {
            assert!(usual.has(command), "{command}");
        }
        for command in ["cargo test", "git fetch", "python train.py", "vimprove", "", "psql -f dump.sql"] {
            assert!(!usual.has(command), "{command}");
        }
        let more = Ignored::read(Some("+cargo.watch slow"));
        assert!(
            more.has("vim")
                && more.has("cargo watch -x test")
                && more.has("slow thing")
                && !more.has("cargo test")
        );
        let own = Ignored::read(Some("make"));
        assert!(own.has("make all") && !own.has("vim"));
        assert!(!Ignored::read(Some("")).has("vim"));
    }
}
