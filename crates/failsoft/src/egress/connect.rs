//! From an address to a connection: look up, dial, shake hands.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use failsoft_provider::TransportFault;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::endpoint::{Endpoint, Secure};
use super::pool::Connection;
use super::stream::Stream;

/// Opens a connection. It is dropped, and with it the socket, as soon as its caller is.
pub(crate) async fn connect(endpoint: Arc<Endpoint>) -> Result<Connection, TransportFault> {
    let tcp = dial(&endpoint).await?;
    let stream = match &endpoint.secure {
        Secure::No => Stream::Clear(tcp),
        Secure::Tls { config, name } => {
            let connector = TlsConnector::from(Arc::clone(config));
            let tls = connector.connect(name.clone(), tcp).await;
            Stream::Tls(Box::new(tls.map_err(|_| TransportFault::Tls)?))
        }
    };
    let handshake = http1::Builder::new().max_buf_size(64 * 1024).handshake(TokioIo::new(stream));
    let (sender, driver) = handshake.await.map_err(|_| TransportFault::Unreachable)?;
    Ok(Connection::new(sender, driver))
}

async fn dial(endpoint: &Endpoint) -> Result<TcpStream, TransportFault> {
    let mut fault = TransportFault::NameLookup;
    for address in addresses(endpoint).await? {
        if !endpoint.may_dial(address.ip()) {
            fault = TransportFault::AddressRefused;
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(tcp) => {
                // Small writes must not wait for an acknowledgement; a socket that refuses the
                // option still works.
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                fault = TransportFault::ConnectionRefused;
            }
            Err(_) => fault = TransportFault::Unreachable,
        }
    }
    Err(fault)
}

async fn addresses(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, TransportFault> {
    let (host, port) = (endpoint.url.host.as_str(), endpoint.url.port);
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let found = lookup_host((host, port)).await.map_err(|_| TransportFault::NameLookup)?;
    Ok(found.collect())
}
