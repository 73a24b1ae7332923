//! A file that is written beside the one it replaces, and then takes its place in one step: whoever reads that sees the
//! old or the new, also after a power cut.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Written and on the disk, not yet in its place. Dropped, it is removed.
pub(crate) struct NewFile {
    path: PathBuf,
    place: PathBuf,
}

impl NewFile {
    /// Writes it. With these permissions, or those that new files get.
    pub(crate) fn write(place: &Path, contents: &[u8], permissions: Option<Permissions>) -> io::Result<Self> {
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(format!(".notifyhub-{}", std::process::id()));
        let path = place.with_file_name(name);
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let new = NewFile { path, place: place.to_owned() };
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.write_all(contents)?;
        file.sync_all()?;
        Ok(new)
    }

    /// Puts it in its place.
    pub(crate) fn put_in_place(self) -> io::Result<()> {
        fs::rename(&self.path, &self.place)?;
        if let Some(folder) = self.place.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // It is gone already once it is in its place.
        let _ = fs::remove_file(&self.path);
    }
}
