//! Where an answer's words come from.

use super::super::keys::{HERE, camel};
use super::super::numbers;
use crate::neutral::{Citation, Part, Rest};
use crate::scan::{Scanner, Value};
use crate::write::Writer;

/// More sources than this are an attack, not an answer: each is told as often as it is named.
const MAX_SOURCES: usize = 1_024;

/// What a candidate says of its sources.
#[derive(Clone, Copy, Default)]
pub(in super::super) struct Sources<'a> {
    pub(in super::super) citations: Option<Value<'a>>,
    pub(in super::super) grounding: Option<Value<'a>>,
}

/// A span of one of the parts; Google counts bytes, `None` for the part is the first one.
#[derive(Clone, Copy, Default)]
struct Segment {
    start: u32,
    end: Option<u32>,
    part: Option<u32>,
}

impl<'a> Sources<'a> {
    pub(in super::super) const fn is_empty(&self) -> bool {
        self.citations.is_none() && self.grounding.is_none()
    }

    /// The citations for the open text of a stream, which has so many characters before it.
    pub(in super::super) fn of_text(&self, text: &str, before: u32) -> Vec<Citation> {
        let mut found = quoted(self.citations);
        for citation in &mut found {
            citation.span = citation
                .span
                .map(|(start, end)| (start.saturating_sub(before), end.saturating_sub(before)));
        }
        let mut parts = [Part::text(text)];
        for (segment, citation) in grounded(self.grounding) {
            ground(&mut parts, Segment { part: None, ..segment }, citation);
        }
        if let [Part::Text { citations, .. }] = parts {
            found.extend(citations);
        }
        found
    }

    /// Puts citations to the texts they speak of.
    pub(in super::super) fn attach(&self, parts: &mut [Part]) {
        if self.is_empty() {
            return;
        }
        for citation in quoted(self.citations) {
            place(parts, citation);
        }
        for (segment, citation) in grounded(self.grounding) {
            ground(parts, segment, citation);
        }
    }
}

/// The span counts in all texts together, as they stand one behind the other.
fn place(parts: &mut [Part], mut citation: Citation) {
    let mut before = 0_u32;
    let is_text = |part: &&mut Part| matches!(part, Part::Text { .. });
    let count = parts.iter_mut().filter(is_text).count();
    for (at, part) in parts.iter_mut().filter(is_text).enumerate() {
        let Part::Text { text, citations, .. } = part else { continue };
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let is_here = citation.span.is_none_or(|(start, _)| start < before.saturating_add(length));
        if is_here || at + 1 == count {
            citation.span = citation
                .span
                .map(|(start, end)| (start.saturating_sub(before), end.saturating_sub(before)));
            return citations.push(citation);
        }
        before = before.saturating_add(length);
    }
}

/// The span counts bytes of one part.
fn ground(parts: &mut [Part], segment: Segment, mut citation: Citation) {
    let at = match segment.part {
        Some(part) => Some(part as usize),
        None => parts.iter().position(|part| matches!(part, Part::Text { .. })),
    };
    let Some(Part::Text { text, citations, .. }) = at.and_then(|at| parts.get_mut(at)) else {
        return;
    };
    let chars = |bytes: u32| {
        let before = text.char_indices().take_while(|(at, _)| *at < bytes as usize);
        u32::try_from(before.count()).unwrap_or(u32::MAX)
    };
    citation.span = segment.end.map(|end| (chars(segment.start), chars(end)));
    citations.push(citation);
}

fn citation() -> Citation {
    Citation { url: None, title: None, quote: None, span: None, rest: Rest::of(HERE) }
}

/// `citationMetadata`, whose list has an elder name.
fn quoted(metadata: Option<Value<'_>>) -> Vec<Citation> {
    let mut found = Vec::new();
    let Some(metadata) = metadata else { return found };
    _ = Scanner::new(metadata.raw).members(|scanner, key| {
        match camel(key).as_ref() {
            b"citations" | b"citationSources" => scanner.items(|scanner| {
                let mut known = citation();
                let mut segment = Segment::default();
                scanner.members(|scanner, key| {
                    let value = scanner.value()?;
                    match camel(key).as_ref() {
                        b"uri" => known.url = value.string(),
                        b"title" => known.title = value.string(),
                        _ => segment.take(key, value),
                    }
                    Ok(())
                })?;
                known.span = segment.end.map(|end| (segment.start, end));
                found.push(known);
                Ok(())
            })?,
            _ => scanner.value().map(|_| true)?,
        };
        Ok(())
    });
    found
}

