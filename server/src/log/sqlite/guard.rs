//! Notices that the files under an open database are no longer the ones it was opened on: deleted, renamed, cut off,
//! or overwritten. SQLite does not, and would go on acknowledging what nobody will find again.

use std::{
    fs::Metadata,
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Mutex,
};

/// See the module.
pub(super) struct Guard {
    database: PathBuf,
    wal: PathBuf,
    /// Held during a checkpoint of ours: only then the database file itself is written.
    known: Mutex<Known>,
}

struct Known {
    database: Identity,
    /// `None` until it is made with the first write.
    wal: Option<Identity>,
}

/// What must not change by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Identity {
    fn of(file: &Metadata) -> Self {
        Identity {
            device: file.dev(),
            inode: file.ino(),
            length: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
        }
    }

    fn is_same_file(&self, other: &Identity) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

impl Guard {
    /// Takes the files as they are now for the right ones.
    pub(super) fn new(database: &Path) -> io::Result<Self> {
        let mut wal = database.as_os_str().to_owned();
        wal.push("-wal");
        let wal = PathBuf::from(wal);
        let known = Known { database: Identity::of(&std::fs::metadata(database)?), wal: identity_of(&wal)? };
        Ok(Guard { database: database.to_owned(), wal, known: Mutex::new(known) })
    }

    /// What is wrong with the files, in words for whoever runs the hub.
    pub(super) fn find_damage(&self) -> Option<String> {
        // A checkpoint is under way: another time.
        let mut known = self.known.try_lock().ok()?;
        let name = self.database.display();
        let database = match identity_of(&self.database) {
            Ok(Some(found)) => found,
            Ok(None) => return Some(format!("{name} was deleted or moved while the hub uses it")),
            Err(error) => return Some(format!("{name} cannot be looked at: {error}")),
        };
        if !database.is_same_file(&known.database) {
            return Some(format!("{name} was replaced by another file while the hub uses it"));
        }
        if database != known.database {
            return Some(format!("{name} was written by another program while the hub uses it"));
        }
        let wal = identity_of(&self.wal).ok().flatten();
        match (known.wal, wal) {
            (None, found) => known.wal = found,
            (Some(_), None) => return Some(format!("{name}-wal was deleted or moved while the hub uses it")),
            (Some(before), Some(found)) if !found.is_same_file(&before) => {
                return Some(format!("{name}-wal was replaced by another file while the hub uses it"));
            }
            (Some(before), Some(found)) if found.length < before.length => {
                return Some(format!("{name}-wal was cut off while the hub uses it"));
            }
            (Some(_), Some(found)) => known.wal = Some(found),
        }
        None
    }

    /// The lengths of the database and of its write-ahead log when they were last looked at; `None`: a checkpoint is
    /// under way.
    pub(super) fn lengths(&self) -> Option<(u64, u64)> {
        let known = self.known.try_lock().ok()?;
        Some((known.database.length, known.wal.map_or(0, |wal| wal.length)))
    }

    /// Runs a checkpoint, and takes the files as it leaves them for the right ones. If they were not before, it is
    /// not run: it would write into another's file.
    pub(super) fn checkpoint<T>(&self, run: impl FnOnce() -> T) -> Option<T> {
        if self.find_damage().is_some() {
            return None;
        }
        let mut known = self.known.lock().expect("no code panics while it holds the identities");
        let result = run();
        if let (Ok(Some(database)), Ok(wal)) = (identity_of(&self.database), identity_of(&self.wal)) {
            *known = Known { database, wal };
        }
        Some(result)
    }
}

fn identity_of(path: &Path) -> io::Result<Option<Identity>> {
    match std::fs::metadata(path) {
        Ok(file) => Ok(Some(Identity::of(&file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded() -> (tempfile::TempDir, PathBuf, Guard) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("a.db");
        std::fs::write(&path, "0123456789").expect("writes");
        std::fs::write(directory.path().join("a.db-wal"), "0123456789").expect("writes");
        let guard = Guard::new(&path).expect("the files are there");
        (directory, path, guard)
    }

    #[test]
    fn files_that_stay_are_well_also_if_the_write_ahead_log_grows() {
        let (_directory, path, guard) = guarded();
        assert_eq!(guard.find_damage(), None);
        std::fs::write(path.with_extension("db-wal"), "0123456789 and more").expect("writes");
        assert_eq!(guard.find_damage(), None);
        assert_eq!(guard.lengths(), Some((10, 19)));
        guard.checkpoint(|| std::fs::write(&path, "another content").expect("writes"));
        assert_eq!(guard.find_damage(), None);
    }

    #[test]
    fn each_damage_is_told() {
        type Damage = fn(&Path);
        let damages: [(Damage, &str); 5] = [
            (|path| std::fs::remove_file(path).expect("removes"), "deleted or moved"),
            (
                |path| {
                    let copy = path.with_extension("copy");
                    std::fs::copy(path, &copy).expect("copies");
                    std::fs::rename(copy, path).expect("renames");
                },
                "replaced",
            ),
            (|path| std::fs::write(path, "01").expect("writes"), "written by another"),
            (|path| std::fs::write(path.with_extension("db-wal"), "01").expect("writes"), "cut off"),
            (
                |path| std::fs::remove_file(path.with_extension("db-wal")).expect("removes"),
                "-wal was deleted",
            ),
        ];
        for (damage, expected) in damages {
            let (_directory, path, guard) = guarded();
            damage(&path);
            let found = guard.find_damage().expect("it is noticed");
            assert!(found.contains(expected), "{found}");
            assert_eq!(guard.checkpoint(|| ()), None);
        }
    }
}
