//! A file on the disk that is changed in one step, and as little as possible: its permissions stay, a symbolic link stays
//! one, and what it was before is kept beside it.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{HookFile, Unreadable};
use crate::new_file::NewFile;

/// Behind the name of a file: what it was before its first change.
const BACKUP: &str = ".notifyhub-backup";

/// What was done with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is as it has to be.
    None,
    /// It is new.
    Created,
    /// It was changed; what it was before its first change is there.
    Changed { backup: Option<PathBuf> },
    /// It is as it was before our first change.
    Restored,
    /// There was nothing but ours in it.
    Removed,
}

/// Why a file was left as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// It is not what the agent would take either.
    #[error("{}, line {line}: {reason}. Nothing was changed: put that right, and try again", path.display())]
    Unreadable { path: PathBuf, line: usize, reason: String },
    /// Another program wrote it in this moment.
    #[error("{} was changed by another program meanwhile; nothing was changed. Try again", .0.display())]
    ChangedMeanwhile(PathBuf),
    /// The system says no.
    #[error("cannot {doing} {}: {source}", path.display())]
    System { doing: &'static str, path: PathBuf, source: io::Error },
}

/// Puts our hooks into the file.
pub(crate) fn install(file: &HookFile) -> Result<Change, FileError> {
    let before = read(&file.path)?;
    let after = file.with_hooks(before.as_deref()).map_err(|error| unreadable(&file.path, error))?;
    let Some(before) = before else {
        let folder = file.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|source| system("make the folder", folder, source))?;
        write(&file.path, None, &after)?;
        return Ok(Change::Created);
    };
    if before == after {
        return Ok(Change::None);
    }
    let backup = keep(&file.path, &before)?;
    write(&file.path, Some(&before), &after)?;
    Ok(Change::Changed { backup: Some(backup) })
}

/// Takes our hooks out of the file. Where nobody else has changed it since they were put in, it is then what it was, byte
/// for byte.
pub(crate) fn uninstall(file: &HookFile) -> Result<Change, FileError> {
    let Some(text) = read(&file.path)? else { return Ok(Change::None) };
    let backup = backup_of(&file.path);
    let kept = read(&backup)?;
    if let Some(kept) = &kept
        && text != *kept
        && file.with_hooks(Some(kept)).is_ok_and(|installed| installed == text)
    {
        return restore(file, &text, kept, &backup);
    }
    let left = file.without_hooks(&text).map_err(|error| unreadable(&file.path, error))?;
    if left == text {
        return Ok(Change::None);
    }
    let is_empty = matches!(left.trim(), "" | "{}");
    match kept {
        None if is_empty => {
            fs::remove_file(&file.path).map_err(|source| system("remove", &file.path, source))?;
            for folder in file.path.ancestors().skip(1).take(file.own_folders) {
                // Unless somebody has put something there.
                let _ = fs::remove_dir(folder);
            }
            Ok(Change::Removed)
        }
        // It was somebody else's before it became ours as a whole.
        Some(kept) if left.is_empty() => restore(file, &text, &kept, &backup),
        kept => {
            write(&file.path, Some(&text), &left)?;
            Ok(Change::Changed { backup: kept.map(|_| backup) })
        }
    }
}

fn restore(file: &HookFile, text: &str, kept: &str, backup: &Path) -> Result<Change, FileError> {
    write(&file.path, Some(text), kept)?;
    fs::remove_file(backup).map_err(|source| system("remove", backup, source))?;
    Ok(Change::Restored)
}

fn read(path: &Path) -> Result<Option<String>, FileError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(system("read", path, source)),
    };
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        FileError::Unreadable { path: path.to_owned(), line, reason: "it is not UTF-8".into() }
    })
}

/// Keeps what a file was before its first change.
fn keep(path: &Path, text: &str) -> Result<PathBuf, FileError> {
    let backup = backup_of(path);
    let failed = |source| system("write", &backup, source);
    if backup.exists() {
        return Ok(backup);
    }
    // With the permissions of the file: there may be secrets in it.
    fs::copy(path, &backup).map_err(failed)?;
    if fs::read(&backup).map_err(failed)? != text.as_bytes() {
        fs::remove_file(&backup).map_err(failed)?;
        return Err(FileError::ChangedMeanwhile(path.to_owned()));
    }
    Ok(backup)
}

fn backup_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(BACKUP);
    path.with_file_name(name)
}

/// Replaces what a file holds.
fn write(path: &Path, before: Option<&str>, after: &str) -> Result<(), FileError> {
    let target = target(path).map_err(|source| system("follow the link", path, source))?;
    let failed = |source| system("write", &target, source);
    let permissions = match before {
        Some(_) => Some(fs::metadata(&target).map_err(failed)?.permissions()),
        None => None,
    };
    let new = NewFile::write(&target, after.as_bytes(), permissions).map_err(failed)?;
    if read(path)?.as_deref() != before {
        return Err(FileError::ChangedMeanwhile(path.to_owned()));
    }
    new.put_in_place().map_err(failed)
}

/// What is written when a path is: the file at the end of its symbolic links, also where that is not there yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(next) => path = path.parent().map_or_else(|| next.clone(), |folder| folder.join(&next)),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("there are too many links"))
}

fn unreadable(path: &Path, error: Unreadable) -> FileError {
    FileError::Unreadable { path: path.to_owned(), line: error.line, reason: error.reason }
}

fn system(doing: &'static str, path: &Path, source: io::Error) -> FileError {
    FileError::System { doing, path: path.to_owned(), source }
}
