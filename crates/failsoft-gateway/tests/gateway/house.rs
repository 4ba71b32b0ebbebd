//! A gateway, a fake provider behind it, and a client that writes its own bytes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use failsoft::Observer;
use failsoft_fake::{Dialect, Fake, FakeOptions};
use failsoft_gateway::{Gateway, GatewayOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Stands where a provider's key stands; nobody but the provider may ever see it.
pub(crate) const PROVIDER_KEY: &str = "sk-canary-provider-7f3a91";

/// A gateway before a fake provider.
pub(crate) struct House {
    pub(crate) gateway: Gateway,
    pub(crate) fake: Fake,
    pub(crate) folder: tempfile::TempDir,
}

/// How a house differs from the usual one.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) server: String,
    pub(crate) rest: String,
    pub(crate) journal: Option<String>,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
}

/// Settings with two routes, `assistant` (one target) and `pair` (a failing one, then a healthy).
pub(crate) fn settings(fake: &Fake, plan: &Plan) -> String {
    let journal = match &plan.journal {
        Some(path) => format!("[journal]\npath = \"{path}\"\n"),
        None => "[journal]\nenabled = false\n".to_owned(),
    };
    let (chat, messages) =
        (fake.base_url(Dialect::ChatCompletions), fake.base_url(Dialect::Messages));
    let (server, rest) = (&plan.server, &plan.rest);
    let listen = if server.contains("listen =") { "" } else { "listen = \"127.0.0.1:0\"" };
    format!(
        r#"
[server]
{listen}
admin = "127.0.0.1:0"
{server}
{journal}
[providers.chat]
dialect = "chat_completions"
base_url = "{chat}"
api_key = "{PROVIDER_KEY}"
[providers.other]
dialect = "chat_completions"
base_url = "{chat}"
api_key = "{PROVIDER_KEY}"
[providers.msg]
dialect = "messages"
base_url = "{messages}"
api_key = "{PROVIDER_KEY}"
[routes.assistant]
tiers = [["chat/healthy"]]
[routes.pair]
tiers = [["chat/fail-503"], ["chat/healthy"]]
[routes.claude]
tiers = [["msg/healthy"]]
{rest}
"#
    )
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::planned(Plan::default()).await
    }

    pub(crate) async fn planned(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::in_folder(plan, folder).await
    }

    pub(crate) async fn in_folder(plan: Plan, folder: tempfile::TempDir) -> Self {
        let fake = Fake::start(FakeOptions::default()).unwrap();
        let text = settings(&fake, &plan);
        let file = folder.path().join("failsoft.toml");
        std::fs::write(&file, &text).unwrap();
        let settings = load(&text, folder.path());
        let options = GatewayOptions {
            config_file: Some(file),
            observers: plan.observers,
            ..GatewayOptions::default()
        };
        let gateway = Gateway::start(settings, options).await.unwrap();
        Self { gateway, fake, folder }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("failsoft.toml")
    }

    pub(crate) async fn raw(&self, bytes: impl AsRef<[u8]>) -> Answer {
        exchange(self.gateway.client_address(), bytes.as_ref()).await
    }

    pub(crate) async fn chat(&self, model: &str) -> Answer {
        self.post("/v1/chat/completions", "", &chat_body(model, false)).await
    }

    pub(crate) async fn post(&self, path: &str, headers: &str, body: &str) -> Answer {
        self.raw(request(path, headers, body)).await
    }

    pub(crate) async fn admin(&self, path: &str) -> Answer {
        let address = self.gateway.admin_address();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        exchange(address, request.as_bytes()).await
    }

    pub(crate) async fn metric(&self, row: &str) -> Option<f64> {
        let page = self.admin("/metrics").await;
        page.body.lines().find_map(|line| line.strip_prefix(row)?.trim().parse().ok())
    }
}

pub(crate) fn load(text: &str, folder: &Path) -> failsoft_config::Settings {
    failsoft_config::load(text, folder, &BTreeMap::new())
        .unwrap_or_else(|problems| panic!("{problems}"))
}

pub(crate) fn chat_body(model: &str, stream: bool) -> String {
    format!(
        r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#
    )
}

pub(crate) fn messages_body(model: &str, stream: bool) -> String {
    format!(
        r#"{{"model":"{model}","stream":{stream},"max_tokens":50,"messages":[{{"role":"user","content":"hi"}}]}}"#
    )
}

/// A request after whose answer the connection is closed.
pub(crate) fn request(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The first answer in `text`; everything behind its head is its body.
    pub(crate) fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The stable kind of an error, wherever its dialect puts it.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        let code =
            json.pointer("/error/code").or_else(|| json.pointer("/error/details/error_code"));
        code.and_then(|code| code.as_str()).unwrap_or_default().to_owned()
    }
}

/// Sends bytes and reads until the other side closes.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // A refusal may come before everything was sent.
    let _ = socket.write_all(bytes).await;
    let text = read_to_end(&mut socket).await;
    Answer::read(&text)
}

pub(crate) async fn read_to_end(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = socket.read(&mut piece).await {
        bytes.extend_from_slice(&piece[..count]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads until `needle` has come; everything read so far.
pub(crate) async fn read_until(socket: &mut TcpStream, needle: &str) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if text.contains(needle) {
            return text;
        }
        match socket.read(&mut piece).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
            end => panic!("{end:?} before {needle:?} came, after {text:?}"),
        }
    }
}
