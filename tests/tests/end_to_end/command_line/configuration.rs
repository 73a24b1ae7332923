//! The file, the environment over it, and options over that; `config show`, completions, manual pages.

use notifyhub_tests::{
    command_line::{User, finish},
    push,
    server::TestServer,
};

use super::{messages, stored};

#[tokio::test]
async fn show_says_where_each_value_came_from() {
    let user = User::new();
    let shown = user.run(&["config", "show"]).await;
    assert_eq!((shown.code, shown.stderr.as_str()), (0, ""));
    assert!(shown.stdout.contains("url      http://localhost:9080  default\n"), "{}", shown.stdout);
    assert!(shown.stdout.contains("config/notifyhub/config.toml  (missing)\n"), "{}", shown.stdout);

    let file = user.write(
        "config/notifyhub/config.toml",
        "# mine\nurl = \"https://me:secret@hub.example.com\"\n\ntoken = \"0123456789abcdef\"\nsource = \"web-shop\"\n",
    );
    let shown = finish(user.command(&["config", "show"]).env("NOTIFYHUB_SOURCE", "api")).await.stdout;
    let mut lines: Vec<_> = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    let path = file.to_str().unwrap();
    let (second, fourth) = (format!("{path}:2"), format!("{path}:4"));
    assert_eq!(lines.pop(), Some(vec!["file", path]));
    assert_eq!(
        lines,
        [
            vec!["url", "https://me:…@hub.example.com", &second],
            vec!["token", "(hidden)", &fourth],
            vec!["ca_cert", "–", "not", "set"],
            vec!["source", "api", "NOTIFYHUB_SOURCE"],
            vec!["actor", "–", "not", "set"],
        ]
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_with_its_line_and_without_the_token() {
    let user = User::new();
    let file = user.write(
        "config/notifyhub/config.toml",
        "url = \"http://localhost:1\"\ntoken = \"0123456789abcdef\" x\n",
    );
    for arguments in [&["config", "show"][..], &["push", "x"], &["spool", "flush"]] {
        let told = user.run(arguments).await;
        assert_eq!((told.code, told.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(told.stderr.contains(&format!("line 2 of {}", file.display())), "{}", told.stderr);
        assert!(!told.stderr.contains("0123456789abcdef"), "{}", told.stderr);
    }
    user.write("config/notifyhub/config.toml", "colour = \"red\"\n");
    let told = user.run(&["config", "show"]).await;
    assert!(told.stderr.contains("unknown field `colour`, expected one of"), "{}", told.stderr);
}

#[tokio::test]
async fn options_count_more_than_the_environment_and_that_more_than_the_file() {
    let server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    user.write(
        "config/notifyhub/config.toml",
        &format!("url = \"{url}\"\nsource = \"file\"\nactor = \"file\"\n"),
    );
    assert_eq!(user.run(&["push", "one"]).await.code, 0);
    let from_environment = |arguments: &[&str]| {
        let mut command = user.command(arguments);
        command.env("NOTIFYHUB_SOURCE", "environment").env("NOTIFYHUB_ACTOR", "");
        command
    };
    assert_eq!(finish(&mut from_environment(&["push", "two"])).await.code, 0);
    assert_eq!(finish(&mut from_environment(&["push", "--source", "option", "three"])).await.code, 0);
    let told = stored(&server).await;
    let of = |n: usize| (told[n]["source"].as_str(), told[n]["actor"].as_str());
    assert_eq!(of(2), (Some("file"), Some("file")));
    assert_eq!(of(1), (Some("environment"), Some("file")));
    assert_eq!(of(0), (Some("option"), Some("file")));
    assert_eq!(
        finish(
            user.command(&["push", "x"])
                .env("NOTIFYHUB_URL", "http://127.0.0.1:1")
                .env("NOTIFYHUB_TIMEOUT", "1ms")
        )
        .await
        .code,
        1
    );
}

/// `notifyhub push` says which project it is about; `notifyhub-push` says what it is told, as ever.
#[tokio::test]
async fn a_push_is_about_the_repository_it_is_made_in() {
    let server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    assert_eq!(user.run(&["push", "--url", &url, "from a directory"]).await.code, 0);
    user.write("work/.git/HEAD", "ref: refs/heads/main\n");
    assert_eq!(user.run(&["push", "--url", &url, "from a repository"]).await.code, 0);
    let mut command = push::command(&["--url", &url, "from notifyhub-push"]);
    assert_eq!(finish(command.current_dir(user.work())).await.code, 0);
    let told = stored(&server).await;
    assert_eq!(messages(&server).await, ["from a directory", "from a repository", "from notifyhub-push"]);
    assert!(told[0].get("source").is_none() && told[2].get("source").is_none(), "{told:?}");
    assert_eq!(told[1]["source"], "work");
}

#[tokio::test]
async fn both_programs_document_themselves() {
    let user = User::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = user.run(&["completions", shell]).await;
        assert_eq!((script.code, script.stderr.as_str()), (0, ""));
        assert!(script.stdout.contains("spool"), "{shell}: {}", script.stdout);
        let script = push::push(&["--completions", shell]).await;
        assert!(script.code == 0 && script.stdout.contains("withdraw"), "{shell}");
    }
    let page = user.run(&["man", "spool", "flush"]).await.stdout;
    assert!(page.starts_with(".ie") && page.contains(r"notifyhub\-spool\-flush"), "{page}");
    let unknown = user.run(&["man", "spol"]).await;
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(unknown.stderr.contains("there is no command \"spol\"; there are push, "), "{unknown:?}");

    let pages = user.home().join("pages");
    std::fs::create_dir(&pages).unwrap();
    assert_eq!(user.run(&["man", "--write", pages.to_str().unwrap()]).await.code, 0);
    for name in ["notifyhub", "notifyhub-push", "notifyhub-hook", "notifyhub-config-show"] {
        let page = std::fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
    assert!(push::push(&["--man"]).await.stdout.contains("notifyhub\\-push"));
}
