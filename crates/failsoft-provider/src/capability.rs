//! From what is known of a dialect and a model to what a target can do, and from what a call holds
//! to what it needs.

use failsoft_engine::{Capability, Need, Needs};
use failsoft_wire::neutral::{Call, Feature, Features, Rule};
use failsoft_wire::{Dialect, Reach};

use crate::ModelFacts;

/// What each need is for.
const BEHIND: &[(Need, &[Feature])] = &[
    (Need::Tools, &[Feature::Tools]),
    (Need::Images, &[Feature::Images, Feature::ImageUrls]),
    (Need::Files, &[Feature::Files, Feature::FileUrls]),
    (Need::AudioVideo, &[Feature::AudioVideo]),
    (Need::MediaOutput, &[Feature::MediaOutput]),
    (Need::JsonSchema, &[Feature::JsonSchema]),
    (Need::SeveralChoices, &[Feature::SeveralChoices]),
    (Need::HostedTools, &[Feature::HostedTools]),
    (Need::ServerState, &[Feature::ServerState]),
    (Need::CustomTools, &[Feature::CustomTools]),
    (Need::Logprobs, &[Feature::Logprobs]),
    (Need::Prefill, &[Feature::Prefill]),
    // No feature of a conversation: a call for vectors is told by its dialect.
    (Need::Embeddings, &[]),
    // Told by `unsaid`: whether a dialect has words for them depends on the call.
    (Need::ImageUrls, &[]),
    (Need::FileUrls, &[]),
    (Need::MediaFormats, &[]),
    (Need::ToolNames, &[]),
];

/// What a target of this dialect can do, for calls that are translated for it and for calls of its
/// own, which only its model can fail to serve. Of a model nothing is known of, everything is expected.
///
/// A schema is always kept to, or at least asked for in words, so no model lacks it; and a model
/// that takes no prefill gets the beginning of the answer as history.
#[must_use]
pub fn capability(dialect: Dialect, facts: Option<&ModelFacts>) -> Capability {
    let lacks = |need: Need| match (need, facts) {
        (_, None) => false,
        (Need::Tools | Need::CustomTools | Need::HostedTools, Some(facts)) => !facts.tools,
        (Need::Images, Some(facts)) => !facts.vision,
        (Need::Files, Some(facts)) => !facts.files,
        (Need::AudioVideo, Some(facts)) => !facts.audio,
        (
            Need::MediaOutput
            | Need::JsonSchema
            | Need::SeveralChoices
            | Need::ServerState
            | Need::Logprobs
            | Need::Prefill
            | Need::Embeddings
            | Need::ImageUrls
            | Need::FileUrls
            | Need::MediaFormats
            | Need::ToolNames,
            Some(_),
        ) => false,
    };
    let refuses =
        |features: &[Feature]| features.iter().all(|it| dialect.rule(*it) == Rule::Refuse);
    let embeds = Dialect::Embeddings.reach(dialect) == Reach::AsItIs;
    let able = |need: Need| !lacks(need) && (need != Need::Embeddings || embeds);
    let own = BEHIND.iter().filter(|(need, _)| able(*need));
    let can = BEHIND
        .iter()
        .filter(|(need, features)| able(*need) && (features.is_empty() || !refuses(features)));
    Capability {
        can: can.map(|(need, _)| *need).collect(),
        own: own.map(|(need, _)| *need).collect(),
        context: facts.and_then(|it| it.context),
        max_output: facts.and_then(|it| it.max_output),
    }
}

/// What a call of these features needs of a target.
#[must_use]
pub fn needs(features: Features) -> Needs {
    let asked = BEHIND.iter().filter(|(_, it)| it.iter().any(|one| features.contains(*one)));
    asked.map(|(need, _)| *need).collect()
}

/// What a call needs of a target of this dialect and cannot get, as far as the dialect's words for
/// it go.
#[must_use]
pub fn unsaid(dialect: Dialect, call: &Call) -> Option<Need> {
    let refused = dialect.refusal(call)?;
    let behind = || BEHIND.iter().find(|(_, features)| features.contains(&refused));
    Some(if refused == Feature::ImageUrls {
        Need::ImageUrls
    } else if refused == Feature::FileUrls {
        Need::FileUrls
    } else if dialect.rule(refused) == Rule::Refuse {
        behind().map_or(Need::MediaFormats, |(need, _)| *need)
    } else if refused == Feature::Tools {
        Need::ToolNames
    } else {
        Need::MediaFormats
    })
}

#[cfg(test)]
mod tests {
    use failsoft_engine::{Need, Needs};
    use failsoft_wire::Dialect;
    use failsoft_wire::neutral::{Feature, Features, Rule};

    use super::{BEHIND, capability, needs};
    use crate::{Cancel, ModelFacts};

    fn features(all: &[Feature]) -> Features {
        let mut set = Features::default();
        all.iter().for_each(|feature| set.insert(*feature));
        set
    }

    #[test]
    fn every_need_has_its_features() {
        let listed: Needs = BEHIND.iter().map(|(need, _)| *need).collect();
        assert_eq!(listed, Needs::ALL);
    }

    #[test]
    fn a_call_needs_what_it_holds() {
        use Feature::{FileUrls, HostedTools, ImageUrls, System, Temperature, Tools};
        for (held, all) in [
            (&[System, Temperature][..], &[][..]),
            (&[Tools], &[Need::Tools]),
            (&[ImageUrls, FileUrls], &[Need::Images, Need::Files]),
            (&[HostedTools, Tools], &[Need::Tools, Need::HostedTools]),
            (&[Feature::SeveralChoices], &[Need::SeveralChoices]),
        ] {
            assert_eq!(needs(features(held)).iter().collect::<Vec<_>>(), all);
        }
    }

    #[test]
    fn a_target_can_do_what_neither_its_dialect_nor_its_model_refuses() {
        let poor = ModelFacts {
            context: Some(512),
            max_output: Some(256),
            tools: false,
            vision: false,
            files: false,
            audio: false,
            json_schema: false,
            prefill: false,
            reasoning: false,
            cancel: Cancel::Billed,
            price: None,
        };
        let rich = ModelFacts { tools: true, vision: true, files: true, audio: true, ..poor };
        for dialect in Dialect::TARGETS {
            let unknown = capability(dialect, None);
            assert_eq!((unknown.context, unknown.max_output), (None, None));
            let embeds = matches!(dialect, Dialect::ChatCompletions | Dialect::Responses);
            for (need, features) in BEHIND.iter().filter(|(_, held)| !held.is_empty()) {
                let refused = features.iter().all(|it| dialect.rule(*it) == Rule::Refuse);
                assert_eq!(unknown.can.contains(*need), !refused, "{dialect} {need}");
                assert!(unknown.own.contains(*need), "{dialect} {need}");
            }
            assert_eq!(unknown.can.contains(Need::Embeddings), embeds);
            let rich = capability(dialect, Some(&rich));
            assert_eq!(rich.can, unknown.can);
            assert_eq!((rich.context, rich.max_output), (Some(512), Some(256)));
            let poor = capability(dialect, Some(&poor)).can;
            for need in [Need::Tools, Need::Images, Need::Files, Need::AudioVideo] {
                assert!(!poor.contains(need), "{dialect} {need}");
            }
            assert_eq!(poor.contains(Need::JsonSchema), unknown.can.contains(Need::JsonSchema));
        }
    }
}
