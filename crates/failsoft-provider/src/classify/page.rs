//! Is it what the wire promises? A proxy's page is read by its status alone.

use failsoft_engine::{Failure, FailureKind};

use super::rule::{lasting, means};
use super::said::{Form, Said};
use super::status;

/// What a page, a proxy's report or nothing at all means; `None` when the API itself speaks.
pub(crate) fn read(said: &Said<'_>) -> Option<Failure> {
    let status = said.status?;
    let challenged = said.header("cf-mitigated").is_some();
    match (said.form, status) {
        // Our address or the payload was blocked on the way: neither the key nor the model.
        (Form::Page, 403) => Some(lasting(means(FailureKind::Network))),
        (_, 403) if challenged => Some(lasting(means(FailureKind::Network))),
        (Form::Page | Form::Problem, _) => Some(status::default(status)),
        // Without words from the API it is the address that is wrong, not the model.
        (Form::Text | Form::Empty, 404) => Some(status::default(status)),
        (Form::Json | Form::Text | Form::Empty, _) => None,
    }
}
