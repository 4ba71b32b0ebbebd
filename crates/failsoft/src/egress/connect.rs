//! From an address to a connection: look up, dial, shake hands.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use failsoft_provider::TransportFault;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::origin::{Origin, Secure};
use super::pool::Connection;
use super::stream::Stream;

/// How long one address may keep the others of a name from being tried.
const TURN: Duration = Duration::from_millis(1500);

/// Read at once at most, and so the largest head of an answer; what a slow client is to be sent
/// waits in it.
const BUFFER: usize = 32 * 1024;

/// No connection: why, and what an operator can do about it.
#[derive(Debug)]
pub(crate) struct NotConnected {
    pub(crate) fault: TransportFault,
    pub(crate) words: String,
}

/// Opens a connection. It is dropped, and with it the socket, as soon as its caller is.
pub(crate) async fn connect(origin: &Origin) -> Result<Connection, NotConnected> {
    let tcp = dial(origin).await?;
    let stream = match &origin.secure {
        Secure::No => Stream::Clear(tcp),
        Secure::Tls { config, name } => {
            let connector = TlsConnector::from(Arc::clone(config));
            let tls = connector.connect(name.clone(), tcp).await;
            Stream::Tls(Box::new(tls.map_err(|error| no_tls(&error))?))
        }
    };
    let handshake = http1::Builder::new().max_buf_size(BUFFER).handshake(TokioIo::new(stream));
    let (sender, driver) = handshake.await.map_err(|error| NotConnected {
        fault: TransportFault::Unreachable,
        words: error.to_string(),
    })?;
    Ok(Connection::new(sender, driver))
}

async fn dial(origin: &Origin) -> Result<TcpStream, NotConnected> {
    let (host, port) = (origin.host.as_str(), origin.port);
    let mut last = NotConnected {
        fault: TransportFault::NameLookup,
        words: format!("{host} does not resolve, check {}", origin.setting),
    };
    for address in addresses(host, port).await {
        if !origin.may_dial(address.ip()) {
            last.fault = TransportFault::AddressRefused;
            last.words = format!(
                "{host} leads to {}, which is not dialled for a name unless the settings say \
                 allow_private = true; link-local addresses never are",
                address.ip()
            );
            continue;
        }
        match timeout(TURN, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                // Small writes must not wait for an acknowledgement; a socket that refuses the
                // option still works.
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                last.fault = TransportFault::ConnectionRefused;
                last.words = format!("nobody listens at {address}");
            }
            Ok(Err(error)) => {
                last.fault = TransportFault::Unreachable;
                last.words = format!("{address}: {error}");
            }
            Err(_) => {
                last.fault = TransportFault::Unreachable;
                last.words = format!("{address} does not answer");
            }
        }
    }
    Err(last)
}

async fn addresses(host: &str, port: u16) -> Vec<SocketAddr> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return vec![SocketAddr::new(ip, port)];
    }
    lookup_host((host, port)).await.map(Iterator::collect).unwrap_or_default()
}

fn no_tls(error: &std::io::Error) -> NotConnected {
    NotConnected {
        fault: TransportFault::Tls,
        words: format!("{error}; an authority of your own is named by ca_file"),
    }
}