impl Segment {
    fn take(&mut self, key: &[u8], value: Value<'_>) {
        match camel(key).as_ref() {
            b"startIndex" => self.start = numbers::count(&value).unwrap_or(0),
            b"endIndex" => self.end = numbers::count(&value),
            b"partIndex" => self.part = numbers::count(&value),
            _ => {}
        }
    }
}

/// `groundingMetadata`: each support names the chunks it rests on.
fn grounded(metadata: Option<Value<'_>>) -> Vec<(Segment, Citation)> {
    let (mut chunks, mut supports) = (Vec::new(), Vec::new());
    let Some(metadata) = metadata else { return Vec::new() };
    _ = Scanner::new(metadata.raw).members(|scanner, key| {
        match camel(key).as_ref() {
            b"groundingChunks" => scanner.items(|scanner| {
                chunks.push(chunk(scanner.value()?));
                Ok(())
            })?,
            b"groundingSupports" => scanner.items(|scanner| {
                supports.push(support(scanner.value()?));
                Ok(())
            })?,
            _ => scanner.value().map(|_| true)?,
        };
        Ok(())
    });
    let of_support = |(segment, indices): (Segment, Vec<u32>)| {
        let chunks = &chunks;
        let known = indices.into_iter().filter_map(move |at| chunks.get(at as usize));
        known.map(move |chunk| (segment, chunk.clone()))
    };
    supports.into_iter().flat_map(of_support).take(MAX_SOURCES).collect()
}

/// Whatever kind of source it is, its address, title and words have the same names.
fn chunk(value: Value<'_>) -> Citation {
    let mut known = citation();
    _ = Scanner::new(value.raw).members(|scanner, _| {
        scanner.members(|scanner, key| {
            let value = scanner.value()?;
            match key {
                b"uri" => known.url = value.string(),
                b"title" => known.title = value.string(),
                b"text" => known.quote = value.string(),
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    });
    known
}

fn support(value: Value<'_>) -> (Segment, Vec<u32>) {
    let (mut segment, mut indices) = (Segment::default(), Vec::new());
    _ = Scanner::new(value.raw).members(|scanner, key| {
        match camel(key).as_ref() {
            b"segment" => scanner.members(|scanner, key| {
                segment.take(key, scanner.value()?);
                Ok(())
            })?,
            b"groundingChunkIndices" => scanner.items(|scanner| {
                indices.extend(numbers::count(&scanner.value()?));
                Ok(())
            })?,
            _ => scanner.value().map(|_| true)?,
        };
        Ok(())
    });
    (segment, indices)
}

/// Writes `citationMetadata`, with the name for its list that the SDKs read from every endpoint. Each
/// span goes with where its text begins in all of them.
pub(super) fn write(candidate: &mut Writer<'_>, citations: &[(u32, &Citation)]) {
    if citations.is_empty() {
        return;
    }
    candidate.key("citationMetadata").object(|metadata| {
        metadata.key("citationSources").array(|list| {
            for (before, citation) in citations {
                list.object(|object| write_one(object, *before, citation));
            }
        });
    });
}

fn write_one(object: &mut Writer<'_>, before: u32, citation: &Citation) {
    if let Some((start, end)) = citation.span {
        object.value("startIndex", start.saturating_add(before));
        object.value("endIndex", end.saturating_add(before));
    }
    object.text_if("uri", citation.url.as_deref());
    object.text_if("title", citation.title.as_deref());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_is_named_without_end_is_told_so_often_and_no_more() {
        let indices = vec!["0"; 5_000].join(",");
        let json = format!(
            r#"{{"groundingChunks":[{{"web":{{"uri":"u"}}}}],"groundingSupports":[{{"segment":{{"endIndex":1}},"groundingChunkIndices":[{indices}]}}]}}"#
        );
        let value = Value { raw: json.as_bytes(), start: 0 };
        assert_eq!(grounded(Some(value)).len(), MAX_SOURCES);
    }
}
