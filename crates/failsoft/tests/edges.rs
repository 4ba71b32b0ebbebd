//! Where the library touches the world: TLS, reused connections, the record, other Rust SDKs.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end so")]

mod house;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use failsoft::{Failsoft, FailsoftService};
use failsoft_fake::{Fake, FakeOptions};
use failsoft_wire::Dialect;
use house::{House, call, everywhere, read, said, words};
use http::{Request, StatusCode};
use http_body_util::Full;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

const CHAT: Dialect = Dialect::ChatCompletions;

#[tokio::test]
async fn connections_are_used_again_and_dead_ones_are_not() {
    for (dialect, stream) in everywhere() {
        let house = House::new(dialect, "healthy", "");
        for _ in 0..3 {
            assert_eq!(house.ask(dialect, stream).await.status, StatusCode::OK);
        }
        let seen = house.primary.attempts();
        assert!(seen.iter().all(|one| one.connection == 0), "{dialect} stream={stream}");
    }
    // `close` ends the connection of the second call after its answer; the third opens another.
    let house = House::new(CHAT, "healthy+once:close", "");
    for _ in 0..3 {
        assert_eq!(house.ask(CHAT, false).await.status, StatusCode::OK);
    }
}

/// A TLS front before a fake, with a certificate for `names`.
async fn tls_front(fake: &Fake, names: &[&str]) -> (u16, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = fake.address();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let Ok(mut fake) = TcpStream::connect(behind).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut client, &mut fake).await;
            });
        }
    });
    (port, made.cert.pem())
}

async fn ask_over_tls(named: &str, trusted: bool) -> (u16, String, usize) {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(FakeOptions::default()).unwrap();
    let (port, pem) = tls_front(&fake, &[named]).await;
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, pem).unwrap();
    let ca_file = if trusted { format!("ca_file = \"{}\"", ca.display()) } else { String::new() };
    let text = format!(
        r#"
[journal]
enabled = false
[providers.secure]
dialect = "chat_completions"
base_url = "https://localhost:{port}/v1"
api_key = "secret-key"
{ca_file}
[routes.assistant]
tiers = [["secure/healthy"]]
"#
    );
    let settings = failsoft_config::load(&text, folder.path(), &BTreeMap::new()).unwrap();
    let failsoft = Failsoft::start(settings, Vec::new()).unwrap();
    let answer = read(failsoft.send(call(CHAT, false, &[])).await).await;
    (answer.status.as_u16(), answer.text(), fake.attempts().len())
}

#[tokio::test]
async fn tls_is_verified_and_nothing_is_sent_otherwise() {
    let (status, text, sent) = ask_over_tls("localhost", true).await;
    assert_eq!((status, sent), (200, 1), "{text}");
    // Somebody else's name, and an authority nobody trusts.
    for (named, trusted) in [("elsewhere.test", true), ("localhost", false)] {
        let (status, text, sent) = ask_over_tls(named, trusted).await;
        assert_eq!((status, sent), (503, 0), "{named}: {text}");
        assert!(text.contains("\"code\":\"network\""), "{named}: {text}");
    }
}

#[tokio::test]
async fn a_missing_ca_file_is_said_at_the_start() {
    let text = r#"
[providers.secure]
dialect = "chat_completions"
base_url = "https://localhost:9/v1"
api_key = "none"
ca_file = "/nowhere/ca.pem"
[routes.assistant]
tiers = [["secure/healthy"]]
"#;
    let Ok(settings) = failsoft_config::load(text, Path::new("/"), &BTreeMap::new()) else {
        return;
    };
    let error = Failsoft::start(settings, Vec::new()).unwrap_err().to_string();
    assert!(error.contains("secure") && error.contains("/nowhere/ca.pem"), "{error}");
}

