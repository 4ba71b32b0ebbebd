//! `failsoft fake` and `failsoft serve` as processes, and what the system says of them.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Names another build of our binary to measure.
const OTHER_BINARY: &str = "FAILSOFT_BINARY";
/// Between two looks at something that changes by itself.
const LOOK: Duration = Duration::from_millis(20);

/// A gateway before a fake provider.
pub(crate) struct House {
    fake: Process,
    gateway: Process,
    pub(crate) fake_address: SocketAddr,
    pub(crate) clients: SocketAddr,
    pub(crate) admin: SocketAddr,
    _folder: tempfile::TempDir,
}

/// A process that ends with the test.
struct Process(Child);

/// How a house differs from the usual one: what the fake plays, and what the settings say more.
pub(crate) struct Plan<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) settings: &'a str,
}

impl House {
    pub(crate) fn open(plan: &Plan<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (scenario, file) =
            (folder.path().join("fake.toml"), folder.path().join("failsoft.toml"));
        std::fs::write(&scenario, plan.scenario).unwrap();
        let mut command =
            program(folder.path(), &["fake", "--listen", "127.0.0.1:0", "--scenario"]);
        command.arg(&scenario).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut fake = Process(command.spawn().unwrap());
        let fake_address = address(&mut BufReader::new(fake.0.stdout.take().unwrap()), "listening");
        std::fs::write(&file, settings(fake_address, plan.settings)).unwrap();
        let mut command = program(folder.path(), &["serve"]);
        command.env("RUST_LOG", "error").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut gateway = Process(command.spawn().unwrap());
        let mut log = BufReader::new(gateway.0.stderr.take().unwrap());
        let clients = address(&mut log, "ANTHROPIC_BASE_URL=");
        let admin = address(&mut log, "operators");
        // Whatever it says later must not fill the pipe.
        std::thread::spawn(move || log.read_to_string(&mut String::new()));
        Self { fake, gateway, fake_address, clients, admin, _folder: folder }
    }

    pub(crate) fn stop_fake(&mut self) {
        self.fake.end();
    }

    /// A figure of the gateway's `/proc/PID/status`, in bytes.
    pub(crate) fn memory(&self, row: &str) -> u64 {
        let status = std::fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(row)?.strip_prefix(':'));
        line.unwrap().split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Files and sockets the gateway has open.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(self.proc("fd")).unwrap().count()
    }

    pub(crate) async fn ready(&self) -> Value {
        json(&get(self.admin, "/readyz?verbose").await)
    }

    pub(crate) async fn metric(&self, row: &str) -> f64 {
        let page = get(self.admin, "/metrics").await;
        let line = page.lines().find_map(|line| line.strip_prefix(row)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {row} in {page}")).parse().unwrap()
    }

    /// What the fake saw.
    pub(crate) async fn attempts(&self) -> Vec<Value> {
        let page = get(self.fake_address, "/__fake/attempts?wait=0s").await;
        json(&page)["attempts"].as_array().unwrap().clone()
    }

    /// Lets the fake's answers go on that wait at its gate.
    pub(crate) async fn open_gate(&self) {
        let head = format!(
            "POST /__fake/open HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            self.fake_address
        );
        let page = send(self.fake_address, &head).await;
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.gateway.0.id())
    }
}

impl Process {
    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Looks until it is so; panics with the last look when it takes too long.
pub(crate) async fn until<T: std::fmt::Debug>(
    patience: Duration,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let end = Instant::now() + patience;
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(seen) if Instant::now() > end => panic!("not within {patience:?}: {seen}"),
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Open files a process may have here.
pub(crate) fn most_descriptors() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let row = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let hard = row.split_whitespace().nth(4).unwrap();
    hard.parse().unwrap_or(usize::MAX)
}

/// Our binary, with as many open files as the system lets it have.
fn program(folder: &Path, arguments: &[&str]) -> Command {
    let binary = std::env::var_os(OTHER_BINARY);
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$0\" \"$@\""])
        .arg(binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_failsoft").into()))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null());
    command
}

fn settings(fake: SocketAddr, more: &str) -> String {
    let provider = |name: &str| {
        format!(
            "[providers.{name}]\ndialect = \"chat_completions\"\n\
             base_url = \"http://{fake}/v1\"\napi_key = \"none\"\n"
        )
    };
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nmax_connections = 20000\n\
         [journal]\npath = \"calls.db\"\n{}{}{more}",
        provider("first"),
        provider("spare")
    )
}

fn address(log: &mut impl BufRead, mark: &str) -> SocketAddr {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "{mark:?} never came: {seen}");
        if line.contains(mark) {
            return line.trim().rsplit('/').next().unwrap().parse().unwrap();
        }
        seen += &line;
    }
}

async fn get(address: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    send(address, &request).await
}

async fn send(address: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut page = String::new();
    socket.read_to_string(&mut page).await.unwrap();
    page
}

fn json(page: &str) -> Value {
    let (_, body) = page.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}
