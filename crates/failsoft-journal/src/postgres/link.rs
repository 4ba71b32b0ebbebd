//! A connection that is made when it is needed and given up when it hangs.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;
use tokio_postgres::Client;

use super::address::PostgresUrl;
use super::tls;
use crate::text::{self, LABEL};

/// Why the database could not be asked. Nothing in it comes from a URL or from a row.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Refused(String),
    #[error("it did not answer within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("cannot start a thread's own runtime: {0}")]
    Runtime(#[from] io::Error),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        let said = match error.as_db_error() {
            // Its detail may repeat what stands in a row; its message does not.
            Some(said) => said.message().to_owned(),
            None => match error.source() {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            },
        };
        Self::Refused(text::sentence(&said, LABEL).into_owned())
    }
}

/// One connection, driven by the thread that asks; made anew after any failure.
#[derive(Debug)]
pub(crate) struct Link {
    url: PostgresUrl,
    runtime: Option<Runtime>,
    client: Option<Client>,
}

impl Link {
    /// Connects to nothing yet.
    pub(crate) fn new(url: PostgresUrl) -> Self {
        Self { url, runtime: None, client: None }
    }

    /// Asks over the connection there is, or a new one that `prepare` was happy with. Whatever
    /// takes longer than `limit`, or fails, costs the connection.
    pub(crate) fn ask<T: Send>(
        &mut self,
        limit: Duration,
        prepare: impl AsyncFnOnce(&Client) -> Result<(), Fault> + Send,
        work: impl AsyncFnOnce(&Client) -> Result<T, Fault> + Send,
    ) -> Result<T, Fault> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => Builder::new_current_thread().enable_all().build()?,
        };
        let (url, old) = (&self.url, self.client.take());
        let talk = || {
            runtime.block_on(async {
                // Lets the connection notice that the server has closed it meanwhile.
                tokio::task::yield_now().await;
                let client = match old.filter(|client| !client.is_closed()) {
                    Some(client) => client,
                    None => {
                        let client = connect(url).await?;
                        within(limit, prepare(&client)).await?;
                        client
                    }
                };
                let answer = within(limit, work(&client)).await?;
                Ok((client, answer))
            })
        };
        let result = match Handle::try_current() {
            Err(_) => talk(),
            // A thread that drives another runtime must not drive this one as well.
            Ok(_) => std::thread::scope(|scope| scope.spawn(talk).join())
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        };
        self.runtime = Some(runtime);
        result.map(|(client, answer)| {
            self.client = Some(client);
            answer
        })
    }

    /// Where it leads, without secrets.
    pub(crate) fn place(&self) -> String {
        self.url.to_string()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // A look-up of a host's name that hangs must not hold up whoever closes.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn connect(url: &PostgresUrl) -> Result<Client, Fault> {
    let tls = tls::connector(&url.encryption).map_err(Fault::Refused)?;
    let connecting = async { Ok(url.config.connect(tls).await?) };
    let connected = within(url.connect_time(), connecting).await;
    let (client, connection) = connected.map_err(|fault| match fault {
        Fault::Refused(said) => Fault::Refused(with_hint(said)),
        Fault::Late(_) | Fault::Runtime(_) => fault,
    })?;
    tokio::spawn(async move {
        // Its end is seen by whoever asks next.
        let _ = connection.await;
    });
    Ok(client)
}

/// What an operator can do about a server that shows too little.
fn with_hint(said: String) -> String {
    if said.contains("does not support TLS") {
        return format!("{said}; in a network you trust, journal.url may say sslmode=disable");
    }
    if said.contains("invalid peer certificate") {
        return format!("{said}; sslrootcert=FILE in journal.url names the authority to believe");
    }
    said
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    timeout(limit, work).await.unwrap_or(Err(Fault::Late(limit)))
}
