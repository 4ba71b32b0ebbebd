//! Which columns can hold text from outside, and that none of it is obeyed by a terminal.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

#[cfg(feature = "postgres")]
mod cluster;
mod samples;

use std::sync::Arc;
use std::time::Duration;

use failsoft_engine::Event;
use failsoft_journal::*;
use rusqlite::Connection;
use samples::*;

/// The columns that text from outside may reach, each for a reason: ids and names that people
/// search for, and the provider's words, from which the caller has removed secrets.
const ALLOWED: [&str; 13] = [
    "attempts.code",
    "attempts.model",
    "attempts.request_id",
    "attempts.words",
    "calls.client",
    "calls.dialect",
    "calls.id",
    "calls.model",
    "calls.route",
    "calls.tag",
    "targets.credential",
    "targets.name",
    "targets.provider",
];

const NASTY: &str = "CANARY\n\r\t\u{1b}[2J\u{1b}]0;x\u{7}\u{0}\u{9b}31m\u{2028}\u{202e}\u{feff}é";

/// A record with the canary in every place for text. The patterns name every field, so that a new
/// one must be looked at here.
fn nasty() -> CallRecord {
    let text = || NASTY.to_owned();
    let mut record = rescued("", 0);
    let CallFacts {
        id,
        model,
        dialect,
        client,
        client_retries: _,
        tag,
        trace: _,
        request_bytes: _,
        prompt_tokens: _,
        status: _,
    } = &mut record.facts;
    (*id, *model, *dialect) = (text(), text(), "CANARY");
    (*client, *tag) = (Some(text()), Some(text()));
    for facts in &mut record.attempts {
        let AttemptFacts {
            ordinal: _,
            model,
            translated_to,
            left_out,
            status: _,
            code,
            request_id,
            words,
            connected_nanos: _,
            headers_nanos: _,
            delivered_bytes: _,
            dropped_events: _,
            seam: _,
            onward: _,
            usage: _,
            price: _,
        } = facts;
        *model = text();
        (*translated_to, *left_out) = (Some("messages"), vec!["top_k"]);
        (*code, *request_id, *words) = (Some(text()), Some(text()), Some(text().repeat(100)));
    }
    let target = TargetName { name: text(), provider: text(), credential: text() };
    record.names =
        Arc::new(Names { routes: vec![text()], targets: vec![target; 4], credentials: Vec::new() });
    record
}

fn journal_of(record: CallRecord) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let journal = Journal::open(options(&path)).unwrap();
    journal.recorder().record_state(StateRecord { names: Arc::clone(&record.names), ..tripped(0) });
    journal.recorder().record_call(record);
    assert_eq!(journal.flush(Duration::from_secs(30)).written, 2);
    journal.close();
    (folder, path)
}

/// Every text in the file, with the column it stands in.
fn texts(path: &std::path::Path) -> Vec<(String, String)> {
    let connection = Connection::open(path).unwrap();
    let columns = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
                   WHERE t.type = 'table'";
    let mut columns = connection.prepare(columns).unwrap();
    let columns: Vec<(String, String)> = columns
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut texts = Vec::new();
    for (table, column) in columns {
        // What is packed is looked at call by call, as it is read.
        let sql = format!("SELECT {column} FROM {table} WHERE typeof({column}) = 'text'");
        let mut rows = connection.prepare(&sql).unwrap();
        for text in rows.query_map([], |row| row.get::<_, String>(0)).unwrap() {
            texts.push((format!("{table}.{column}"), text.unwrap()));
        }
    }
    texts
}

/// An event is copied bit by bit: it cannot carry a text of its own.
fn carries_no_text<T: Copy>() {}

#[test]
fn text_from_outside_reaches_the_allowed_columns_alone() {
    carries_no_text::<Event>();
    let (_folder, path) = journal_of(nasty());
    let mut reached: Vec<String> = texts(&path)
        .into_iter()
        .filter(|(_, text)| text.contains("CANARY"))
        .map(|(column, _)| column)
        .collect();
    reached.sort();
    reached.dedup();
    assert_eq!(reached, ALLOWED);
}

