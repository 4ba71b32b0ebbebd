//! What is exported reads back as it was.

use failsoft_journal::{AttemptRow, Recorded, StateRow, TargetRow};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

use super::columns::{Head, Kind};
use super::*;

/// Quotes, line breaks, commas, and what a spreadsheet would compute.
const NASTY: &str = "=1+1, \"quoted\"\r\nnext\nline é 日本";

fn recorded(number: usize) -> Recorded {
    let call = CallRow {
        id: format!("call_{number}"),
        started_ms: 1_795_442_523_000 + number as i64,
        tag: number.is_multiple_of(3).then(|| NASTY.into()),
        took_ns: Some(u64::from(u32::MAX) * 7),
        ..CallRow::default()
    };
    let target = TargetRow {
        name: "aurora/aurora-large".into(),
        provider: "aurora".into(),
        credential: "3f9a".into(),
    };
    let attempt = AttemptRow {
        target: Some(target),
        words: (number % 2 == 1).then(|| NASTY.to_owned()),
        ..AttemptRow::default()
    };
    Recorded { call, attempts: vec![attempt], steps: Vec::new() }
}

/// The file of a table with so many rows of the calls above.
fn exported(format: Format, rows: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("attempts");
    let mut sink = Some(open(format, ATTEMPTS, Target::File(path.clone())).unwrap());
    for number in 0..rows {
        let Recorded { call, attempts, .. } = &recorded(number);
        put(sink.as_mut(), ATTEMPTS, Of { call, row: &attempts[0] }).unwrap();
    }
    assert!(!path.exists(), "it is there before it is whole");
    sink.unwrap().finish().unwrap();
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&path.metadata().unwrap());
        assert_eq!(mode & 0o777, 0o600, "as private as the journal");
    }
    (folder, path)
}

#[test]
fn parquet_reads_back_with_every_column_across_groups_of_rows() {
    let rows = 50_003;
    let (_folder, path) = exported(Format::Parquet, rows);
    let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 2);
    let mut count = 0;
    for (number, row) in reader.get_row_iter(None).unwrap().enumerate() {
        let row = row.unwrap();
        let field = |name: &str| {
            row.get_column_iter()
                .find(|(column, _)| *column == name)
                .map(|(_, field)| field)
                .unwrap()
        };
        if number % 10_001 == 0 {
            assert_eq!(row.len(), ATTEMPTS.len());
            let expected = recorded(number);
            assert_eq!(field("call"), &Field::Str(expected.call.id));
            assert_eq!(field("target"), &Field::Str("aurora/aurora-large".to_owned()));
            let words = expected.attempts[0].words.clone();
            assert_eq!(field("words"), &words.map_or(Field::Null, Field::Str));
            assert_eq!(field("call_started_at"), &Field::TimestampMillis(expected.call.started_ms));
            assert_eq!(field("status"), &Field::Null);
        }
        count += 1;
    }
    assert_eq!(count, rows);
}

#[test]
fn csv_keeps_quotes_and_lines_and_json_lines_stay_lines() {
    let (_folder, path) = exported(Format::Csv, 2);
    let mut reader = csv::Reader::from_path(path).unwrap();
    let heads: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(heads, ATTEMPTS.map_names());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let words = heads.iter().position(|head| head == "words").unwrap();
    assert_eq!((&rows[0][words], &rows[1][words]), ("", NASTY));
    assert_eq!(&rows[1][1], "2026-11-23T14:02:03.001Z");

    let (_folder, path) = exported(Format::Jsonl, 2);
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[1]["words"], &lines[0]["words"]), (&NASTY.into(), &serde_json::Value::Null));
    assert_eq!(lines[1]["call_started_at"], "2026-11-23T14:02:03.001Z");
    assert_eq!(lines[1].as_object().unwrap().len(), ATTEMPTS.len());
}

/// As in a shell's `>(…)`, or `/dev/stdout`.
#[test]
#[cfg(unix)]
fn what_is_no_plain_file_is_written_into_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    // Both ends, so that neither waits for the other.
    let both = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    open(Format::Csv, CALLS, Target::File(link.clone())).unwrap().finish().unwrap();
    assert!(link.metadata().unwrap().file_type().is_fifo());
    assert!(link.is_symlink());
    let mut head = [0; 16];
    std::io::Read::read_exact(&mut &both, &mut head).unwrap();
    assert_eq!(&head, b"call,started_at,");
}

#[test]
fn a_file_that_does_not_become_whole_leaves_nothing_and_the_old_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls");
    std::fs::write(&path, "old").unwrap();
    drop(open(Format::Csv, CALLS, Target::File(path.clone())).unwrap());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

trait Names {
    fn map_names(&self) -> Vec<&'static str>;
}

impl<T> Names for [Column<T>] {
    fn map_names(&self) -> Vec<&'static str> {
        self.iter().map(|column| column.head.name).collect()
    }
}

/// `FAILSOFT_BLESS=1` writes the tables anew.
#[test]
fn every_column_is_documented() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/journal.md"));
    let document = std::fs::read_to_string(path).unwrap();
    let mut made = document.clone();
    for (name, table) in [
        ("calls", table::<Recorded>(CALLS)),
        ("attempts", table::<AttemptRow>(ATTEMPTS)),
        ("steps", table(STEPS)),
        ("states", table::<StateRow>(STATES)),
    ] {
        let begin = format!("<!-- columns of {name} -->\n");
        let end = format!("<!-- end of {name} -->");
        let from = made.find(&begin).unwrap() + begin.len();
        let to = made.find(&end).unwrap();
        made.replace_range(from..to, &table);
    }
    if std::env::var_os("FAILSOFT_BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
        return;
    }
    assert!(
        made == document,
        "docs/journal.md: run FAILSOFT_BLESS=1 cargo test -p failsoft-cli export"
    );
}

fn table<T>(columns: &[Column<T>]) -> String {
    let mut table = "| column | type | meaning |\n|---|---|---|\n".to_owned();
    for Column { head: Head { name, kind, about }, .. } in columns {
        let kind = match kind {
            Kind::Text => "text",
            Kind::Number => "number",
            Kind::Moment => "time",
        };
        table.push_str(&format!("| `{name}` | {kind} | {about} |\n"));
    }
    table
}
