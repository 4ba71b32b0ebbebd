//! Members of objects that this dialect keeps.

use super::HERE;
use crate::neutral::{Json, Rest};

/// A member that was kept for this dialect.
pub(super) fn kept<'a>(rest: &'a Rest, key: &str) -> Option<&'a str> {
    rest.kept(HERE, key).map(Json::as_str)
}
