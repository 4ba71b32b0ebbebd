//! What this dialect alone knows: how it is read, kept, and written back.

use crate::Dialect;
use crate::neutral::{Json, Rest};
use crate::scan::Value;

/// This dialect.
pub(super) const OWN: Dialect = Dialect::Responses;

/// Where a message's own members are kept, in the first of its parts.
pub(super) const HEAD: &str = "\"head";

/// Where a refusal's message has its members, in its turn.
pub(super) const REFUSAL_HEAD: &str = "\"refusal";

/// Where a definition is kept as it was written.
pub(super) const RAW: &str = "\"raw";

/// Where a hosted tool stood among the others.
pub(super) const AT: &str = "\"at";

/// A part that goes on with the message of the part before.
pub(super) const MORE: &str = "more";

/// Words that were a message's content by themselves, not in a list.
pub(super) const STRING: &str = "string";

/// Something that is an item of its own, with all its members.
pub(super) const ITEM: &str = "item";

/// Something that belongs to a custom tool.
pub(super) const CUSTOM: &str = "custom";

/// An image that a tool of the provider's made.
pub(super) const MADE: &str = "made";

/// A sound, which only some of those who speak this dialect hear.
pub(super) const SOUND: &str = "sound";

/// Base64 without the media type before it.
pub(super) const BARE: &str = "bare";

/// A member that was kept.
pub(super) fn kept<'a>(rest: &'a Rest, key: &str) -> Option<&'a Json> {
    rest.kept(OWN, key)
}

/// A string that was kept.
pub(super) fn kept_text(rest: &Rest, key: &str) -> Option<String> {
    let json = kept(rest, key)?;
    Value { raw: json.as_str().as_bytes(), start: 0 }.meaning()
}

/// Whether nothing of it would be written.
pub(super) fn is_plain(rest: &Rest) -> bool {
    rest.members_for(OWN).iter().all(|(key, _)| key.starts_with('"'))
}
