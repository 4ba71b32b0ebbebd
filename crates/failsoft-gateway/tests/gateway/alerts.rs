//! From a failing provider to somebody who is told.

use std::path::Path;
use std::process::Command;

use crate::house::{House, Plan, chat_body};
use crate::receiver::{Receiver, Told};

const SECRET: &str = "canary-webhook-secret-5a3f";

fn plan(receiver: &Receiver) -> Plan {
    let rest = format!(
        r#"
[routes.down]
tiers = [["chat/fail-503"]]
[routes.refused]
tiers = [["other/fail-401"]]
[alerts]
name = "gateway-under-test"
[alerts.webhooks.ops]
url = "http://{}/canary-path?canary=query"
secret = "{SECRET}"
min_failures = 5
"#,
        receiver.address
    );
    Plan { rest, journal: Some("calls.db".to_owned()), ..Plan::default() }
}

async fn call(house: &House, model: &str) {
    let once = "x-failsoft-max-attempts: 1\r\n";
    house.post("/v1/chat/completions", once, &chat_body(model, false)).await;
}

fn is(kind: &'static str) -> impl Fn(&Told) -> bool {
    move |told| told.json()["kind"] == kind
}

#[tokio::test]
async fn an_outage_lost_calls_and_a_refused_key_are_told() {
    let receiver = Receiver::open().await;
    let house = House::planned(plan(&receiver)).await;
    for _ in 0..6 {
        call(&house, "down").await;
    }
    call(&house, "refused").await;
    let incident = receiver.hears(is("incident")).await.json();
    assert_eq!(
        (&incident["state"], &incident["target"]),
        (&"opened".into(), &"chat/fail-503".into())
    );
    assert_eq!(incident["gateway"], "gateway-under-test");
    assert!(incident["failures"].as_u64().unwrap() >= 5, "{incident}");
    let lost = receiver.hears(is("calls_lost")).await.json();
    assert_eq!((&lost["route"], &lost["state"]), (&"down".into(), &"opened".into()));
    assert!(lost["calls_lost"].as_u64().unwrap() >= 3, "{lost}");
    let key = receiver.hears(is("key_disabled")).await.json();
    assert_eq!(
        (&key["target"], &key["failure"]),
        (&"other/fail-401".into(), &"authentication".into())
    );
    assert_eq!(key["credential"].as_str().unwrap().len(), 8);

    let view = house.gateway.incidents().view();
    assert_eq!((view.open.len(), &*view.open[0].kind), (1, incident["failure"].as_str().unwrap()));
    assert_eq!(house.metric("failsoft_incidents_open").await, Some(1.0));
    let folder = house.folder;
    house.gateway.stop().await;
    let mut record = Vec::new();
    for file in ["calls.db", "calls.db-wal"] {
        record.extend(std::fs::read(folder.path().join(file)).unwrap_or_default());
    }
    assert!(String::from_utf8_lossy(&record).contains("incident_opened"));
}

#[tokio::test]
async fn the_end_of_the_gateway_waits_for_what_is_to_be_told() {
    let receiver = Receiver::open().await;
    let house = House::planned(plan(&receiver)).await;
    for _ in 0..6 {
        call(&house, "down").await;
    }
    house.gateway.stop().await;
    let kinds: Vec<_> = receiver.told().iter().map(|told| told.json()["kind"].clone()).collect();
    assert!(
        kinds.contains(&"incident".into()) && kinds.contains(&"calls_lost".into()),
        "{kinds:?}"
    );
    assert_eq!(kinds.len(), 2, "{kinds:?}");
}

#[tokio::test]
async fn a_reload_can_add_a_receiver_and_a_bad_one_changes_nothing() {
    let receiver = Receiver::open().await;
    let house = House::open().await;
    let text = std::fs::read_to_string(house.file()).unwrap();
    std::fs::write(house.file(), format!("{text}{}", plan(&receiver).rest)).unwrap();
    assert!(house.gateway.reload());
    let ca_file = format!("{text}{}ca_file = \"failsoft.toml\"\n", plan(&receiver).rest);
    std::fs::write(house.file(), ca_file.replace("http://127", "https://127")).unwrap();
    assert!(!house.gateway.reload(), "its authorities are no certificates");
    for _ in 0..6 {
        call(&house, "down").await;
    }
    receiver.hears(is("incident")).await;
    let sent = "failsoft_alerts_total{webhook=\"ops\",outcome=\"failed\"}";
    assert_eq!(house.metric(sent).await, Some(0.0));
}

/// Runs what the documentation shows over what is really sent.
#[tokio::test]
async fn the_documented_ways_to_verify_accept_our_alerts_and_no_others() {
    let receiver = Receiver::open().await;
    let house = House::planned(plan(&receiver)).await;
    for _ in 0..6 {
        call(&house, "down").await;
    }
    let told = receiver.hears(is("incident")).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("body"), &told.body).unwrap();
    let header = &told.headers["x-failsoft-signature"];
    let code = header.split_once("v1=").unwrap().1;
    let document =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/alerts.md"))
            .unwrap();
    let python = format!(
        "{}\nbody = open('body', 'rb').read()\n\
         print(verify('{SECRET}', '{header}', body), verify('{SECRET}', '{header}', body + b' '),\n\
         verify('another secret', '{header}', body), verify('{SECRET}', 't=1700000000,v1={code}', body))",
        block(&document, "python")
    );
    let node = format!(
        "import {{ readFileSync }} from 'node:fs';\n{}\nconst body = readFileSync('body');\n\
         console.log(verify('{SECRET}', '{header}', body), verify('{SECRET}', '{header}', body + ' '),\n\
         verify('another secret', '{header}', body), verify('{SECRET}', 't=1700000000,v1={code}', body));",
        block(&document, "js")
    );
    for (program, file, text) in [("python3", "verify.py", python), ("node", "verify.mjs", node)] {
        std::fs::write(folder.path().join(file), text).unwrap();
        match run(program, file, folder.path()) {
            Some(said) => assert_eq!(said.to_lowercase(), "true false false false", "{program}"),
            None => eprintln!("SKIPPED: there is no {program} here"),
        }
    }
}

fn block<'d>(document: &'d str, language: &str) -> &'d str {
    let start = format!("```{language}\n");
    document.split(&start).nth(1).and_then(|rest| rest.split("```").next()).unwrap()
}

/// What a program printed; `None` if there is none.
fn run(program: &str, file: &str, folder: &Path) -> Option<String> {
    let output = Command::new(program).arg(file).current_dir(folder).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
