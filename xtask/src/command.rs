//! Running other programs: their words go to a log, and a sign of life to the person who waits.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::{Done, house};

/// How often a long job shows that it lives where there is no terminal.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// No job of ours takes this long unless it hangs.
const LONGEST: Duration = Duration::from_secs(25 * 60);

/// What a program said, and whether it ended well.
pub(crate) struct Ran {
    pub(crate) well: bool,
    pub(crate) lines: Vec<String>,
    pub(crate) log: PathBuf,
}

impl Ran {
    /// The last lines, for a person who looks for the fault.
    pub(crate) fn tail(&self, count: usize) -> &[String] {
        &self.lines[self.lines.len().saturating_sub(count)..]
    }
}

/// Whether a program is there and answers `--version`.
pub(crate) fn is_there(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Where a program is that is found by its name.
pub(crate) fn path_of(program: &str) -> Option<String> {
    let folders = std::env::var_os("PATH")?;
    let paths = std::env::split_paths(&folders).map(|folder| folder.join(program));
    paths.filter(|path| path.is_file()).find_map(|path| path.to_str().map(str::to_owned))
}

/// `cargo` as the one that runs us, in the root of the checkout.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(house::root());
    command
}

/// Runs a program to its end.
pub(crate) fn run(label: &str, command: &mut Command) -> Done<Ran> {
    let log = house::workshop()?.join("logs").join(format!("{}.log", label.replace(' ', "-")));
    let mut file =
        File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run {:?}: {error}", command.get_program()))?;
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        forward(stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        forward(stderr, sender);
    }
    let started = Instant::now();
    let mut life = Life::new(label);
    let mut lines = Vec::new();
    loop {
        match receiver.recv_timeout(Duration::from_secs(1)) {
            Ok(line) => {
                // A log that cannot be written must not fail the tests.
                let _ = writeln!(file, "{line}");
                life.show(&line);
                lines.push(line);
            }
            Err(mpsc::RecvTimeoutError::Timeout) => life.tick(),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        if started.elapsed() > LONGEST {
            let _ = child.kill();
            lines.push(format!("{label} was stopped after {} minutes", LONGEST.as_secs() / 60));
            break;
        }
    }
    life.clear();
    let status = child.wait().map_err(|error| format!("cannot wait for {label}: {error}"))?;
    Ok(Ran { well: status.success(), lines, log })
}

fn forward(stream: impl Read + Send + 'static, sender: mpsc::Sender<String>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if sender.send(text).is_err() {
                return;
            }
        }
    });
}

/// The sign of life of a job: its last line on a terminal, now and then a line elsewhere.
struct Life<'a> {
    label: &'a str,
    terminal: bool,
    started: Instant,
    shown: Instant,
    last: String,
}

impl<'a> Life<'a> {
    fn new(label: &'a str) -> Self {
        let now = Instant::now();
        let terminal = std::io::stderr().is_terminal();
        Self { label, terminal, started: now, shown: now, last: String::new() }
    }

    fn show(&mut self, line: &str) {
        self.last = line.trim().chars().take(90).collect();
        if self.terminal {
            eprint!("\r\x1b[2K    {}", self.last);
        } else {
            self.tick();
        }
    }

    fn tick(&mut self) {
        if self.terminal || self.shown.elapsed() < SIGN_OF_LIFE {
            return;
        }
        self.shown = Instant::now();
        let seconds = self.started.elapsed().as_secs();
        eprintln!("    {} goes on, {seconds} s: {}", self.label, self.last);
    }

    fn clear(&self) {
        if self.terminal {
            eprint!("\r\x1b[2K");
        }
    }
}
