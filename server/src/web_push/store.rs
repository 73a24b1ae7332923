//! Where the keys and the subscriptions are kept: a small file beside the database, replaced as a whole, for this user
//! alone. A hub that keeps nothing keeps these in memory, too.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};

use super::subscription::NewSubscription;

/// The name of the file in the data directory.
pub const FILE_NAME: &str = "notifyhub.push.json";

/// All that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The hub's own key pair (PKCS #8, base64url); `None` until somebody asks for it.
    pub(super) key: Option<String>,
    /// The subscriptions.
    pub(super) subscriptions: Vec<NewSubscription>,
}

impl Kept {
    pub(super) fn key_bytes(&self) -> Option<Vec<u8>> {
        BASE64.decode(self.key.as_ref()?).ok()
    }

    pub(super) fn set_key(&mut self, pkcs8: &[u8]) {
        self.key = Some(BASE64.encode(pkcs8));
    }
}

/// Keeps what it is given. It may take its time, and is called from threads that may.
pub trait Store: Send + Sync {
    /// What was kept last.
    fn load(&self) -> io::Result<Kept>;
    /// Keeps this in place of what was kept.
    fn save(&self, kept: &Kept) -> io::Result<()>;
}

/// Keeps nothing after the process ends.
#[derive(Debug, Default)]
pub struct MemoryStore;

impl Store for MemoryStore {
    fn load(&self) -> io::Result<Kept> {
        Ok(Kept::default())
    }

    fn save(&self, _: &Kept) -> io::Result<()> {
        Ok(())
    }
}

/// One file.
#[derive(Debug)]
pub struct FileStore {
    directory: PathBuf,
}

impl FileStore {
    /// In this directory, which is there.
    pub fn new(directory: &Path) -> Self {
        FileStore { directory: directory.to_owned() }
    }
}

impl Store for FileStore {
    fn load(&self) -> io::Result<Kept> {
        match fs::read(self.directory.join(FILE_NAME)) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::default()),
            Err(error) => Err(error),
        }
    }

    fn save(&self, kept: &Kept) -> io::Result<()> {
        // Made for this user alone (0600).
        let mut file = tempfile::Builder::new().prefix("notifyhub.push.").tempfile_in(&self.directory)?;
        file.write_all(&serde_json::to_vec_pretty(kept)?)?;
        file.as_file().sync_all()?;
        file.persist(self.directory.join(FILE_NAME))?;
        // The name is on the disk when its directory is.
        fs::File::open(&self.directory)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_was_kept_is_there_again_for_this_user_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = FileStore::new(directory.path());
        assert_eq!(store.load().expect("nothing is no error"), Kept::default());
        let mut kept = Kept::default();
        kept.set_key(b"secret");
        store.save(&kept).expect("kept");
        assert_eq!(
            FileStore::new(directory.path()).load().expect("kept").key_bytes(),
            Some(b"secret".to_vec())
        );
        let file = fs::metadata(directory.path().join(FILE_NAME)).expect("a file");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 1, "nothing else is left");
    }
}
