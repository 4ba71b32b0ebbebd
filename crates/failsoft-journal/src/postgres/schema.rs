//! The tables: made, and brought up to date, by whichever gateway comes first.

use tokio_postgres::Client;

use super::link::Fault;

/// Each step takes the schema one version further; the last one is the version we know.
const MIGRATIONS: [&str; 1] = [include_str!("schema/1.sql")];
/// The version we know.
const KNOWN: i32 = MIGRATIONS.len() as i32;
/// The oldest version whose writers and readers the tables still suit. Steps that add columns or
/// tables leave it, so that a fleet can be updated gateway by gateway.
const SUITS: i32 = 1;

/// Names the lock under which the schema is changed.
const CHANGING: i64 = 0x6661_696c_736f_6674;
/// Names the lock under which old rows are deleted.
pub(super) const FORGETTING: i64 = CHANGING + 1;

/// What stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    /// 0 if there is nothing.
    version: i32,
    /// The oldest version it suits.
    suits: i32,
}

/// Makes the tables what this version knows, if nobody has done so.
pub(super) async fn bring_up_to_date(client: &Client) -> Result<(), Fault> {
    if up_to_date(find(client).await?)? {
        return Ok(());
    }
    // Everybody else waits here, and then finds it done.
    let begin = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({CHANGING})"
    );
    client.batch_execute(&begin).await?;
    let found = find(client).await?;
    if !up_to_date(found)? {
        if found.version == 0 {
            begin_anew(client).await?;
        }
        let known = usize::try_from(found.version).unwrap_or_default();
        for step in &MIGRATIONS[known.min(MIGRATIONS.len())..] {
            client.batch_execute(step).await?;
        }
        let done = format!("UPDATE failsoft.schema_version SET version = {KNOWN}, suits = {SUITS}");
        client.batch_execute(&done).await?;
    }
    client.batch_execute("COMMIT").await?;
    Ok(())
}

/// Refuses what this version cannot read.
pub(super) async fn readable(client: &Client) -> Result<(), Fault> {
    let found = find(client).await?;
    if found.version == 0 {
        return Err(Fault::Refused("it holds no journal yet".to_owned()));
    }
    if up_to_date(found)? {
        return Ok(());
    }
    let said = "an older failsoft wrote it; `failsoft serve` brings it up to date";
    Err(Fault::Refused(said.to_owned()))
}

/// Whether nothing is to be done.
fn up_to_date(found: Found) -> Result<bool, Fault> {
    if found.suits > KNOWN {
        return Err(Fault::Refused(format!(
            "a newer failsoft wrote it (schema {}, this one knows {KNOWN}); update failsoft",
            found.version
        )));
    }
    Ok(found.version >= KNOWN)
}

async fn find(client: &Client) -> Result<Found, Fault> {
    let there = "SELECT to_regclass('failsoft.schema_version') IS NOT NULL";
    let there: bool = client.query_typed_one(there, &[]).await?.try_get(0)?;
    if !there {
        return Ok(Found { version: 0, suits: 0 });
    }
    let row = client.query_typed_one("SELECT version, suits FROM failsoft.schema_version", &[]);
    let row = row.await?;
    Ok(Found { version: row.try_get(0)?, suits: row.try_get(1)? })
}

async fn begin_anew(client: &Client) -> Result<(), Fault> {
    let encoding = client.query_typed_one("SELECT current_setting('server_encoding')", &[]).await?;
    let encoding: &str = encoding.try_get(0)?;
    if encoding != "UTF8" {
        // Some text would be refused, and its group with it, for ever.
        let said = format!("the database's encoding is {encoding}; make one with ENCODING 'UTF8'");
        return Err(Fault::Refused(said));
    }
    // Whoever may not create schemas can be given this one ready-made.
    let there = "SELECT to_regnamespace('failsoft') IS NOT NULL";
    let there: bool = client.query_typed_one(there, &[]).await?.try_get(0)?;
    if !there {
        client.batch_execute("CREATE SCHEMA failsoft").await?;
    }
    let version = "CREATE TABLE failsoft.schema_version (version integer, suits integer); \
                   INSERT INTO failsoft.schema_version VALUES (0, 0)";
    Ok(client.batch_execute(version).await?)
}
