//! Where rows go: the three formats, each over a file that appears when it is whole, or a pipe.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use tempfile::NamedTempFile;

use super::columns::{Head, Kind, Value};

/// Rows of a Parquet file that are held in memory and compressed together.
const GROUP: usize = 50_000;

/// Takes the rows of one table.
pub(super) trait Sink {
    /// One value for each column.
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()>;

    /// All rows were given.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Where a table is written.
pub(super) enum Target {
    /// Standard output.
    Output,
    /// A file; one that is there is replaced when the new one is whole. A pipe or a device is
    /// written to.
    File(PathBuf),
}

/// One JSON object a line.
pub(super) fn jsonl(heads: Vec<Head>, target: Target) -> io::Result<Box<dyn Sink>> {
    Ok(Box::new(Lines { heads, out: Out::open(target)? }))
}

/// A head of names, then a line for each row.
pub(super) fn csv(heads: Vec<Head>, target: Target) -> io::Result<Box<dyn Sink>> {
    let mut out =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Out::open(target)?);
    out.write_record(heads.iter().map(|head| head.name))?;
    Ok(Box::new(Cells { out }))
}

/// Columns, each with whether it is there.
pub(super) fn parquet(heads: Vec<Head>, target: Target) -> io::Result<Box<dyn Sink>> {
    let fields: Vec<String> = heads.iter().map(field).collect();
    let schema = parse_message_type(&format!("message failsoft {{ {} }}", fields.concat()));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let (schema, out) = (schema.map_err(other)?, Out::open(target)?);
    let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
    let columns = heads.iter().map(|head| Held::new(head.kind)).collect();
    Ok(Box::new(Columns { file: file.map_err(other)?, columns, rows: 0 }))
}

struct Lines {
    heads: Vec<Head>,
    out: Out,
}

impl Sink for Lines {
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        for (place, (head, value)) in self.heads.iter().zip(values).enumerate() {
            write!(self.out, "{}\"{}\":", if place == 0 { '{' } else { ',' }, head.name)?;
            match value {
                Value::Nothing => self.out.write_all(b"null")?,
                Value::Text(text) => serde_json::to_writer(&mut self.out, text)?,
                Value::Number(number) => write!(self.out, "{number}")?,
                Value::Moment(ms) => write!(self.out, "\"{}\"", moment(*ms))?,
            }
        }
        self.out.write_all(b"}\n")
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.out.finish()
    }
}

struct Cells {
    out: csv::Writer<Out>,
}

impl Sink for Cells {
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        for value in values {
            match value {
                Value::Nothing => self.out.write_field("")?,
                Value::Text(text) => self.out.write_field(text)?,
                Value::Number(number) => self.out.write_field(number.to_string())?,
                Value::Moment(ms) => self.out.write_field(moment(*ms))?,
            }
        }
        Ok(self.out.write_record(None::<&[u8]>)?)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.out.into_inner().map_err(|error| error.into_error())?.finish()
    }
}

struct Columns {
    file: SerializedFileWriter<Out>,
    columns: Vec<Held>,
    rows: usize,
}

/// A column of the row group that is being gathered.
enum Held {
    Numbers(Vec<i64>, Vec<i16>),
    Texts(Vec<ByteArray>, Vec<i16>),
}

impl Held {
    const fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Texts(Vec::new(), Vec::new()),
            Kind::Number | Kind::Moment => Self::Numbers(Vec::new(), Vec::new()),
        }
    }

    fn push(&mut self, value: &Value<'_>) {
        let there = match self {
            Self::Numbers(_, there) | Self::Texts(_, there) => there,
        };
        there.push(i16::from(*value != Value::Nothing));
        match (self, value) {
            (Self::Numbers(held, _), Value::Number(number) | Value::Moment(number)) => {
                held.push(*number);
            }
            (Self::Texts(held, _), Value::Text(text)) => held.push(text.as_bytes().to_vec().into()),
            (Self::Numbers(..) | Self::Texts(..), _) => {}
        }
    }
}

impl Columns {
    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for held in &mut self.columns {
            let Some(mut column) = group.next_column()? else { break };
            match held {
                Held::Numbers(held, there) => {
                    column.typed::<Int64Type>().write_batch(held, Some(there), None)?;
                    held.clear();
                    there.clear();
                }
                Held::Texts(held, there) => {
                    column.typed::<ByteArrayType>().write_batch(held, Some(there), None)?;
                    held.clear();
                    there.clear();
                }
            }
            column.close()?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

impl Sink for Columns {
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        for (held, value) in self.columns.iter_mut().zip(values) {
            held.push(value);
        }
        self.rows += 1;
        if self.rows == GROUP { self.write_group().map_err(other) } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.rows > 0 {
            self.write_group().map_err(other)?;
        }
        self.file.into_inner().map_err(other)?.finish()
    }
}

fn field(head: &Head) -> String {
    let kind = match head.kind {
        Kind::Text => format!("BYTE_ARRAY {} (UTF8)", head.name),
        Kind::Number => format!("INT64 {}", head.name),
        Kind::Moment => format!("INT64 {} (TIMESTAMP(MILLIS,true))", head.name),
    };
    format!("OPTIONAL {kind}; ")
}

/// As RFC 3339 in UTC.
fn moment(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| format!("{at:.3}"))
}

fn other(error: ParquetError) -> io::Error {
    let ParquetError::External(inner) = error else { return io::Error::other(error) };
    // Ours came through: a pipe that was closed is still one.
    inner.downcast::<io::Error>().map_or_else(io::Error::other, |error| *error)
}

/// What is written to.
enum Out {
    Straight(BufWriter<Box<dyn Write + Send>>),
    /// As private as the journal itself, and gone if it never becomes whole.
    Whole(BufWriter<NamedTempFile>, PathBuf),
}

impl Out {
    fn open(target: Target) -> io::Result<Self> {
        let path = match target {
            Target::Output => return Ok(Self::Straight(BufWriter::new(Box::new(io::stdout())))),
            Target::File(path) => path,
        };
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        // A pipe or a device: nothing may take its place.
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            let opened = OpenOptions::new().write(true).open(&path).map_err(named)?;
            return Ok(Self::Straight(BufWriter::new(Box::new(opened))));
        }
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let part = tempfile::Builder::new()
            .prefix(".failsoft-")
            .suffix(".part")
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(named)?;
        Ok(Self::Whole(BufWriter::new(part), path))
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Straight(mut out) => out.flush(),
            Self::Whole(out, path) => {
                let part = out.into_inner().map_err(|error| error.into_error())?;
                part.persist(path).map(drop).map_err(|error| error.error)
            }
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Straight(out) => out.write(bytes),
            Self::Whole(out, _) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Straight(out) => out.flush(),
            Self::Whole(out, _) => out.flush(),
        }
    }
}
