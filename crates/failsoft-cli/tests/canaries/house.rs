//! A real gateway process with all that can be switched on, and everything it leaves behind.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use failsoft_fake::{Dialect, Fake, FakeOptions};

use crate::planted::{
    ADMIN_TOKEN, HEADERS, OTLP_KEY, PASSWORD, PROVIDER_KEY, Slot, WEBHOOK_PATH, WEBHOOK_SECRET,
};
use crate::provider::{Listener, echo, take};

const BINARY: &str = env!("CARGO_BIN_EXE_failsoft");

/// Something that somebody may read.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Page {
    /// Fails if one of these stands in it.
    pub(crate) fn lacks(&self, words: &[String]) {
        for word in words {
            if let Some(at) = self.text.find(word.as_str()) {
                let start = self.text[..at].char_indices().rev().nth(120).map_or(0, |(at, _)| at);
                let around: String = self.text[start..].chars().take(300).collect();
                panic!("{word} stands in {}: {around:?}", self.name);
            }
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.text.split("\r\n\r\n").next()?;
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))?;
        Some(line.to_owned())
    }

    /// Whether it is the record, or tells it.
    pub(crate) fn is_of_operators(&self) -> bool {
        ["calls.db", "explain", "report", "export", "/api/calls"]
            .iter()
            .any(|part| self.name.contains(part))
    }
}

/// A gateway process, providers before it, a receiver behind it.
pub(crate) struct House {
    folder: tempfile::TempDir,
    pub(crate) fake: Fake,
    receiver: Listener,
    collector: Listener,
    pub(crate) client_key: String,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    clients: SocketAddr,
    admin: SocketAddr,
}

/// Where the record goes.
pub(crate) const FILE: &str = "path = \"calls.db\"";
/// Nobody listens there.
pub(crate) const DATABASE: &str = "url = { env = \"CANARY_DATABASE\" }";

const ROUTES: &str = r#"[routes.assistant]
tiers = [["chat/healthy", "msg/healthy", "resp/healthy", "gem/healthy"]]
[routes.pair]
tiers = [["chat/fail-503"], ["msg/healthy"]]
[routes.cut]
tiers = [["resp/cut-after-2"], ["msg/healthy"]]
[routes.inband]
tiers = [["gem/inband-error-after-2"], ["chat/healthy"]]
[routes.tools]
tiers = [["chat/tools"]]
[routes.echo-400]
tiers = [["echo/echo-400"]]
[routes.echo-500]
tiers = [["echo/echo-500"], ["chat/healthy"]]
[routes.echo-401]
tiers = [["echo/echo-401"], ["chat/healthy"]]
[routes.echo-stream]
tiers = [["echo/echo-stream"], ["chat/healthy"]]
[routes.down]
tiers = [["echo/down-500"]]
"#;

fn settings(fake: &Fake, journal: &str, others: [SocketAddr; 3]) -> String {
    let [echo, receiver, collector] = others;
    let base = |dialect| fake.base_url(dialect);
    let (chat, messages) = (base(Dialect::ChatCompletions), base(Dialect::Messages));
    let (responses, generate) = (base(Dialect::Responses), base(Dialect::GenerateContent));
    let provider = |name: &str, dialect: &str, url: &str| {
        format!(
            "[providers.{name}]\ndialect = \"{dialect}\"\nbase_url = \"{url}\"\n\
             api_key = {{ env = \"CANARY_KEY\" }}\nheaders = {{ x-team = \"canary-fixed-header-c7d1\" }}\n"
        )
    };
    let providers = [
        provider("chat", "chat_completions", &chat),
        provider("msg", "messages", &messages),
        provider("resp", "responses", &responses),
        provider("gem", "generate_content", &generate),
        provider("echo", "chat_completions", &format!("http://{echo}/v1")),
    ]
    .concat();
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
client_keys = {{ file = "client-keys.toml" }}
admin_token = {{ env = "CANARY_ADMIN_TOKEN" }}
[journal]
{journal}
[telemetry]
endpoint = "http://{collector}"
headers = {{ x-collector = {{ env = "CANARY_OTLP_KEY" }} }}
[alerts.webhooks.ops]
url = "http://{receiver}/{WEBHOOK_PATH}"
secret = {{ env = "CANARY_WEBHOOK_SECRET" }}
min_failures = 5
{providers}
[policy.retry]
backoff = {{ base = "10ms", cap = "20ms" }}
[policy.timeouts]
deadline = "20s"
{ROUTES}"#
    )
}

