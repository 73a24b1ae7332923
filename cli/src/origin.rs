//! Where something happens: the project, its branch, and the machine where that is not the one people sit at. Read from
//! the files of git; no program is started for it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use notifyhub_adapters::limits::MAX_SOURCE_CHARS;

/// Where something happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The name of the repository, or of the directory where there is none.
    pub(crate) project: Option<String>,
    /// The branch that is checked out.
    pub(crate) branch: Option<String>,
    /// The machine's name, for who is logged in over SSH.
    pub(crate) host: Option<String>,
    /// Whether the project is a repository.
    pub(crate) is_repository: bool,
}

impl Origin {
    /// Of a directory.
    pub(crate) fn of(directory: &Path) -> Self {
        let host = std::env::var_os("SSH_CONNECTION").filter(|connection| !connection.is_empty());
        let host = host.map(|_| rustix::system::uname().nodename().to_string_lossy().into_owned());
        let project = Repository::around(directory)
            .map(|repository| (repository.name(), repository.branch()))
            .filter(|(name, _)| name.is_some());
        match project {
            Some((name, branch)) => Origin { project: name, branch, host, is_repository: true },
            None => Origin { project: name_of(directory), branch: None, host, is_repository: false },
        }
    }

    /// `shop · main`
    pub(crate) fn title(&self) -> Option<String> {
        match (&self.project, &self.branch) {
            (Some(project), Some(branch)) => Some(format!("{project} · {branch}")),
            (project, _) => project.clone(),
        }
    }
}

/// A working tree of git.
struct Repository {
    top_level: PathBuf,
    /// Where its HEAD is: of a linked working tree or a submodule that is elsewhere.
    git_directory: PathBuf,
}

impl Repository {
    fn around(directory: &Path) -> Option<Self> {
        directory.ancestors().find_map(|top_level| {
            let git = top_level.join(".git");
            let git_directory = if git.is_dir() {
                git
            } else {
                let pointer = fs::read_to_string(&git).ok()?;
                top_level.join(pointer.strip_prefix("gitdir:")?.trim())
            };
            git_directory
                .join("HEAD")
                .is_file()
                .then(|| Repository { top_level: top_level.into(), git_directory })
        })
    }

    /// All working trees of a repository go by the name of the main one.
    fn name(&self) -> Option<String> {
        let main = fs::read_to_string(self.git_directory.join("commondir")).ok().and_then(|common| {
            let common = fs::canonicalize(self.git_directory.join(common.trim())).ok()?;
            if common.ends_with(".git") { common.parent().map(Path::to_owned) } else { Some(common) }
        });
        let name = name_of(main.as_deref().unwrap_or(&self.top_level))?;
        // A bare repository.
        Some(name.strip_suffix(".git").map_or(name.clone(), str::to_owned))
    }

    /// None while no branch is checked out, unless one is being rebased.
    fn branch(&self) -> Option<String> {
        let read = |name| fs::read_to_string(self.git_directory.join(name)).ok();
        let head = read("HEAD")?;
        let reference = match head.trim().strip_prefix("ref:") {
            Some(reference) => reference.trim().to_owned(),
            None => {
                read("rebase-merge/head-name").or_else(|| read("rebase-apply/head-name"))?.trim().to_owned()
            }
        };
        Some(reference.strip_prefix("refs/heads/").unwrap_or(&reference).to_owned())
    }
}

/// A name that says something: not that of somebody's home.
fn name_of(directory: &Path) -> Option<String> {
    if dirs::home_dir().is_some_and(|home| home == directory) {
        return None;
    }
    let name = directory.file_name()?.to_string_lossy();
    let clean: String = name.chars().filter(|c| !c.is_control()).take(MAX_SOURCE_CHARS).collect();
    (!clean.trim().is_empty()).then(|| clean.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("it lies in a directory")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }

    /// As a title, and whether it is a repository's.
    fn seen(directory: &Path) -> (Option<String>, bool) {
        let origin = Origin::of(directory);
        (origin.title(), origin.is_repository)
    }

    fn repository(title: &str) -> (Option<String>, bool) {
        (Some(title.to_owned()), true)
    }

    fn directory(title: Option<&str>) -> (Option<String>, bool) {
        (title.map(str::to_owned), false)
    }

    #[test]
    fn a_repository_is_found_from_below_and_says_its_branch() {
        let root = tempfile::tempdir().expect("a directory");
        let shop = root.path().join("shop");
        write(&shop.join(".git/HEAD"), "ref: refs/heads/feature/cart\n");
        write(&shop.join("src/deep/file"), "");
        assert_eq!(seen(&shop.join("src/deep")), repository("shop · feature/cart"));
        // Detached, and while a branch is rebased.
        write(&shop.join(".git/HEAD"), "5f0c1b6a6f0e4d0c9d5c5b5a4f3e2d1c0b9a8f7e\n");
        assert_eq!(seen(&shop), repository("shop"));
        write(&shop.join(".git/rebase-merge/head-name"), "refs/heads/cart\n");
        assert_eq!(seen(&shop), repository("shop · cart"));
    }

    #[test]
    fn a_linked_working_tree_goes_by_the_name_of_its_repository() {
        let root = tempfile::tempdir().expect("a directory");
        let main = root.path().join("shop");
        let own = main.join(".git/worktrees/cart");
        write(&main.join(".git/HEAD"), "ref: refs/heads/main\n");
        write(&own.join("HEAD"), "ref: refs/heads/cart\n");
        write(&own.join("commondir"), "../..\n");
        let tree = root.path().join("trees/cart");
        write(&tree.join(".git"), &format!("gitdir: {}\n", own.display()));
        assert_eq!(seen(&tree), repository("shop · cart"));
        // Of a bare one.
        let bare = root.path().join("tool.git");
        write(&bare.join("worktrees/fix/HEAD"), "ref: refs/heads/fix\n");
        write(&bare.join("worktrees/fix/commondir"), "../..\n");
        write(&tree.join(".git"), &format!("gitdir: {}\n", bare.join("worktrees/fix").display()));
        assert_eq!(seen(&tree), repository("tool · fix"));
        // A submodule has a name of its own.
        write(&main.join(".git/modules/lib/HEAD"), "ref: refs/heads/next\n");
        write(&main.join("lib/.git"), "gitdir: ../.git/modules/lib\n");
        assert_eq!(seen(&main.join("lib")), repository("lib · next"));
    }

    #[test]
    fn elsewhere_it_is_the_directory_but_nobodys_home() {
        let root = tempfile::tempdir().expect("a directory");
        let notes = root.path().join("notes");
        fs::create_dir(&notes).expect("it can be made");
        assert_eq!(seen(&notes), directory(Some("notes")));
        assert_eq!(seen(Path::new("/")), directory(None));
        assert_eq!(seen(&dirs::home_dir().expect("a home")), directory(None));
        // Files of git that say nothing.
        write(&notes.join(".git"), "nonsense");
        assert_eq!(seen(&notes), directory(Some("notes")));
    }
}
