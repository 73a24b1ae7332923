//! The short form of `make fuzz`: every target with every file of its corpus, and with mutations of them, the same each
//! time.

use std::{fs, path::Path};

use notifyhub_fuzz::{
    TARGETS, Target, foreign,
    recorded::{requests, seeds},
};

/// How many mutations each target is called with.
const MUTATIONS: usize = 10_000;

/// Texts that mean something somewhere.
const WORDS: [&[u8]; 30] = [
    b"\"message\":",
    b"null",
    b"\\u0000",
    b"\\ud800",
    b"[",
    b"{",
    b"1e999",
    b"\r\n",
    b"\n\n",
    b"data:",
    b"id:",
    b"event: init\n",
    b":",
    b"\xef\xbb\xbf",
    b"\xff",
    b"EPOCH-",
    b"18446744073709551615",
    b"-1",
    b"&limit=",
    b"%00",
    b"%",
    b"Host: evil.example\n",
    b"Authorization: Bearer 0123456789abcdef\n",
    b"Sec-Fetch-Site: cross-site\n",
    b"X-GitHub-Event: push\n",
    b"Content-Type: multipart/form-data; boundary=a\n",
    b"=?UTF-8?B?",
    b"\"hook_event_name\":\"PermissionRequest\",",
    b"\"session_id\":\"a\",",
    b"/hooks",
];

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("each target has one").map(|file| file.expect("a file").path()).collect();
    files.sort();
    let files = files.iter().map(|file| fs::read(file).expect("it can be read"));
    files.chain(seeds(name)).collect()
}

fn mutate(random: &mut fastrand::Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut data = random.choice(corpus).expect("a corpus is not empty").clone();
    for _ in 0..random.usize(1..6) {
        let at = random.usize(..=data.len());
        let to = random.usize(at..=data.len().min(at + 16));
        match random.u8(..6) {
            0 if at < data.len() => data[at] ^= 1 << random.u8(..8),
            1 => data.insert(at, random.u8(..)),
            2 => drop(data.drain(at..to)),
            3 => {
                let again = data[at..to].to_vec();
                data.splice(at..at, again);
            }
            4 => {
                let other = random.choice(corpus).expect("a corpus is not empty");
                data.truncate(at);
                data.extend_from_slice(&other[random.usize(..=other.len())..]);
            }
            _ => {
                let word = random.choice(WORDS).expect("there are some");
                data.splice(at..at, word.iter().copied());
            }
        }
    }
    data
}

/// Says what a target was called with when it panics.
struct Report<'a>(&'a str, &'a [u8]);

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} was called with \"{}\"", self.0, self.1.escape_ascii());
        }
    }
}

fn run(name: &str, target: Target) {
    let call = |data: &[u8]| {
        let _report = Report(name, data);
        target(data);
    };
    let corpus = corpus(name);
    for data in &corpus {
        call(data);
    }
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..MUTATIONS {
        call(&mutate(&mut random, &corpus));
    }
}

#[test]
fn no_target_finds_anything_near_its_corpus() {
    std::thread::scope(|scope| {
        for (name, target) in TARGETS {
            scope.spawn(move || run(name, target));
        }
    });
}

#[test]
fn every_target_is_one_of_the_fuzzers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("it is there");
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        assert!(folder.join(format!("fuzz_targets/{name}.rs")).exists(), "{name}");
    }
}

#[test]
fn recorded_requests_are_read_as_they_were_sent() {
    let requests = requests();
    for (name, request) in &requests {
        assert_eq!(foreign::read(&foreign::write(name, request)), (name.clone(), request.clone()));
    }
    assert!(requests.len() >= 100, "{}", requests.len());
    assert!(seeds("agent_sessions").len() >= 7);
}
