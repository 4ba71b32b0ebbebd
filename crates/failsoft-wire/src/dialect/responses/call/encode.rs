//! From a call to a request.

use super::super::item::Origin;
use super::super::kept::OWN;
use super::{parameters, rules};
use crate::dialect::notes::Notes;
use crate::neutral::{Call, Feature, OutputFormat};
use crate::translate::{Destination, Encoded, Unfit};
use crate::write::Writer;

pub(crate) fn encode_call(call: &Call, to: &Destination<'_>) -> Result<Encoded, Unfit> {
    let origin = if call.rest.is_of(OWN) { Origin::Own } else { Origin::Other };
    let mut notes = match origin {
        Origin::Own => Notes::default(),
        Origin::Other => rules::judge(call, to.model)?,
    };
    let is_schema = matches!(call.output, OutputFormat::Schema { .. });
    notes.emulated_if(Feature::JsonSchema, is_schema && !to.follows_schemas);
    let mut body = Vec::with_capacity(4_096);
    Writer::new(&mut body).object(|out| parameters::write(out, call, to, origin));
    Ok(Encoded { body, notes: notes.into_vec() })
}