#[test]
fn nothing_stored_or_shown_is_obeyed_by_a_terminal() {
    let (_folder, path) = journal_of(nasty());
    for (column, text) in texts(&path) {
        let obeyed = |c: char| c.is_control() || "\u{2028}\u{202e}\u{feff}".contains(c);
        assert!(!text.contains(obeyed), "{column}: {text:?}");
        let most = if column == "attempts.words" { 501 } else { 201 };
        let length = text.chars().count();
        assert!(length <= most || column.ends_with(".grounds"), "{column} is {length} long");
    }
    // A file that someone else wrote is no more trusted than a provider.
    let connection = Connection::open(&path).unwrap();
    connection
        .execute(
            "UPDATE calls SET (id, tag, client, model, route, dialect, profile) =
            ('x', ?1, ?1, ?1, ?1, ?1, ?1)",
            [NASTY],
        )
        .unwrap();
    connection.execute("UPDATE targets SET name = ?1", [NASTY]).unwrap();
    connection.execute("UPDATE attempts SET words = ?1, code = ?1", [NASTY]).unwrap();
    for column in ["kind", "why", "outcome", "phase", "cancel_reason"] {
        let sql = format!("UPDATE attempts SET {column} = {column} || ?1 WHERE outcome = 'failed'");
        connection.execute(&sql, [NASTY]).unwrap();
    }
    connection.execute("UPDATE steps SET reason = ?1, to_state = ?1, why = ?1", [NASTY]).unwrap();
    connection.execute("UPDATE states SET reason = ?1, to_state = ?1", [NASTY]).unwrap();
    let reader = Reader::open(&path).unwrap();
    let page = Page::new(Style::Plain, 80);
    let story = reader.call("x").unwrap().unwrap().render(&page);
    assert!(story.contains("CANARY"));
    for line in story.lines() {
        let obeyed = |c: char| c.is_control() || "\u{2028}\u{202e}\u{feff}".contains(c);
        assert!(!line.contains(obeyed), "{line:?}");
    }
}

/// The same columns, kept by a server: and what its address holds beside is nowhere.
#[test]
#[cfg(feature = "postgres")]
fn text_from_outside_reaches_the_same_columns_of_a_database() {
    let Some(cluster) = cluster::Cluster::shared() else { return };
    let address = cluster.database();
    let url: PostgresUrl = address.parse().unwrap();
    let options = PostgresOptions::new(url.clone(), DAY * 36_500);
    assert!(!format!("{options:?} {url} {url:?}").contains("CANARY"));
    let journal = Journal::connect(options).unwrap();
    assert!(!format!("{journal:?}").contains("CANARY"));
    let record = nasty();
    journal.recorder().record_state(StateRecord { names: Arc::clone(&record.names), ..tripped(0) });
    journal.recorder().record_call(record);
    assert_eq!(journal.flush(Duration::from_secs(30)).written, 2);
    let columns = "SELECT table_name || '.' || column_name FROM information_schema.columns
        WHERE table_schema = 'failsoft' AND data_type = 'text' ORDER BY 1";
    let mut reached = Vec::new();
    for name in cluster.ask(&address, columns) {
        let (table, column) = name.split_once('.').unwrap();
        let texts = format!("SELECT {column} FROM failsoft.{table} WHERE {column} LIKE '%CANARY%'");
        let texts = cluster.ask(&address, &texts);
        for text in &texts {
            let obeyed = |c: char| c.is_control() || "\u{2028}\u{202e}\u{feff}".contains(c);
            assert!(!text.contains(obeyed), "{name}: {text:?}");
            assert!(!text.contains(cluster::PASSWORD), "{name}: {text:?}");
        }
        reached.extend((!texts.is_empty()).then_some(name));
    }
    assert_eq!(reached, ALLOWED);
    // What someone else writes there is no more trusted than a provider.
    let sql = "UPDATE failsoft.calls SET (id, tag, client, model, route) =
            ('x', c, c, c, c) FROM (SELECT E'CANARY\\x1b[2J' AS c) c;
        UPDATE failsoft.targets SET name = E'CANARY\\x1b[2J';
        UPDATE failsoft.attempts SET (words, code, kind, why) = (c, c, c, c)
            FROM (SELECT E'CANARY\\u202e\\x1b]0;x\\x07' AS c) c";
    cluster.ask(&address, sql);
    let reader = Reader::connect(&url).unwrap();
    let story = reader.call("x").unwrap().unwrap().render(&Page::new(Style::Plain, 80));
    assert!(story.contains("CANARY"));
    assert!(!story.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{story:?}");
}

#[test]
fn what_a_sheet_holds_is_obeyed_by_no_terminal_either() {
    let mut record = nasty();
    let calm = healthy("", 0);
    record.events = calm.events;
    record.attempts.truncate(1);
    let expected = record.recorded();
    let (_folder, path) = journal_of(record);
    assert_eq!(all_calls(&path), std::slice::from_ref(&expected));
    let connection = Connection::open(&path).unwrap();
    let packed: Vec<u8> =
        connection.query_row("SELECT packed FROM sheets", [], |row| row.get(0)).unwrap();
    let text = String::from_utf8_lossy(&packed);
    assert!(text.contains("CANARY") && !text.contains("\u{1b}[2J") && !text.contains("\u{202e}"));
    let told = format!("{expected:?}");
    // Escaped where it was stored, and once more by this line.
    assert!(told.contains("CANARY") && told.contains("\\\\u{1b}"), "{told}");
}
