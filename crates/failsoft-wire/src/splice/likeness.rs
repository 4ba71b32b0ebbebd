//! Frames that differ in their words alone, as nearly all of a stream do: read without being parsed.

use memchr::{memchr2, memmem};

use crate::sse::Frame;

/// So often a stream is tried that has no two frames alike, e.g. because each is padded.
const TRIES: u8 = 8;

/// The last frame that was nothing but more words of the part that is open.
#[derive(Debug, Default)]
pub(super) struct Likeness {
    around: Option<Around>,
    misses: u8,
}

/// What stood around the words, quotes included.
#[derive(Debug)]
struct Around {
    before: Box<[u8]>,
    behind: Box<[u8]>,
}

impl Likeness {
    /// The words of a frame that is like the last one in all else. What its words are is no
    /// question then: the same parser would read the same structure.
    pub(super) fn words<'a>(&mut self, frame: &'a Frame) -> Option<&'a str> {
        let Around { before, behind } = self.around.as_ref()?;
        let words = frame.bytes.strip_prefix(&**before).and_then(|it| it.strip_suffix(&**behind));
        let words = words.filter(|words| is_plain(words));
        self.misses = if words.is_some() { 0 } else { self.misses.saturating_add(1) };
        std::str::from_utf8(words?).ok()
    }

    /// A frame brought these words and nothing else.
    pub(super) fn learn(&mut self, frame: &Frame, words: &str) {
        self.around = None;
        if self.misses >= TRIES || !is_plain(words.as_bytes()) {
            return;
        }
        let quoted = [b"\"", words.as_bytes(), b"\""].concat();
        let mut places = memmem::find_iter(&frame.bytes, &quoted);
        let (Some(at), None) = (places.next(), places.next()) else { return };
        let (before, behind) = (frame.bytes.get(..=at), frame.bytes.get(at + 1 + words.len()..));
        self.around = before
            .zip(behind)
            .map(|(before, behind)| Around { before: before.into(), behind: behind.into() });
    }

    /// Something else came: what is open may be another part.
    pub(super) fn forget(&mut self) {
        self.around = None;
    }
}

/// Whether words stand in JSON as they are.
fn is_plain(words: &[u8]) -> bool {
    !words.is_empty()
        && memchr2(b'"', b'\\', words).is_none()
        && words.iter().all(|byte| *byte >= b' ')
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::sse::Decoder;

    fn frame(content: &str) -> Frame {
        let mut decoder = Decoder::new(4096);
        let data = format!("data: {{\"model\":\"index\",\"delta\":{{\"content\":{content}}}}}\n\n");
        decoder.push(Bytes::from(data));
        decoder.next_frame().unwrap().unwrap()
    }

    fn like(learnt: &str) -> Likeness {
        let mut likeness = Likeness::default();
        likeness.learn(&frame(&format!("\"{learnt}\"")), learnt);
        likeness
    }

    #[test]
    fn only_words_that_stand_in_the_same_place_are_read() {
        for (content, words) in [
            ("\" more\"", Some(" more")),
            ("\"温かい\"", Some("温かい")),
            ("\"\"", None),
            ("\"a\\nb\"", None),
            ("\"a\",\"tool_calls\":\"b\"", None),
            ("null", None),
        ] {
            assert_eq!(like("first").words(&frame(content)), words, "{content}");
        }
        assert_eq!(like("index").words(&frame("\"a\"")), None, "it stands there twice");
    }

    #[test]
    fn a_stream_without_two_frames_alike_is_left_alone() {
        let mut likeness = Likeness::default();
        for number in 0..100 {
            let words = format!("word {number}");
            likeness.learn(&frame(&format!("\"{words}\",\"pad\":{number}")), &words);
            assert_eq!(likeness.words(&frame(&format!("\"x\",\"pad\":{}", number + 1))), None);
        }
        assert!(likeness.around.is_none());
    }
}
