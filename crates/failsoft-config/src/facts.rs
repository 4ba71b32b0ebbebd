//! What is known of models: the built-in table, and what settings say above it.

use failsoft_provider::{Cancel, ModelFacts, Price};

use crate::Provider;
use crate::routing::matches;
use crate::spec::{CancelSpec, ModelSpec, PriceSpec};

impl Provider {
    /// What is known of one of its models. Of unknown ones everything but prefill is assumed.
    #[must_use]
    pub fn facts(&self, model: &str) -> ModelFacts {
        let table = failsoft_provider::facts(self.known.id, model);
        let unknown = || ModelFacts { cancel: self.known.cancel(), ..ModelFacts::default() };
        let mut facts = table.cloned().unwrap_or_else(unknown);
        facts.prefill &= self.known.prefill().is_taken_at(&self.base_url.path);
        let fitting = self.models.iter().filter(|(name, _)| matches(name, model));
        // The longest name says most, and an exact one is longer than any pattern that fits.
        if let Some((_, spec)) = fitting.max_by_key(|(name, _)| (!name.contains('*'), name.len())) {
            spec.stand_above(&mut facts);
        }
        facts
    }
}

impl ModelSpec {
    fn stand_above(&self, facts: &mut ModelFacts) {
        facts.context = self.context.or(facts.context);
        facts.max_output = self.max_output.or(facts.max_output);
        facts.prefill = self.prefill.unwrap_or(facts.prefill);
        facts.tools = self.tools.unwrap_or(facts.tools);
        facts.vision = self.vision.unwrap_or(facts.vision);
        facts.files = self.files.unwrap_or(facts.files);
        facts.audio = self.audio.unwrap_or(facts.audio);
        facts.json_schema = self.json_schema.unwrap_or(facts.json_schema);
        facts.reasoning = self.reasoning.unwrap_or(facts.reasoning);
        facts.cancel = self.cancel.map_or(facts.cancel, Cancel::from);
        facts.price = self.price.and_then(PriceSpec::price).or(facts.price);
    }
}

impl From<CancelSpec> for Cancel {
    fn from(spec: CancelSpec) -> Self {
        match spec {
            CancelSpec::Honoured => Self::Honoured,
            CancelSpec::Billed => Self::Billed,
        }
    }
}

impl PriceSpec {
    fn price(self) -> Option<Price> {
        Some(Price { input: self.input?.micros, output: self.output?.micros })
    }
}