#[tokio::test]
async fn a_rust_sdk_can_sit_on_it_as_a_tower_service() {
    for (dialect, stream) in everywhere() {
        let house = House::new(dialect, "fail-503", "");
        let mut service = FailsoftService::new(house.failsoft.clone());
        let asked = call(dialect, stream, &[]);
        let path = match &asked.addressed {
            Some(it) if it.stream => format!("/v1beta/models/{}:streamGenerateContent", it.model),
            Some(it) => format!("/v1beta/models/{}:generateContent", it.model),
            None => format!("/v1{}", dialect.path()),
        };
        let uri = format!("https://api.example.com{path}");
        let request = Request::post(uri).body(Full::new(asked.body)).unwrap();
        let answer = read(service.call(request).await.unwrap()).await;
        assert_eq!(said(dialect, stream, &answer), words());
    }
    let house = House::new(CHAT, "healthy", "");
    let mut service = FailsoftService::new(house.failsoft.clone());
    let request = Request::post("/v1/images").body(Full::new(bytes::Bytes::new())).unwrap();
    assert_eq!(service.call(request).await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nothing_private_is_in_the_record_or_in_an_error() {
    const CANARIES: [&str; 4] =
        ["canary-prompt-7391", "canary-client-key-5520", "primary-key", "Good systems bend"];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = format!("[journal]\npath = \"{}\"\n", path.display());
    for (dialect, stream) in everywhere() {
        for fault in ["healthy", "fail-500", "fail-400", "cut-after-40", "context-length", "html"] {
            let house = House::new(dialect, fault, &journal);
            let mut asked =
                call(dialect, stream, &[("authorization", "Bearer canary-client-key-5520")]);
            let body = String::from_utf8(asked.body.to_vec()).unwrap();
            asked.body = body.replace("Say the words.", "canary-prompt-7391").into();
            let answer = read(house.failsoft.send(asked).await).await;
            if answer.status != StatusCode::OK {
                assert!(CANARIES.iter().all(|canary| !answer.text().contains(canary)), "{fault}");
            }
            house.failsoft.close().await;
            assert_eq!(house.failsoft.journal_problem(), None);
        }
    }
    let mut kept = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        kept += bytes.len();
        let text = String::from_utf8_lossy(&bytes);
        for canary in CANARIES {
            assert!(!text.contains(canary), "{canary} is in the record");
        }
    }
    assert!(kept > 10_000, "the record holds {kept} bytes only");
}

#[tokio::test]
async fn calls_go_on_without_a_journal() {
    let house = House::new(CHAT, "fail-500", "[journal]\npath = \"/nowhere/at/all/journal.db\"\n");
    let problem = house.failsoft.journal_problem().unwrap();
    assert!(problem.contains("/nowhere/at/all"), "{problem}");
    assert_eq!(house.ask(CHAT, true).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_call_keeps_its_settings_and_the_next_one_has_the_new() {
    let house = House::new(CHAT, "late-300ms", "");
    let slow = house.failsoft.send(call(CHAT, false, &[]));
    let swapped = async {
        house.primary.wait_for(|seen| !seen.is_empty()).await;
        let text = format!(
            "[providers.other]\ndialect = \"chat_completions\"\nbase_url = \"{}\"\napi_key = \"none\"\n[routes.renamed]\ntiers = [[\"other/healthy\"]]\n",
            house.fallback.base_url(CHAT)
        );
        let settings = failsoft_config::load(&text, Path::new("/"), &BTreeMap::new()).unwrap();
        house.failsoft.reload(settings).unwrap();
    };
    let (slow, ()) = tokio::join!(slow, swapped);
    assert_eq!(read(slow).await.status, StatusCode::OK);
    assert_eq!(house.ask(CHAT, false).await.header("x-failsoft-target"), "other/assistant");
    assert_eq!(house.failsoft.calls_in_flight(), 0);
}

#[tokio::test]
async fn an_unreachable_provider_is_explained_to_the_operator_and_not_to_the_client() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens where somebody just stopped.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let text = r#"
[journal]
path = "journal.db"
[providers.gone]
dialect = "chat_completions"
base_url = "http://CLOSED/v1"
api_key = "none"
[providers.lost]
dialect = "chat_completions"
base_url = "https://no-such-host.invalid/v1"
api_key = "none"
[routes.assistant]
tiers = [["gone/m"], ["lost/m"]]
[policy.retry]
backoff = { base = "5ms", cap = "20ms" }
base_throttled = "10ms"
"#;
    let text = text.replace("CLOSED", &closed.to_string());
    let settings = failsoft_config::load(&text, folder.path(), &BTreeMap::new()).unwrap();
    let failsoft = Failsoft::start(settings, Vec::new()).unwrap();
    let answer = read(failsoft.send(call(CHAT, false, &[])).await).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
    failsoft.close().await;
    let reader = failsoft_journal::Reader::open(folder.path().join("journal.db")).unwrap();
    let story = reader.call(answer.header("x-failsoft-call")).unwrap().unwrap();
    let told = story.render(&failsoft_journal::Page::new(failsoft_journal::Style::Plain, 120));
    assert!(told.contains(&format!("nobody listens at {closed}")), "{told}");
    assert!(told.contains("no-such-host.invalid does not resolve"), "{told}");
}

#[tokio::test]
async fn a_connection_that_its_peer_closed_meanwhile_costs_no_attempt() {
    let house = House::new(CHAT, "healthy", "");
    assert_eq!(house.ask(CHAT, false).await.status, StatusCode::OK);
    let listen = house.primary.address();
    house.primary.stop().await;
    let restarted = Fake::start(FakeOptions { listen, ..FakeOptions::default() }).unwrap();
    let answer = read(house.failsoft.send(call(CHAT, false, &[])).await).await;
    assert_eq!(answer.header("x-failsoft-attempts"), "1");
    assert_eq!(restarted.attempts().len(), 1);
}

#[tokio::test]
async fn secrets_in_a_providers_words_are_not_recorded() {
    const SECRET: &str = "sk-proj-Zx81canary55Qw93Lk27Vb64";
    let provider = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = provider.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut client, _) = provider.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = tokio::io::AsyncReadExt::read(&mut client, &mut request).await;
        let words =
            format!("{{\"error\":{{\"message\":\"the key {SECRET} is odd\",\"type\":\"x\"}}}}");
        let answer =
            format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {}\r\n\r\n{words}", words.len());
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client, answer.as_bytes()).await;
    });
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        r#"
[server]
errors = "detailed"
[journal]
path = "journal.db"
[providers.odd]
dialect = "chat_completions"
base_url = "http://{address}/v1"
api_key = "none"
[routes.assistant]
tiers = [["odd/m"]]
"#
    );
    let settings = failsoft_config::load(&text, folder.path(), &BTreeMap::new()).unwrap();
    let failsoft = Failsoft::start(settings, Vec::new()).unwrap();
    let answer = read(failsoft.send(call(CHAT, false, &[])).await).await;
    assert!(
        answer.text().contains("is odd") && !answer.text().contains(SECRET),
        "{}",
        answer.text()
    );
    failsoft.close().await;
    let reader = failsoft_journal::Reader::open(folder.path().join("journal.db")).unwrap();
    let story = reader.call(answer.header("x-failsoft-call")).unwrap().unwrap();
    let told = story.render(&failsoft_journal::Page::new(failsoft_journal::Style::Plain, 120));
    assert!(told.contains("is odd") && !told.contains(SECRET), "{told}");
}

#[tokio::test]
async fn an_answer_that_is_no_text_reaches_its_client_as_text() {
    let body = r#"{"choices":[{"index":0,"finish_reason":"stop",
        "message":{"role":"assistant","content":"r@t"}}]}"#;
    let provider = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = provider.local_addr().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let sent: Vec<u8> =
        (head + body).bytes().map(|byte| if byte == b'@' { 0xfc } else { byte }).collect();
    tokio::spawn(async move {
        let (mut client, _) = provider.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = tokio::io::AsyncReadExt::read(&mut client, &mut request).await;
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client, &sent).await;
    });
    let text = format!(
        "[journal]\nenabled = false\n[providers.odd]\ndialect = \"chat_completions\"\n\
         base_url = \"http://{address}/v1\"\napi_key = \"none\"\n\
         [routes.assistant]\ntiers = [[\"odd/m\"]]\n"
    );
    let settings = failsoft_config::load(&text, Path::new("/"), &BTreeMap::new()).unwrap();
    let failsoft = Failsoft::start(settings, Vec::new()).unwrap();
    let answer = read(failsoft.send(call(CHAT, false, &[])).await).await;
    assert_eq!(said(CHAT, false, &answer), "r\u{fffd}t");
}
