//! Bytes on their way to the client.

use bytes::{Bytes, BytesMut};

/// Events in a row: one is passed on as it lies in memory, several are joined.
#[derive(Debug, Default)]
pub(super) struct Out {
    one: Bytes,
    joined: BytesMut,
}

impl Out {
    pub(super) fn push(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        if self.is_empty() {
            self.one = bytes;
        } else {
            if self.joined.is_empty() {
                self.joined.extend_from_slice(&std::mem::take(&mut self.one));
            }
            self.joined.extend_from_slice(&bytes);
        }
    }

    pub(super) fn take(&mut self) -> Bytes {
        if self.joined.is_empty() {
            std::mem::take(&mut self.one)
        } else {
            self.joined.split().freeze()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.one.len() + self.joined.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
