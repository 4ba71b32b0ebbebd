//! AWS's binary frames, written by hand.

/// An event of that type.
pub(crate) fn event(kind: &str, payload: &[u8]) -> Vec<u8> {
    let headers =
        [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")];
    frame(&headers, payload)
}

/// An exception of that type.
pub(crate) fn exception(kind: &str, payload: &[u8]) -> Vec<u8> {
    let headers = [
        (":exception-type", kind),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ];
    frame(&headers, payload)
}

/// A frame whose checksum is another's.
pub(crate) fn with_bad_checksum(mut frame: Vec<u8>) -> Vec<u8> {
    if let Some(last) = frame.last_mut() {
        *last ^= 0xff;
    }
    frame
}

fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut told = Vec::new();
    for (name, value) in headers {
        told.push(name.len() as u8);
        told.extend_from_slice(name.as_bytes());
        // Type 7 is a string, its length in two bytes.
        told.push(7);
        told.extend_from_slice(&(value.len() as u16).to_be_bytes());
        told.extend_from_slice(value.as_bytes());
    }
    // Two lengths and a checksum before, a checksum behind.
    let total = 12 + told.len() + payload.len() + 4;
    let mut frame = Vec::with_capacity(total);
    frame.extend_from_slice(&(total as u32).to_be_bytes());
    frame.extend_from_slice(&(told.len() as u32).to_be_bytes());
    frame.extend_from_slice(&crc32(&frame).to_be_bytes());
    frame.extend_from_slice(&told);
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&crc32(&frame).to_be_bytes());
    frame
}

/// CRC-32 as in IEEE 802.3, a bit at a time: few bytes, and nobody to trust.
fn crc32(bytes: &[u8]) -> u32 {
    let rest = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    });
    !rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_standards() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_frame_tells_its_lengths_and_checksums() {
        let frame = event("messageStop", b"{}");
        let number = |at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().expect("four"));
        assert_eq!(number(0) as usize, frame.len());
        assert_eq!(number(8), crc32(&frame[..8]));
        assert_eq!(number(frame.len() - 4), crc32(&frame[..frame.len() - 4]));
        let headers = number(4) as usize;
        assert_eq!(&frame[12 + headers..frame.len() - 4], b"{}");
        assert_ne!(with_bad_checksum(frame.clone()), frame);
    }
}
