//! `failsoft serve` and `failsoft run` as processes: signals, files, limits of the system.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's way to fail")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use failsoft_fake::{Dialect, Fake, FakeOptions};

const BINARY: &str = env!("CARGO_BIN_EXE_failsoft");

/// A running `failsoft serve`, and where it listens.
struct Served {
    child: Child,
    log: BufReader<ChildStderr>,
    clients: SocketAddr,
    admin: SocketAddr,
}

fn write_settings(folder: &Path, fake: &Fake, more: &str) {
    let base = fake.base_url(Dialect::ChatCompletions);
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n[journal]\npath = \"calls.db\"\n\
         [providers.chat]\ndialect = \"chat_completions\"\nbase_url = \"{base}\"\napi_key = {{ env = \"CANARY_KEY\" }}\n\
         [routes.assistant]\ntiers = [[\"chat/healthy\"]]\n{more}"
    );
    std::fs::write(folder.join("failsoft.toml"), text).unwrap();
}

fn fake() -> Fake {
    Fake::start_in_thread(FakeOptions::default()).unwrap()
}

fn command(folder: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("CANARY_KEY", "sk-canary-41d7")
        .stdin(Stdio::null());
    command
}

impl Served {
    fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut address = |mark: &str| -> SocketAddr {
            let line = line_with(&mut log, mark);
            line.trim().rsplit('/').next().unwrap().parse().unwrap()
        };
        let (clients, admin) = (address("ANTHROPIC_BASE_URL="), address("operators"));
        Self { child, log, clients, admin }
    }

    fn line_with(&mut self, mark: &str) -> String {
        line_with(&mut self.log, mark)
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line_with(log: &mut impl BufRead, mark: &str) -> String {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        if log.read_line(&mut line).unwrap() == 0 {
            panic!("{mark:?} never came: {seen}");
        }
        if line.contains(mark) {
            return line;
        }
        seen += &line;
    }
}

fn ask(address: SocketAddr, model: &str) -> String {
    let body = format!(
        "{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}]}}"
    );
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer);
    answer
}

#[test]
fn a_changed_file_and_a_hangup_reload_and_a_bad_file_is_told() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), fake());
    write_settings(folder.path(), &fake, "");
    let mut serve = command(folder.path(), BINARY);
    serve.args(["serve", "--log-format", "json"]);
    let mut served = Served::start(serve);
    assert!(ask(served.clients, "assistant").starts_with("HTTP/1.1 200"));
    write_settings(folder.path(), &fake, "[routes.late]\ntiers = [[\"chat/healthy\"]]\n");
    served.line_with("new settings are in force");
    assert!(ask(served.clients, "late").starts_with("HTTP/1.1 200"));
    write_settings(folder.path(), &fake, "[routes.late]\ntiers = [[\"chat/healthy\"]]\ntirs = 1\n");
    let problem = served.line_with("settings were not reloaded");
    assert!(problem.contains("tirs"), "{problem}");
    serde_json::from_str::<serde_json::Value>(&problem).unwrap();
    assert!(ask(served.clients, "late").starts_with("HTTP/1.1 200"));
    served.signal("HUP");
    served.line_with("settings were not reloaded");
    let verbose = "GET /readyz?verbose HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    let mut socket = TcpStream::connect(served.admin).unwrap();
    socket.write_all(verbose.as_bytes()).unwrap();
    let mut page = String::new();
    socket.read_to_string(&mut page).unwrap();
    assert!(page.contains("tirs") && !page.contains("sk-canary"), "{page}");
}

