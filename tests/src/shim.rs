//! A program under a library that stands between it and the system (LD_PRELOAD), and lies as the test says.

use std::path::PathBuf;

use tempfile::TempDir;

/// A library, and the files that tell it how to lie; it finds their paths in its environment.
pub struct Shim {
    directory: TempDir,
    under: Vec<String>,
}

impl Shim {
    /// Compiles it. For each of these names it finds an environment variable, with the path of a file that is not there
    /// yet.
    pub fn compile(source: &str, names: &[&str]) -> Self {
        let directory = TempDir::new().expect("a directory for temporary files");
        let path = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(path("shim.c"), source).expect("it can be written");
        let compiled = std::process::Command::new("cc")
            .args(["-shared", "-fPIC", "-o", &path("shim.so"), &path("shim.c")])
            .status()
            .expect("there is a C compiler");
        assert!(compiled.success());
        let mut under = vec!["env".to_owned(), format!("LD_PRELOAD={}", path("shim.so"))];
        under.extend(names.iter().map(|name| format!("{name}={}", path(name))));
        Shim { directory, under }
    }

    /// What to run a program under.
    pub fn under(&self) -> Vec<&str> {
        self.under.iter().map(String::as_str).collect()
    }

    /// From now on the file of this name is there, with this text.
    pub fn begin(&self, name: &str, text: &str) {
        // In one step: it is read all the time.
        let path = self.path("new");
        std::fs::write(&path, text).expect("it can be written");
        std::fs::rename(path, self.path(name)).expect("it can be renamed");
    }

    /// From now on it is not there.
    pub fn end(&self, name: &str) {
        std::fs::remove_file(self.path(name)).expect("it was there");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}
