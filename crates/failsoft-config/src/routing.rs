//! Where a client's `model` leads.

use std::collections::HashMap;

use failsoft_engine::RouteId;
use failsoft_wire::{Dialect, Reach};

use crate::{Provider, RouteInfo};

/// Routes by the names that lead to them. It is asked once for each call.
#[derive(Debug, Default)]
pub(crate) struct RouteIndex {
    names: HashMap<String, RouteId>,
    /// Entries of `models` without a `*`.
    literals: HashMap<String, Vec<RouteId>>,
    /// The others, in the order written.
    patterns: Vec<(String, RouteId)>,
    /// The routes nobody wrote, by provider.
    providers: HashMap<String, RouteId>,
    /// The only provider of a dialect.
    alone: Vec<(Dialect, RouteId)>,
}

impl RouteIndex {
    /// `routes` are `written` ones, then one for each provider.
    pub(crate) fn new(routes: &[RouteInfo], written: usize, providers: &[Provider]) -> Self {
        let mut index = Self::default();
        for (route, info) in routes.iter().enumerate().take(written) {
            index.names.insert(info.name.clone(), id(route));
            for name in &info.models {
                if name.contains('*') {
                    index.patterns.push((name.clone(), id(route)));
                } else {
                    index.literals.entry(name.clone()).or_default().push(id(route));
                }
            }
        }
        for (offset, provider) in providers.iter().enumerate() {
            index.providers.insert(provider.name.clone(), id(written + offset));
        }
        for dialect in Dialect::CLIENTS {
            let mut speakers = providers
                .iter()
                .enumerate()
                .filter(|(_, p)| dialect.reach(p.dialect) == Reach::AsItIs);
            if let (Some((offset, _)), None) = (speakers.next(), speakers.next()) {
                index.alone.push((dialect, id(written + offset)));
            }
        }
        index
    }

    /// The route and the model to ask it for.
    pub(crate) fn find<'m>(
        &self,
        model: &'m str,
        dialect: Dialect,
        routes: &[RouteInfo],
    ) -> Option<(RouteId, &'m str)> {
        if model.is_empty() {
            return None;
        }
        let literals = self.literals.get(model).into_iter().flatten().copied();
        let patterns =
            self.patterns.iter().filter(|(pattern, _)| matches(pattern, model)).map(|(_, id)| *id);
        let lead = self
            .names
            .get(model)
            .copied()
            .or_else(|| best(literals.chain(patterns), dialect, routes));
        if let Some(route) = lead {
            return Some((route, model));
        }
        if let Some((provider, rest)) = model.split_once('/')
            && let Some(route) = self.providers.get(provider)
        {
            return (!rest.is_empty()).then_some((*route, rest));
        }
        let speaker = self.alone.iter().find(|(speaker, _)| *speaker == dialect);
        let only = self.providers.values().next().filter(|_| self.providers.len() == 1);
        speaker.map(|(_, route)| route).or(only).map(|route| (*route, model))
    }
}

/// The first route whose first target takes the call as it is, else the first.
fn best(
    leads: impl Iterator<Item = RouteId> + Clone,
    dialect: Dialect,
    routes: &[RouteInfo],
) -> Option<RouteId> {
    let passes = |route: &RouteId| {
        let info = routes.get(usize::from(route.0));
        info.is_some_and(|info| dialect.reach(info.dialect) == Reach::AsItIs)
    };
    leads.clone().find(passes).or_else(|| leads.clone().next())
}

/// Whether a name fits a pattern in which `*` stands for any run of characters.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(start) else { return false };
    let Some((middle, end)) = rest.rsplit_once('*') else { return name.ends_with(rest) };
    let Some(mut name) = name.strip_suffix(end) else { return false };
    // The first fit of each part leaves the most room for the next.
    for part in middle.split('*') {
        let Some(found) = name.find(part) else { return false };
        name = &name[found + part.len()..];
    }
    true
}

fn id(index: usize) -> RouteId {
    RouteId(u16::try_from(index).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, name, expected) in [
            ("gpt-5*", "gpt-5.6-mini", true),
            ("gpt-5*", "gpt-5", true),
            ("gpt-5*", "gpt-4", false),
            ("*", "", true),
            ("*", "anything", true),
            ("*-mini", "gpt-5-mini", true),
            ("*-mini", "gpt-5-mini-x", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "ac", false),
            ("a*ab", "ab", false),
            ("*a*a*", "a", false),
            ("ü*", "über", true),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
