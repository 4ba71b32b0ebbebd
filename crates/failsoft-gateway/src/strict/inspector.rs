//! Follows the bytes of one connection, request by request.

use super::Flaw;
use super::chunks::Chunks;
use super::head::{Framing, Head, MAX_HEADERS, MAX_REQUEST_LINE};

/// What has come after a look at some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// Bytes of the input that were taken, passed on or kept.
    pub(super) taken: usize,
    /// How far the request is.
    pub(super) reached: Reached,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// Nothing of it has come.
    Nothing,
    /// A part of its head.
    Head,
    /// Its head, and perhaps a part of its body.
    Body,
    /// Its end. What follows is the next one's.
    End,
}

/// Follows the bytes of one connection.
#[derive(Debug)]
pub(super) struct Inspector {
    place: Place,
    head: Head,
    /// The beginning of a head whose end has not come.
    kept: Vec<u8>,
    /// Where the head's first line begins, behind a blank line that is forgiven.
    begin: usize,
    /// Where the next line begins.
    line: usize,
    /// Where the header lines begin; zero before the request line has come.
    headers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Head,
    Length(u64),
    Chunked(Chunks),
    Failed(Flaw),
}

impl Inspector {
    pub(super) fn new() -> Self {
        Self {
            place: Place::Head,
            head: Head::default(),
            kept: Vec::new(),
            begin: 0,
            line: 0,
            headers: 0,
        }
    }

    /// Looks at what came, up to the end of the present request. What is sound goes to `pass`; a
    /// head goes there only once it is whole. After a flaw nothing passes any more.
    pub(super) fn look(&mut self, input: &[u8], mut pass: impl FnMut(&[u8])) -> Result<Look, Flaw> {
        let mut taken = 0;
        if self.place == Place::Head {
            match self.look_at_head(input, &mut pass) {
                Ok(Some(head)) => taken = head,
                Ok(None) => return Ok(Look { taken: input.len(), reached: self.reached() }),
                Err(flaw) => return Err(self.fail(flaw)),
            }
        }
        let body = &input[taken..];
        match &mut self.place {
            Place::Length(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(body.len());
                *left -= here as u64;
                taken += here;
                pass_some(&body[..here], &mut pass);
            }
            Place::Chunked(chunks) => {
                let (here, flaw) = chunks.follow(body);
                taken += here;
                pass_some(&body[..here], &mut pass);
                if let Some(flaw) = flaw {
                    return Err(self.fail(flaw));
                }
            }
            Place::Failed(flaw) => return Err(*flaw),
            Place::Head => {}
        }
        if matches!(self.place, Place::Length(0) | Place::Chunked(Chunks::Ended)) {
            self.place = Place::Head;
            self.head = Head::default();
            (self.begin, self.line, self.headers) = (0, 0, 0);
            return Ok(Look { taken, reached: Reached::End });
        }
        Ok(Look { taken, reached: self.reached() })
    }

    /// How far the present request is.
    pub(super) fn reached(&self) -> Reached {
        match self.place {
            Place::Head if self.kept.is_empty() => Reached::Nothing,
            Place::Head | Place::Failed(_) => Reached::Head,
            Place::Length(_) | Place::Chunked(_) => Reached::Body,
        }
    }

    fn fail(&mut self, flaw: Flaw) -> Flaw {
        self.place = Place::Failed(flaw);
        self.kept = Vec::new();
        flaw
    }

    /// The bytes of `input` that belong to the head, once it is whole.
    fn look_at_head(
        &mut self,
        input: &[u8],
        pass: &mut impl FnMut(&[u8]),
    ) -> Result<Option<usize>, Flaw> {
        if self.kept.is_empty() {
            let Some(end) = self.read_lines(input)? else {
                self.kept.extend_from_slice(input);
                return Ok(None);
            };
            pass_some(&input[self.begin..end], pass);
            return Ok(Some(end));
        }
        let before = self.kept.len();
        let mut kept = std::mem::take(&mut self.kept);
        kept.extend_from_slice(input);
        let end = self.read_lines(&kept)?;
        let Some(end) = end else {
            self.kept = kept;
            return Ok(None);
        };
        pass_some(&kept[self.begin..end], pass);
        Ok(Some(end - before))
    }

    /// Reads whole lines from where it stopped; the end of the head, once it has come.
    fn read_lines(&mut self, bytes: &[u8]) -> Result<Option<usize>, Flaw> {
        while let Some(feed) = memchr::memchr(b'\n', &bytes[self.line..]) {
            let next = self.line + feed + 1;
            let [line @ .., b'\r', b'\n'] = &bytes[self.line..next] else {
                return Err(Flaw::Line);
            };
            let first = self.headers == 0;
            if first && line.is_empty() && self.begin == 0 {
                (self.begin, self.line) = (next, next);
                continue;
            }
            self.line = next;
            if first {
                // A long line is a long target; a version that is none has nothing to say of it.
                if line.len() > MAX_REQUEST_LINE {
                    return Err(Flaw::TargetTooLong);
                }
                Head::take_request_line(line)?;
                self.headers = next;
            } else if line.is_empty() {
                self.place = match self.head.finish()? {
                    Framing::Length(bytes) => Place::Length(bytes),
                    Framing::Chunked => Place::Chunked(Chunks::START),
                };
                return Ok(Some(next));
            } else {
                if next - self.headers > MAX_HEADERS {
                    return Err(Flaw::TooLarge);
                }
                self.head.take_header(line)?;
            }
        }
        self.judge_rest(&bytes[self.line..], bytes.len()).map(|()| None)
    }

    /// What can be said of a line whose end has not come.
    fn judge_rest(&self, rest: &[u8], all: usize) -> Result<(), Flaw> {
        if self.headers == 0 {
            if rest.len() > MAX_REQUEST_LINE {
                return Err(Flaw::TargetTooLong);
            }
            // No HTTP request begins otherwise, but a TLS handshake does.
            return match rest.first() {
                Some(&byte) if byte.is_ascii_uppercase() || byte == b'\r' => Ok(()),
                None => Ok(()),
                Some(_) => Err(Flaw::RequestLine),
            };
        }
        if all - self.headers > MAX_HEADERS { Err(Flaw::TooLarge) } else { Ok(()) }
    }
}

fn pass_some(bytes: &[u8], pass: &mut impl FnMut(&[u8])) {
    if !bytes.is_empty() {
        pass(bytes);
    }
}
