//! Takes a request's body, counting real bytes.

use std::error::Error;
use std::io;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use http_body::Body;

/// Why a body was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It is larger than is taken.
    TooLarge,
    /// It broke off, or its framing is wrong.
    Broken,
    /// It did not come in time.
    TooSlow,
}

/// The whole body, if it has at most `max` bytes.
pub(crate) async fn take_body<B>(mut body: B, max: usize) -> Result<Bytes, NotTaken>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Error + 'static,
{
    let announced = body.size_hint().lower();
    if announced > max as u64 {
        return Err(NotTaken::TooLarge);
    }
    // Nearly every request comes in one piece, which is then used as it is.
    let Some(first) = next(&mut body).await? else { return Ok(Bytes::new()) };
    let whole = body.is_end_stream() || first.len() as u64 == announced;
    let Some(second) = (if whole { None } else { next(&mut body).await? }) else {
        return if first.len() > max { Err(NotTaken::TooLarge) } else { Ok(first) };
    };
    // What is announced may be a lie: room grows with what comes.
    let mut all = BytesMut::with_capacity((first.len() + second.len()) * 2);
    all.extend_from_slice(&first);
    let mut piece = Some(second);
    while let Some(bytes) = piece {
        if all.len() + bytes.len() > max {
            return Err(NotTaken::TooLarge);
        }
        all.extend_from_slice(&bytes);
        piece = next(&mut body).await?;
    }
    Ok(all.freeze())
}

async fn next<B>(body: &mut B) -> Result<Option<Bytes>, NotTaken>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Error + 'static,
{
    loop {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
        match frame {
            None => return Ok(None),
            Some(Err(error)) => return Err(why(&error)),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

fn why(error: &(dyn Error + 'static)) -> NotTaken {
    let mut source = Some(error);
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            let slow = io.kind() == io::ErrorKind::TimedOut;
            return if slow { NotTaken::TooSlow } else { NotTaken::Broken };
        }
        source = error.source();
    }
    NotTaken::Broken
}
