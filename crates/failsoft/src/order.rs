//! What is sent to one target: the call as it is, or written anew in the target's dialect.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use failsoft_wire::neutral::{Call, Feature, Note};
use failsoft_wire::{
    Destination, Dialect, Encoded, Presented, Reach, Unfit, read_seal, with_model,
};

use crate::ask::Ask;
use crate::clock::seconds_since_1970;
use crate::egress::{Order, Refusals, Translation, translatable};
use crate::generation::{Generation, Place};
use crate::seals::Seals;

/// What becomes of seals nobody is known to have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsaid {
    /// They are believed to be this target's own.
    Kept,
    /// A target has refused them.
    Removed,
}

/// A call and the target it is written for.
#[derive(Clone, Copy)]
pub(crate) struct Writing<'a> {
    pub(crate) ask: &'a Ask,
    pub(crate) place: &'a Place,
    pub(crate) generation: &'a Generation,
    pub(crate) seals: &'a Seals,
    pub(crate) unsaid: Unsaid,
    pub(crate) refusals: Refusals,
    /// The call that asks to go on, where another target's stream broke off.
    pub(crate) continuation: Option<&'a Call>,
}

/// Makes out the order for one target.
///
/// # Errors
/// When the call cannot be said in the target's dialect.
pub(crate) fn order(writing: &Writing<'_>) -> Result<Order, Unfit> {
    let Writing { ask, place, generation, .. } = *writing;
    let model = place.model(&ask.plain_name);
    let reach = ask.sent.dialect.reach(place.dialect);
    let written = match (reach, writing.continuation) {
        (Reach::Never, _) => return Err(Unfit { feature: Feature::ForeignParts }),
        (Reach::AsItIs | Reach::Translated, Some(call)) => writing.written(call)?,
        (Reach::AsItIs, None) if writing.must_be_written() => match ask.sent.neutral() {
            Some(call) => writing.written(call)?,
            // Nobody here understands it; perhaps the target does.
            None => as_it_is(ask, model),
        },
        (Reach::AsItIs, None) => as_it_is(ask, model),
        (Reach::Translated, None) => {
            let call = ask.sent.neutral().ok_or(Unfit { feature: Feature::ForeignParts })?;
            writing.written(call)?
        }
    };
    let translation = (reach == Reach::Translated).then(|| Translation {
        client: ask.sent.dialect,
        presented: presented(ask, place),
        notes: written.notes,
    });
    Ok(Order {
        endpoint: Arc::clone(&place.endpoint),
        key: place.key,
        dialect: if ask.sent.dialect == Dialect::Embeddings {
            ask.sent.dialect
        } else {
            place.dialect
        },
        delivery: ask.arrival.delivery,
        model: model.to_owned(),
        headers: match translation {
            Some(_) => translatable(&ask.sent.headers),
            None => ask.sent.headers.clone(),
        },
        body: written.body,
        translation,
        splicer: None,
        may_resume: generation
            .route(ask.arrival.route)
            .is_some_and(|route| route.policies.resume.max > 0),
        seam: None,
        onward: None,
        refusals: writing.refusals,
        repetition: generation.streams(ask.arrival.route).repetition,
    })
}

/// How an answer is given to the client where it is written anew.
pub(crate) fn presented(ask: &Ask, place: &Place) -> Presented {
    let model = place.model(&ask.plain_name);
    Presented {
        id: ask.id.clone(),
        model: model.to_owned(),
        created: seconds_since_1970(),
        include_usage: ask.include_usage,
        maker: Some(place.maker(model)),
    }
}

struct Written {
    body: [Bytes; 3],
    notes: Vec<Note>,
}

/// The client's own bytes, with another model's name where it differs.
fn as_it_is(ask: &Ask, model: &str) -> Written {
    let body = match &ask.model_span {
        Some(span) if model != ask.asked => with_model(&ask.sent.body, span, model),
        Some(_) | None => [ask.sent.body.clone(), Bytes::new(), Bytes::new()],
    };
    Written { body, notes: Vec::new() }
}

impl Writing<'_> {
    /// Whether the client's own bytes hold what this target would refuse: another target's seals.
    fn must_be_written(&self) -> bool {
        if self.ask.seals.is_empty() {
            return false;
        }
        let own = self.place.maker(self.place.model(&self.ask.plain_name));
        self.ask.seals.iter().any(|seal| {
            match read_seal(self.ask.sent.dialect, seal).maker.or_else(|| self.seals.maker(seal)) {
                Some(maker) => maker != own,
                None => self.unsaid == Unsaid::Removed,
            }
        })
    }

    /// The call in the target's dialect, without what other targets sealed.
    fn written(&self, call: &Call) -> Result<Written, Unfit> {
        let Self { ask, place, generation, seals, unsaid, .. } = *self;
        let model = place.model(&ask.plain_name);
        let own = place.maker(model);
        // Nobody speaks another dialect's seals; in its own, a target is believed until it refuses.
        let believed = ask.sent.dialect == place.dialect && unsaid == Unsaid::Kept;
        let known = |seal: &str| seals.maker(seal).or(believed.then_some(own));
        let facts = generation.facts(place, model);
        let to = Destination {
            model,
            maker: own,
            max_output: facts.max_output,
            follows_schemas: facts.json_schema,
            marks_prefill: place.endpoint.known.prefill().mark,
        };
        let mut call = Cow::Borrowed(call);
        if !ask.seals.is_empty() {
            call.to_mut().without_seals_of_others(own, &known);
        }
        let Encoded { body, notes } = place.dialect.encode_call(&call, &to)?;
        Ok(Written { body: [body.into(), Bytes::new(), Bytes::new()], notes })
    }
}