impl House {
    pub(crate) fn open(log_format: &str, journal: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fake = Fake::start_in_thread(FakeOptions::default()).unwrap();
        let (provider, receiver) = (Listener::open(echo), Listener::open(take));
        let collector = Listener::open(take);
        let others = [provider.address, receiver.address, collector.address];
        let text = settings(&fake, journal, others);
        std::fs::write(folder.path().join("failsoft.toml"), text).unwrap();
        let made = command(folder.path()).args(["keys", "create", "canary"]).output().unwrap();
        let client_key = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        assert!(client_key.len() > 20, "{client_key}");
        let mut serve = command(folder.path());
        serve.args(["serve", "--log-format", log_format]).env("RUST_LOG", "trace");
        let mut child = serve.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line_with = |mark: &str| loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "{mark} never came");
            if line.contains(mark) {
                break line;
            }
        };
        let address = |line: String| line.trim().rsplit('/').next().unwrap().parse().unwrap();
        let clients: SocketAddr = address(line_with("ANTHROPIC_BASE_URL="));
        let admin: SocketAddr = address(line_with("operators"));
        // The last of the routes; behind it and an empty line the log stands alone.
        line_with("echo/*");
        stderr.read_line(&mut String::new()).unwrap();
        let log = Arc::<Mutex<String>>::default();
        let pages = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            let mut line = Vec::new();
            while stderr.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                pages.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
        let reader = Some(reader);
        Self { folder, fake, receiver, collector, client_key, child, log, reader, clients, admin }
    }

    /// Asks every route in every way, streamed and plain; what came back.
    pub(crate) fn traffic(&self, routes: &[&str], slots: &[Slot]) -> Vec<Page> {
        let one = |route: &str| {
            let mut pages = Vec::new();
            for (slot, stream) in slots.iter().flat_map(|slot| [(slot, false), (slot, true)]) {
                let (path, body) = slot.request(route, stream);
                let text = self.post(&path, HEADERS, &body);
                pages.push(Page { name: format!("{slot:?} {route} {stream}"), text });
            }
            pages
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = routes.iter().map(|route| scope.spawn(|| one(route))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// Names and values that want to be more than they are.
    pub(crate) fn intrude(&self) {
        let signs =
            ["\n2026-01-01T00:00:00Z INFO forged", "\u{1b}[2J", "\u{2028}", "\u{85}", "\u{0}"];
        let names = signs.map(str::to_owned).into_iter().chain(["x".repeat(1 << 20)]);
        for name in names {
            for model in [name.clone(), format!("chat/{name}"), format!("echo/{name}-500")] {
                let body = serde_json::json!({ "model": model, "messages": [
                    { "role": "user", "content": name }] });
                self.post("/v1/chat/completions", HEADERS, &body.to_string());
            }
        }
        let headers = "x-failsoft-tag: a\u{1b}[2J\u{2028}b\r\nuser-agent: c\u{1b}[31m\u{2028}\r\n";
        let (path, body) = Slot::Chat.request("down", false);
        self.post(&path, headers, &body);
    }

    /// Waits until the receiver was told of this.
    pub(crate) fn told(&self, kind: &str) {
        self.receiver.hears(&format!("\"kind\":\"{kind}\""));
    }

    /// What the operators' port shows, to everybody and to those who may come in.
    pub(crate) fn admin_pages(&self, calls: &[String]) -> Vec<Page> {
        let open = ["/", "/livez", "/readyz", "/readyz?verbose", "/metrics", "/api/targets", "/no"];
        let inside = ["now", "incidents", "calls?limit=100", "routes", "settings"];
        let inside = inside.iter().map(|page| format!("/api/{page}"));
        let told = calls.iter().map(|call| format!("/api/calls/{call}"));
        let page = |path: String, headers: &str| {
            let request = format!(
                "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n",
                self.admin
            );
            Page { name: format!("admin {path}"), text: exchange(self.admin, request.as_bytes()) }
        };
        let token = format!("authorization: Bearer {ADMIN_TOKEN}\r\n");
        let mut pages: Vec<Page> = open.map(|path| page(path.to_owned(), "")).into();
        for path in inside.chain(told) {
            let shown = page(path, &token);
            assert!(!shown.text.starts_with("HTTP/1.1 40"), "{shown:?}");
            pages.push(shown);
        }
        pages
    }

    /// Ends the process in good order.
    pub(crate) fn stop(&mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        self.reader.take().unwrap().join().unwrap();
    }

    pub(crate) fn log(&self) -> Page {
        Page { name: "log".to_owned(), text: self.log.lock().unwrap().clone() }
    }

    /// All files it wrote, as text.
    pub(crate) fn files(&self) -> Vec<Page> {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut pages = Vec::new();
        while let Some(folder) = folders.pop() {
            for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
                let name = file.strip_prefix(self.folder.path()).unwrap().display().to_string();
                if file.is_dir() {
                    folders.push(file);
                } else if name != "failsoft.toml" {
                    let bytes = std::fs::read(&file).unwrap();
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    pages.push(Page { name, text });
                }
            }
        }
        pages
    }

    /// What the receiver was told; its path is its own.
    pub(crate) fn alerts(&self) -> Vec<Page> {
        let told = self.receiver.heard().into_iter();
        told.map(|text| Page { name: "alert".to_owned(), text: text.replace(WEBHOOK_PATH, "") })
            .collect()
    }

    /// What the collector of traces was sent; its key is its own.
    pub(crate) fn traces(&self) -> Vec<Page> {
        let sent = self.collector.heard().into_iter();
        sent.map(|text| Page { name: "trace".to_owned(), text: text.replace(OTLP_KEY, "") })
            .collect()
    }

    /// What commands print over what it left.
    pub(crate) fn commands(&self, calls: &[String]) -> Vec<Page> {
        let mut lines: Vec<Vec<&str>> = vec![
            vec!["report"],
            vec!["report", "--json"],
            vec!["report", "--html", "/dev/stdout"],
            vec!["journal", "export", "--format", "jsonl", "--output", "export-jsonl"],
            vec!["journal", "export", "--format", "csv", "--output", "export-csv"],
            vec!["journal", "export", "--format", "parquet", "--output", "export-parquet"],
            vec!["check"],
            vec!["check", "--json"],
            vec!["config", "show"],
            vec!["alerts", "test"],
            vec!["alerts", "test", "--json"],
        ];
        for call in calls {
            lines.push(vec!["explain", call]);
            lines.push(vec!["explain", call, "--json"]);
        }
        lines.iter().map(|line| self.command(line)).collect()
    }

    /// What one command prints, whether it does what it was asked or not.
    pub(crate) fn command(&self, line: &[&str]) -> Page {
        let output = command(self.folder.path()).args(line).output().unwrap();
        let done = if output.status.success() { "" } else { " (failed)" };
        let name = format!("failsoft {}{done}", line.join(" "));
        let text = [output.stdout, output.stderr].concat();
        Page { name, text: String::from_utf8_lossy(&text).into_owned() }
    }

    fn post(&self, path: &str, headers: &str, body: &str) -> String {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\n\
             authorization: Bearer {}\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            self.client_key,
            body.len()
        );
        exchange(self.clients, request.as_bytes())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command
        .current_dir(folder)
        .env_clear()
        .env("CANARY_KEY", PROVIDER_KEY)
        .env("CANARY_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .env("CANARY_ADMIN_TOKEN", ADMIN_TOKEN)
        .env("CANARY_OTLP_KEY", OTLP_KEY)
        .env("CANARY_DATABASE", format!("postgres://failsoft:{PASSWORD}@127.0.0.1:1/failsoft"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    // A refusal may come before everything was sent.
    let _ = socket.write_all(request);
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
