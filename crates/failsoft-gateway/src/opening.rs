//! The first bytes of a connection tell which version of HTTP it speaks.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// What a client that knows us to speak HTTP/2 begins with. No request of HTTP/1.1 does.
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How a connection begins.
#[derive(Debug)]
pub(crate) enum Opening {
    /// With anything else, of which these bytes were read.
    Http1(Vec<u8>),
    /// With the whole preface.
    Http2,
}

/// Reads as much as it takes to tell, and never for longer than until `by`.
pub(crate) async fn opening(socket: &mut TcpStream, by: Instant) -> Opening {
    let mut first = [0; PREFACE.len()];
    let mut held = 0;
    while PREFACE.starts_with(&first[..held]) {
        if held == PREFACE.len() {
            return Opening::Http2;
        }
        // An end, a fault and a client that is too slow are told by whoever reads on.
        match timeout_at(by, socket.read(&mut first[held..])).await {
            Ok(Ok(count @ 1..)) => held += count,
            Ok(Ok(0) | Err(_)) | Err(_) => break,
        }
    }
    Opening::Http1(first[..held].to_vec())
}