#[test]
fn a_stop_lets_calls_end_and_a_second_one_does_not_wait() {
    for (model, signals, status) in [("chat/late-600ms", 1, "HTTP/1.1 200"), ("chat/silent", 2, "")]
    {
        let (folder, fake) = (tempfile::tempdir().unwrap(), fake());
        write_settings(folder.path(), &fake, "");
        let mut serve = command(folder.path(), BINARY);
        serve.arg("serve").env("FAILSOFT_THREADS", "1");
        let mut served = Served::start(serve);
        let clients = served.clients;
        let call = std::thread::spawn(move || ask(clients, model));
        let long = std::time::Duration::from_secs(20);
        fake.wait_for_blocking(long, |attempts| attempts.len() == 1).unwrap();
        served.signal("TERM");
        served.line_with("draining");
        if signals == 2 {
            served.signal("TERM");
        }
        let exit = served.child.wait().unwrap();
        assert!(exit.success(), "{exit}");
        let answer = call.join().unwrap();
        assert!(answer.starts_with(status), "{model} {answer}");
        assert!(TcpStream::connect(clients).is_err());
    }
}

#[test]
fn without_free_descriptors_it_waits_and_recovers() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), fake());
    write_settings(folder.path(), &fake, "");
    let mut serve = command(folder.path(), "sh");
    serve.args(["-c", "ulimit -n 48; exec \"$0\" serve", BINARY]);
    let mut served = Served::start(serve);
    let crowd: Vec<TcpStream> =
        (0..80).map(|_| TcpStream::connect(served.clients).unwrap()).collect();
    let line = served.line_with("no new connections for now");
    assert!(line.contains("open files"), "{line}");
    drop(crowd);
    assert!(ask(served.clients, "assistant").starts_with("HTTP/1.1 200"));
    served.signal("TERM");
    let mut rest = String::new();
    served.log.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains("no new connections for now"), "said once: {rest}");
    assert!(served.child.wait().unwrap().success());
}

#[test]
fn run_gives_a_command_its_own_gateway_and_none_of_the_keys() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), fake());
    let more = "[alerts.webhooks.ops]\nurl = \"http://127.0.0.1:1/\"\nsecret = { env = \"HOOK\" }\n\
                [telemetry]\nendpoint = \"http://127.0.0.1:1\"\n\
                headers = { authorization = { env = \"TRACES\" } }\n";
    write_settings(folder.path(), &fake, more);
    let run = |args: &[&str]| {
        let mut run = command(folder.path(), BINARY);
        run.env("OPENAI_API_KEY", "sk-canary-usual").arg("run").args(args);
        run.env("HOOK", "sk-canary-of-a-webhook").env("TRACES", "sk-canary-of-traces");
        let out = run.output().unwrap();
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let (code, env) = run(&["--", "sh", "-c", "env; exit 7"]);
    assert_eq!(code, Some(7));
    assert!(!env.contains("sk-canary"), "{env}");
    assert!(env.contains("OPENAI_BASE_URL=http://127.0.0.1:") && env.contains("/v1\n"), "{env}");
    assert!(
        env.contains("ANTHROPIC_BASE_URL=http://127.0.0.1:") && env.contains("ANTHROPIC_API_KEY="),
        "{env}"
    );
    let (code, env) = run(&["--keep-keys", "--", "env"]);
    assert_eq!(code, Some(0));
    assert!(
        env.contains("OPENAI_API_KEY=sk-canary-usual") && env.contains("CANARY_KEY=sk-canary"),
        "{env}"
    );
    let passed_on = "trap 'exit 9' TERM; kill -s TERM $PPID; while :; do :; done";
    assert_eq!(run(&["--", "sh", "-c", passed_on]).0, Some(9));
    assert_eq!(run(&["--", "sh", "-c", "kill -s KILL $$"]).0, Some(137));
    assert_eq!(run(&["--", "/no/such/command"]).0, Some(127));
}

#[test]
fn a_public_address_without_keys_is_bad_usage() {
    let (folder, fake) = (tempfile::tempdir().unwrap(), fake());
    write_settings(folder.path(), &fake, "");
    let mut serve = command(folder.path(), BINARY);
    let out = serve.args(["serve", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("failsoft keys create"));
}
