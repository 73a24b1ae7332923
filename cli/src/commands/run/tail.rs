//! The last lines of a command's output, read on its way to a file or a pipe. What goes to a terminal is left alone.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, IsTerminal as _, PipeReader, PipeWriter, Read as _, Write as _},
    os::fd::{AsFd, OwnedFd},
    process::Command,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

/// How much of a line is remembered, in bytes.
const MAX_LINE_BYTES: usize = 1024;

/// What reads a command's output.
pub(super) struct Capture {
    lines: Arc<Mutex<Lines>>,
}

/// When all of the output is read.
pub(super) struct End(Receiver<()>);

impl End {
    /// Waits for it, but no longer than this.
    pub(super) fn wait(self, limit: Duration) {
        // Nothing is ever sent: the readers hold the other end until theirs.
        let _ = self.0.recv_timeout(limit);
    }
}

impl Capture {
    /// Puts a pipe before each of the command's streams that does not go to a terminal.
    pub(super) fn begin(command: &mut Command, lines: usize) -> io::Result<(Self, End)> {
        let lines = Lines { kept: VecDeque::new(), max: lines, current: Vec::new(), is_overwritten: false };
        let lines = Arc::new(Mutex::new(lines));
        let (reading, end) = channel();
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let shared = if !stdout.is_terminal() && is_same_file(&stdout, &stderr)? {
            // Through two pipes their order would be lost.
            let writer = copy(&stdout, &lines, &reading)?;
            command.stderr(writer.try_clone()?);
            command.stdout(writer);
            true
        } else {
            false
        };
        if !shared && !stdout.is_terminal() {
            command.stdout(copy(&stdout, &lines, &reading)?);
        }
        if !shared && !stderr.is_terminal() {
            command.stderr(copy(&stderr, &lines, &reading)?);
        }
        Ok((Capture { lines }, End(end)))
    }

    /// The last lines that were read, without what steers a terminal.
    pub(super) fn last_lines(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).text()
    }
}

fn is_same_file(one: impl AsFd, other: impl AsFd) -> io::Result<bool> {
    let (one, other) = (rustix::fs::fstat(one)?, rustix::fs::fstat(other)?);
    Ok((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}

/// A pipe whose contents go to this stream, and into the lines.
fn copy(stream: impl AsFd, lines: &Arc<Mutex<Lines>>, reading: &Sender<()>) -> io::Result<PipeWriter> {
    let stream: OwnedFd = stream.as_fd().try_clone_to_owned()?;
    let (reader, writer) = io::pipe()?;
    let (lines, reading) = (Arc::clone(lines), reading.clone());
    thread::spawn(move || {
        copy_to_the_end(reader, File::from(stream), &lines);
        drop(reading);
    });
    Ok(writer)
}

/// Ends where nobody reads the stream any more, too: the command is to notice that.
fn copy_to_the_end(mut reader: PipeReader, mut stream: File, lines: &Mutex<Lines>) {
    let mut bytes = vec![0; 64 << 10];
    loop {
        let length = match reader.read(&mut bytes) {
            Ok(0) => return,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        lines.lock().unwrap_or_else(PoisonError::into_inner).add(&bytes[..length]);
        if stream.write_all(&bytes[..length]).is_err() {
            return;
        }
    }
}

/// The last lines of a text that grows.
struct Lines {
    kept: VecDeque<Vec<u8>>,
    max: usize,
    current: Vec<u8>,
    /// After a carriage return: what comes next takes the place of what is there.
    is_overwritten: bool,
}

impl Lines {
    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\n' => {
                    if self.kept.len() == self.max {
                        self.kept.pop_front();
                    }
                    self.kept.push_back(std::mem::take(&mut self.current));
                    self.is_overwritten = false;
                }
                b'\r' => self.is_overwritten = true,
                byte => {
                    if std::mem::take(&mut self.is_overwritten) {
                        self.current.clear();
                    }
                    if self.current.len() < MAX_LINE_BYTES {
                        self.current.push(byte);
                    }
                }
            }
        }
    }

    fn text(&self) -> String {
        let unfinished = Some(&self.current).filter(|line| !line.is_empty());
        let lines: Vec<_> = self.kept.iter().chain(unfinished).collect();
        let last = &lines[lines.len().saturating_sub(self.max)..];
        let plain: Vec<_> = last.iter().map(|line| plain(&String::from_utf8_lossy(line))).collect();
        plain.join("\n").trim_matches('\n').to_owned()
    }
}

/// A line without escape sequences (ECMA-48) and control characters.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => match characters.next() {
                // Colours and movements end with a letter.
                Some('[') => while characters.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                // Titles and links end with BEL or ESC \.
                Some(']') => loop {
                    match characters.next() {
                        Some('\u{1b}') if characters.peek() == Some(&'\\') => {
                            characters.next();
                            break;
                        }
                        Some('\u{7}') | None => break,
                        Some(_) => {}
                    }
                },
                _ => {}
            },
            '\t' => text.push('\t'),
            other if other.is_control() => {}
            other => text.push(other),
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(max: usize, parts: &[&str]) -> String {
        let mut lines = Lines { kept: VecDeque::new(), max, current: Vec::new(), is_overwritten: false };
        for part in parts {
            lines.add(part.as_bytes());
        }
        lines.text()
    }

    #[test]
    fn the_last_lines_are_kept_however_they_arrive() {
        assert_eq!(last(2, &["one\ntw", "o\nthr", "ee\n"]), "two\nthree");
        assert_eq!(last(2, &["one\ntwo\nunfinished"]), "two\nunfinished");
        assert_eq!(last(3, &["one\r\n", "two\r", "\n"]), "one\ntwo");
        assert_eq!(last(3, &[""]), "");
        assert_eq!(last(1, &[&"x".repeat(5000), "\n"]).len(), MAX_LINE_BYTES);
    }

    #[test]
    fn progress_and_colours_leave_what_a_person_would_see_last() {
        assert_eq!(last(3, &["10 %\r50 %\r100 %", "\ndone\n"]), "100 %\ndone");
        assert_eq!(
            last(3, &["\u{1b}[1;31merror\u{1b}[0m: \u{1b}]8;;https://a\u{1b}\\E1\u{1b}]8;;\u{7}\tx\u{8}\n"]),
            "error: E1\tx"
        );
        assert_eq!(last(3, &["cut\u{1b}[", "\n", "\u{1b}", "\n"]), "cut");
    }
}
