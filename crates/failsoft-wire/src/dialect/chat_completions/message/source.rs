//! Where words come from: `annotations`.

use crate::dialect::chat_completions::kept::{OWN, whole};
use crate::neutral::Citation;
use crate::scan::Value;
use crate::write::Writer;

/// One entry of `annotations`.
pub(crate) fn citation(value: Value<'_>) -> Citation {
    let (mut url, mut title, mut quote) = (None, None, None);
    let (mut start, mut end) = (None, None);
    value.members(|key, value| {
        if key == b"url_citation" {
            value.members(|key, value| match key {
                b"url" => url = value.meaning(),
                b"title" => title = value.meaning(),
                b"content" => quote = value.meaning(),
                b"start_index" => start = value.count(),
                b"end_index" => end = value.count(),
                _ => {}
            });
        }
    });
    // Some servers write two zeros for what they do not know.
    let span = start.zip(end).filter(|(_, end)| *end > 0);
    Citation { url, title, quote, span, rest: whole(value) }
}

/// Writes an entry of `annotations`, if the dialect can hold it: sources have an address here.
/// `within` is where the cited text stands in the message.
pub(crate) fn write_citation(out: &mut Writer<'_>, citation: &Citation, within: (u32, u32)) {
    if citation.rest.is_of(OWN) {
        return out.object(|item| item.rest(&citation.rest, OWN));
    }
    let Some(url) = &citation.url else { return };
    let (start, end) = match citation.span {
        Some((start, end)) => (within.0.saturating_add(start), within.0.saturating_add(end)),
        None => within,
    };
    out.object(|item| {
        item.text("type", "url_citation");
        item.key("url_citation").object(|source| {
            source.text("url", url);
            source.text("title", citation.title.as_deref().unwrap_or(url));
            source.value("start_index", start);
            source.value("end_index", end);
            source.text_if("content", citation.quote.as_deref());
        });
    });
}
