//! What a route's hedges cannot do, with the targets it has.

use std::collections::BTreeSet;

use failsoft_provider::Cancel;

use crate::report::{At, say};
use crate::{ModelName, Provider};

/// Warns of targets that hedges cannot use, or gain nothing from.
pub(super) fn check(
    route: &str,
    tiers: &[Vec<(usize, ModelName)>],
    providers: &[Provider],
    at: &At<'_>,
) {
    let targets: Vec<(&Provider, &str)> = tiers
        .iter()
        .flatten()
        .filter_map(|(provider, model)| {
            let model = match model {
                ModelName::Fixed(model) => model.as_str(),
                ModelName::AsAsked => "*",
            };
            Some((providers.get(*provider)?, model))
        })
        .collect();
    let entries: BTreeSet<&str> = targets.iter().map(|(entry, _)| entry.name.as_str()).collect();
    match (targets.as_slice(), entries.first()) {
        ([(entry, _)], _) if entry.keys.len() <= 1 => at.warn(
            say(format!("no call of `{route}` is hedged: it has one target"))
                .hint("a hedge goes to another one; add it to `tiers`"),
        ),
        (_, Some(entry)) if entries.len() == 1 => at.warn(
            say(format!("all targets of `{route}` are of the provider `{entry}`"))
                .hint("what makes one of them slow often slows the others; add another provider"),
        ),
        _ => {}
    }
    for (entry, model) in targets {
        if entry.facts(model).cancel == Cancel::Billed {
            at.warn(
                say(format!(
                    "`{}/{model}` goes on with a cancelled call and bills it, so no call is hedged \
                     from it or to it",
                    entry.name
                ))
                .hint("where that is not so, write cancel = \"honoured\" at the model"),
            );
        }
    }
}
