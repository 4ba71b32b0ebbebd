//! Who may come in.

use std::time::SystemTime;

use failsoft_config::client_keys::ClientKeyFile;
use failsoft_gateway::{Gateway, GatewayOptions, StartError};

use crate::house::{House, Plan, chat_body, load, messages_body};

const SERVER: &str = "client_keys = { file = \"keys.toml\" }";

fn key(folder: &std::path::Path, name: &str) -> String {
    use secrecy::ExposeSecret;
    let mut file = ClientKeyFile::load_or_begin(&folder.join("keys.toml")).unwrap();
    file.add(name, SystemTime::now()).unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn only_known_keys_come_in_and_nothing_is_sent_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let key = key(folder.path(), "one");
    let plan = Plan { server: SERVER.into(), ..Plan::default() };
    let house = House::in_folder(plan, folder).await;
    let (chat, messages) = (chat_body("assistant", false), messages_body("claude", false));
    let cut = &key[..key.len() - 1];
    let long = "k".repeat(10_000);
    for (status, header) in [
        (200, format!("authorization: Bearer {key}\r\n")),
        (200, format!("authorization: bearer  {key}\r\n")),
        (200, format!("x-api-key: {key}\r\n")),
        (401, String::new()),
        (401, "authorization: Bearer\r\n".to_owned()),
        (401, "authorization: Bearer \r\n".to_owned()),
        (401, format!("authorization: Basic {key}\r\n")),
        (401, format!("authorization: {key}\r\n")),
        (401, format!("authorization: Bearer {cut}\r\n")),
        (401, format!("authorization: Bearer {key}a\r\n")),
        (401, format!("x-api-key: {cut}\r\n")),
        (401, format!("x-api-key: {long}\r\n")),
        (401, "x-api-key: ' or 1=1 --\r\n".to_owned()),
        (401, "authorization: Bearer caf\u{e9}\r\n".to_owned()),
    ] {
        let sent = house.fake.attempts().len();
        let answer = house.post("/v1/chat/completions", &header, &chat).await;
        assert_eq!(answer.status, status, "{header:.60} {answer:?}");
        assert_eq!(house.fake.attempts().len() - sent, usize::from(status == 200));
    }
    let refused = house.post("/v1/messages", "", &messages).await;
    assert_eq!(
        (refused.status, refused.json()["error"]["type"].as_str()),
        (401, Some("authentication_error")),
        "{refused:?}"
    );
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    let list = house.raw("GET /v1/models HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert_eq!(list.status, 401);
    assert_eq!(house.metric("failsoft_refused_at_door_total{reason=\"no_key\"}").await, Some(13.0));
    assert!(
        house
            .fake
            .attempts()
            .iter()
            .all(|attempt| { attempt.headers.iter().all(|(_, value)| !value.contains(&key)) })
    );
}

#[tokio::test]
async fn keys_change_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let old = key(folder.path(), "old");
    let plan = Plan { server: SERVER.into(), ..Plan::default() };
    let house = House::in_folder(plan, folder).await;
    let try_key = async |key: &str| {
        let header = format!("x-api-key: {key}\r\n");
        house.post("/v1/chat/completions", &header, &chat_body("assistant", false)).await.status
    };
    let new = key(house.folder.path(), "new");
    assert_eq!((try_key(&old).await, try_key(&new).await), (200, 401));
    assert!(house.gateway.reload());
    assert_eq!((try_key(&old).await, try_key(&new).await), (200, 200));
    let file = house.folder.path().join("keys.toml");
    ClientKeyFile::load(&file).unwrap().revoke("old").unwrap();
    assert!(house.gateway.reload());
    assert_eq!((try_key(&old).await, try_key(&new).await), (401, 200));
    // A file that cannot be read lets nobody new in, and throws nobody out.
    std::fs::write(&file, "no keys").unwrap();
    assert!(!house.gateway.reload());
    assert_eq!((try_key(&old).await, try_key(&new).await), (401, 200));
}

#[tokio::test]
async fn a_public_address_without_keys_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[providers.p]\ndialect = \"messages\"\nbase_url = \"http://127.0.0.1:9\"\napi_key = \"none\"\n\
                [routes.r]\ntiers = [[\"p/m\"]]\n[journal]\nenabled = false\n";
    let mut settings = load(text, folder.path());
    settings.server.listen = "0.0.0.0:0".parse().unwrap();
    settings.server.admin = "127.0.0.1:0".parse().unwrap();
    let Err(error) = Gateway::start(settings, GatewayOptions::default()).await else {
        panic!("it started")
    };
    assert!(matches!(error, StartError::Public(_)), "{error}");
    assert!(error.to_string().contains("failsoft keys create"), "{error}");
}

#[tokio::test]
async fn a_reload_cannot_open_a_public_address_to_everybody() {
    let folder = tempfile::tempdir().unwrap();
    key(folder.path(), "one");
    let server = format!("listen = \"0.0.0.0:0\"\n{SERVER}");
    let house = House::in_folder(Plan { server, ..Plan::default() }, folder).await;
    // The file itself asks for a loopback address now, but the socket is the one of the start.
    let text = std::fs::read_to_string(house.file()).unwrap();
    let open = text.replace(SERVER, "").replace("0.0.0.0:0", "127.0.0.1:0");
    std::fs::write(house.file(), open).unwrap();
    assert!(!house.gateway.reload());
    assert_eq!(house.chat("assistant").await.status, 401);
}
