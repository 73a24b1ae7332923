//! Writes what the targets begin with besides their corpora into `<folder>/<target>/`, for libFuzzer, which reads folders.
#![allow(clippy::unwrap_used, reason = "a panic is the report")]

use std::{env, fs, path::Path};

use notifyhub_fuzz::{TARGETS, recorded::seeds};

fn main() {
    let folder = env::args().nth(1).expect("a folder");
    for (target, _) in TARGETS {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder).unwrap();
        for (number, seed) in seeds(target).iter().enumerate() {
            fs::write(folder.join(format!("recorded-{number}")), seed).unwrap();
        }
    }
}
