//! A Postgres server of the tests' own: made for them, stopped and broken by them, gone with them.
#![allow(dead_code, unreachable_pub, reason = "each test uses its own part")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub const USER: &str = "failsoft";
pub const PASSWORD: &str = "CANARY-of-the-password";

/// Runs a server until its own input ends, which is at the latest when the tests do; then its files
/// go, too, unless they are to be kept.
const GUARD: &str = r#"folder=$1; shift; "$@" & pid=$!; echo "guards $pid" >&2; read -r word
kill -QUIT $pid; wait $pid; [ "$word" = keep ] || rm -rf "$folder""#;

/// A server with its files.
pub struct Cluster {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
    running: Option<Running>,
    databases: AtomicU32,
}

struct Running {
    guard: Child,
    postmaster: u32,
}

impl Cluster {
    /// A server that is never broken, shared by the tests of one program; `None` where none is
    /// installed, which is said.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&["fsync=off"])).as_ref().or_else(|| {
            println!("skipped: no Postgres server is installed (apt-get install postgresql)");
            None
        })
    }

    /// A server to break, with settings of its own.
    pub fn start(settings: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            println!("skipped: no Postgres server is installed (apt-get install postgresql)");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("failsoft-pg").tempdir().unwrap();
        if is_root() {
            well(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let words = folder.path().join("words");
        std::fs::write(&words, PASSWORD).unwrap();
        let data = folder.path().join("data");
        well(
            as_owner(&programs.join("initdb"))
                .args(["--no-sync", "-E", "UTF8", "--locale=C", "-A", "scram-sha-256", "-U", USER])
                .arg("--pwfile")
                .arg(&words)
                .arg("-D")
                .arg(&data),
        );
        let settings: String = settings.iter().map(|setting| format!("{setting}\n")).collect();
        let file = data.join("postgresql.conf");
        let usual = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, usual + "unix_socket_directories = ''\n" + &settings).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let databases = AtomicU32::new(0);
        let mut cluster = Self { folder, programs, port, running: None, databases };
        cluster.run();
        Some(cluster)
    }

    /// Where the files of the server are.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the server, and returns when it takes connections.
    pub fn run(&mut self) {
        let mut server = as_owner(&self.programs.join("postgres"));
        server.arg("-D").arg(self.data()).args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "guard"]).arg(self.folder.path());
        guard.arg(server.get_program()).args(server.get_args());
        let mut guard = guard
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(guard.stderr.take().unwrap()).lines();
        let (mut postmaster, mut said) = (0, Vec::new());
        for line in lines.by_ref().map_while(Result::ok) {
            if let Some(pid) = line.strip_prefix("guards ") {
                postmaster = pid.parse().unwrap();
            }
            said.push(line);
            if said.last().unwrap().contains("ready to accept connections") {
                break;
            }
        }
        assert!(said.iter().any(|line| line.contains("ready to accept")), "{said:#?}");
        // Read on to the end, so that the server never waits for us.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        self.running = Some(Running { guard, postmaster });
    }

    /// From its next start on the server has this certificate, and takes nobody without TLS.
    pub fn serve_tls(&self, certificate: &str, key: &str) {
        for (name, text) in [
            ("server.crt", certificate),
            ("server.key", key),
            ("pg_hba.conf", "hostssl all all all scram-sha-256\n"),
        ] {
            let path = self.data().join(name);
            std::fs::write(&path, text).unwrap();
            well(Command::new("chmod").arg("600").arg(&path));
            if is_root() {
                well(Command::new("chown").arg("postgres").arg(&path));
            }
        }
        let file = self.data().join("postgresql.conf");
        let settings = std::fs::read_to_string(&file).unwrap() + "ssl = on\n";
        std::fs::write(&file, settings).unwrap();
    }

    /// A new and empty database: its address.
    pub fn database(&self) -> String {
        let name = format!("fleet_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.ask("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0"));
        self.url(&name)
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the server itself says: rows as lines, columns with bars between them.
    pub fn ask(&self, database: &str, sql: &str) -> Vec<String> {
        let url = if database.contains("://") { database.to_owned() } else { self.url(database) };
        let output = Command::new(self.programs.join("psql"))
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, &url])
            .output()
            .unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// Stops every process of the server where it stands.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Ends the server as a crash would: what is not in its log is gone.
    pub fn crash(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        running.guard.stdin.take().unwrap().write_all(b"keep\n").unwrap();
        running.guard.wait().unwrap();
    }

    fn signal(&self, signal: &str) {
        let postmaster = self.running.as_ref().unwrap().postmaster;
        let children =
            Command::new("pgrep").args(["-P", &postmaster.to_string()]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        let mut command = Command::new("kill");
        command.args([signal, &postmaster.to_string()]);
        // A process that has just ended is no reason to fail.
        command.args(children.split_whitespace()).stderr(Stdio::null()).status().unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.thaw();
            self.crash();
        }
    }
}

/// Debian's place for the newest server, or the one on the path.
fn programs() -> Option<PathBuf> {
    let found = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = found.map(|version| version.path().join("bin")).max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian.into_iter().chain(std::env::split_paths(&path)).find(|folder| {
        ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).is_file())
    })
}

/// Postgres refuses to run as root.
fn as_owner(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

fn well(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
