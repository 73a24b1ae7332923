//! Notices that files have changed. It asks for their state now and then, which works on every file system, through
//! links that are moved (as Kubernetes and certbot do), and for files that are replaced. A leaf.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// How often.
const INTERVAL: Duration = Duration::from_secs(2);

/// What of a file tells that it is another one now; `None`: there is none.
type State = Option<(SystemTime, u64, u64)>;

/// See the module.
pub struct FileWatch {
    files: Vec<(PathBuf, State)>,
}

impl FileWatch {
    /// Watches these from their present state on.
    pub fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        FileWatch { files: paths.into_iter().map(|path| (path.clone(), state(&path))).collect() }
    }

    /// Waits until one of them has changed, and then until none has changed for a moment: they may belong together.
    pub async fn changed(&mut self) {
        let mut has_changed = false;
        loop {
            tokio::time::sleep(INTERVAL).await;
            match (self.look().await, has_changed) {
                (true, _) => has_changed = true,
                (false, true) => return,
                (false, false) => {}
            }
        }
    }

    async fn look(&mut self) -> bool {
        let mut files = std::mem::take(&mut self.files);
        let look = move || {
            let mut has_changed = false;
            for (path, known) in &mut files {
                let now = state(path);
                has_changed |= now != *known;
                *known = now;
            }
            (files, has_changed)
        };
        let (files, has_changed) = tokio::task::spawn_blocking(look).await.expect("looking does not panic");
        self.files = files;
        has_changed
    }
}

fn state(path: &Path) -> State {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}
