//! From a call to a request.

use super::super::item::Origin;
use super::super::kept::OWN;
use super::schema::is_loosened;
use super::{parameters, rules};
use crate::neutral::{Call, Feature, Note, OutputFormat, Rule};
use crate::translate::{Destination, Encoded, Unfit};
use crate::write::Writer;

pub(crate) fn encode_call(call: &Call, to: &Destination<'_>) -> Result<Encoded, Unfit> {
    let origin = if call.rest.is_of(OWN) { Origin::Own } else { Origin::Other };
    let mut notes = match origin {
        Origin::Own => Vec::new(),
        Origin::Other => rules::judge(call)?,
    };
    let (tool, answer) = if origin == Origin::Other { is_loosened(call) } else { (false, false) };
    if tool {
        notes.push(Note { feature: Feature::StrictTools, rule: Rule::Drop });
    }
    if answer && to.follows_schemas {
        notes.push(Note { feature: Feature::JsonSchema, rule: Rule::Emulate });
    }
    if matches!(call.output, OutputFormat::Schema { .. }) && !to.follows_schemas {
        notes.push(Note { feature: Feature::JsonSchema, rule: Rule::Emulate });
    }
    let mut body = Vec::with_capacity(4_096);
    Writer::new(&mut body).object(|out| parameters::write(out, call, to, origin));
    Ok(Encoded { body, notes })
}
