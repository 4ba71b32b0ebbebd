//! `[routes.NAME]`, and the routes nobody wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use failsoft_engine::{CredentialId, Need, Needs, Prefer, Profile, Route, Target, TargetId};
use failsoft_wire::Dialect;

use super::hedging;
use super::keys::fingerprint;
use super::providers::Checked as Providers;
use crate::nearest::suggest;
use crate::policy::{Checked as Policies, PoliciesSpec};
use crate::report::{At, Words, say};
use crate::spec::RouteSpec;
use crate::{ModelName, Provider, RouteInfo, TargetInfo, Texts, form};

/// Routes and targets, written ones first.
pub(super) struct Built {
    pub(super) engine_routes: Vec<Arc<Route>>,
    pub(super) engine_targets: Vec<Target>,
    pub(super) targets: Vec<TargetInfo>,
    pub(super) routes: Vec<RouteInfo>,
    /// How many of them people wrote.
    pub(super) written: usize,
}

/// Provider entries that a route names.
pub(super) fn used_providers(routes: &BTreeMap<String, RouteSpec>) -> BTreeSet<String> {
    let targets = routes.values().flat_map(|route| route.tiers.iter().flatten());
    targets.filter_map(|target| Some(target.split_once('/')?.0.to_owned())).collect()
}

pub(super) fn check(
    mut specs: BTreeMap<String, RouteSpec>,
    policy: PoliciesSpec,
    providers: &Providers,
    at: &At<'_>,
) -> Built {
    let defaults = policy.check(&at.key("policy"), Profile::Interactive, Prefer::default());
    let mut builder = Builder::new(&providers.usable);
    let here = at.key("routes");
    for entry in here.table().map(|table| table.0.as_slice()).unwrap_or_default() {
        let Some(spec) = specs.remove(&entry.key) else { continue };
        check_route(&entry.key, spec, providers, (&mut builder, &here.key(&entry.key)));
    }
    let written = builder.routes.len();
    check_patterns(&builder.routes, &here);
    for (index, provider) in providers.usable.iter().enumerate() {
        let tier = vec![(index, ModelName::AsAsked)];
        let route = Draft {
            name: format!("{}/*", provider.name),
            models: Vec::new(),
            dialect: provider.dialect,
            tiers: vec![tier],
        };
        builder.add(route, &defaults);
    }
    if builder.targets.len() > usize::from(u16::MAX) {
        at.error(say(format!("{} targets are more than 65535", builder.targets.len())));
    }
    Built {
        engine_routes: builder.engine_routes,
        engine_targets: builder.engine_targets,
        targets: builder.targets,
        routes: builder.routes,
        written,
    }
}

fn check_route(
    name: &str,
    spec: RouteSpec,
    providers: &Providers,
    (builder, at): (&mut Builder<'_>, &At<'_>),
) {
    if name.is_empty()
        || name.contains('*')
        || name.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        at.error(
            say(format!("`{}` cannot name a route", name.escape_debug()))
                .hint("use no spaces and no `*`; patterns are written as `models`"),
        );
    }
    for (index, pattern) in spec.models.iter().enumerate() {
        if pattern.is_empty() || pattern.chars().any(|c| c.is_whitespace() || c.is_control()) {
            at.key("models")
                .index(index)
                .error(say("a model's name is not empty and has no spaces"));
        }
    }
    let tiers = check_tiers(&spec.tiers, providers, at);
    warn_of_mixed_vectors(&tiers, at);
    let profile = Profile::from(spec.profile);
    let prefer = Prefer::from(spec.prefer);
    let models = spec.models.clone();
    let policies = spec.into_policies().check(at, profile, prefer);
    if policies.policies.hedge.enabled {
        hedging::check(name, &tiers.tiers, &providers.usable, &at.key("hedge").key("enabled"));
    }
    let Some(dialect) = tiers.dialect else { return };
    builder.add(Draft { name: name.to_owned(), models, dialect, tiers: tiers.tiers }, &policies);
}

/// Vectors of two models cannot be compared, so a call for them goes to one model only.
fn warn_of_mixed_vectors(tiers: &Tiers, at: &At<'_>) {
    let names = tiers.tiers.iter().flatten().filter_map(|(_, model)| match model {
        ModelName::Fixed(model) => Some(bare(model)),
        ModelName::AsAsked => None,
    });
    let (vectors, words): (Vec<&str>, Vec<&str>) = names.partition(|name| name.contains("embed"));
    let Some(first) = vectors.first() else { return };
    if let Some(chat) = words.first() {
        at.key("tiers").warn(
            say(format!(
                "`{chat}` makes no vectors, and `{first}` no answers: none stands in for the other"
            ))
            .hint("make a route for each"),
        );
    }
    if let Some(other) = vectors.iter().find(|name| *name != first) {
        at.key("tiers").warn(
            say(format!("`{other}` never stands in for `{first}` when vectors are asked for"))
                .hint("vectors of two models cannot be compared: make a route for each"),
        );
    }
}

#[derive(Default)]
struct Tiers {
    tiers: Vec<Vec<(usize, ModelName)>>,
    /// That of the first target which could be found.
    dialect: Option<Dialect>,
}

fn check_tiers(written: &[Vec<String>], providers: &Providers, at: &At<'_>) -> Tiers {
    let here = at.key("tiers");
    if written.is_empty() && !here.was_refused() {
        here.error(say("a route needs targets").hint("write tiers = [[\"provider/model\"]]"));
    }
    let mut tiers = Tiers::default();
    let mut seen = BTreeSet::new();
    for (row, names) in written.iter().enumerate() {
        let mut tier = Vec::new();
        if names.is_empty() {
            here.index(row).error(say("the tier is empty").hint("leave it out"));
        }
        for (column, name) in names.iter().enumerate() {
            let place = here.index(row).index(column);
            if !seen.insert(name) {
                place.error(
                    say(format!("`{}` is already a target of this route", name.escape_debug()))
                        .hint(
                            "the engine itself comes back to a target when it pays; name it once",
                        ),
                );
                continue;
            }
            match find_target(name, providers) {
                Ok((provider, model)) => {
                    tiers.dialect.get_or_insert(providers.usable[provider].dialect);
                    tier.push((provider, model));
                }
                Err(Some(words)) => place.error(words),
                Err(None) => {}
            }
        }
        tiers.tiers.push(tier);
    }
    tiers
}

/// A target's provider and model; no words when its provider was reported already.
fn find_target(name: &str, providers: &Providers) -> Result<(usize, ModelName), Option<Words>> {
    let shown = name.escape_debug();
    let Some((entry, model)) = name.split_once('/') else {
        return Err(Some(
            say(format!("`{shown}` is no target"))
                .hint("write \"provider/model\" or \"provider/*\""),
        ));
    };
    if !providers.names.contains(entry) {
        let names = providers.names.iter().map(String::as_str);
        let words = say(format!("there is no provider `{}`", entry.escape_debug()));
        let known = failsoft_provider::known(entry).is_some();
        return Err(Some(if known {
            words.hint(format!("add [providers.{entry}]"))
        } else {
            words.hint_if(suggest(entry, names, "providers here"))
        }));
    }
    let model = match model {
        "*" => ModelName::AsAsked,
        "" => {
            return Err(Some(
                say(format!("`{shown}` names no model")).hint("write \"provider/model\""),
            ));
        }
        model
            if model.contains('*')
                || model.chars().any(|c| c.is_whitespace() || c.is_control()) =>
        {
            return Err(Some(say(format!("`{shown}` is no target")).hint(
                "a target is one model, or `provider/*` for the one the client asked for; patterns \
                 are written as `models`",
            )));
        }
        model => ModelName::Fixed(model.to_owned()),
    };
    providers.find(entry).map(|provider| (provider, model)).ok_or(None)
}

/// A name that leads to two routes leads to the wrong one.
fn check_patterns(routes: &[RouteInfo], at: &At<'_>) {
    let mut owners: BTreeMap<(Dialect, &str), &str> = BTreeMap::new();
    for route in routes {
        for (index, pattern) in route.models.iter().enumerate() {
            let place = at.key(&route.name).key("models").index(index);
            let owner = owners.insert((route.dialect, pattern), &route.name);
            if let Some(owner) = owner {
                place.error(say(format!("`{pattern}` leads to the route `{owner}` already")));
            } else if *pattern != route.name && routes.iter().any(|other| other.name == *pattern) {
                place.error(say(format!("`{pattern}` is the name of a route, which comes first")));
            }
        }
    }
}

struct Draft {
    name: String,
    models: Vec<String>,
    dialect: Dialect,
    tiers: Vec<Vec<(usize, ModelName)>>,
}

/// Gives numbers to targets, credentials and models.
struct Builder<'p> {
    providers: &'p [Provider],
    credentials: BTreeMap<(usize, Option<usize>), u16>,
    models: BTreeMap<(usize, String), u16>,
    /// Bare names, whoever has a model of that name.
    names: BTreeMap<String, u16>,
    engine_routes: Vec<Arc<Route>>,
    engine_targets: Vec<Target>,
    targets: Vec<TargetInfo>,
    routes: Vec<RouteInfo>,
}

impl<'p> Builder<'p> {
    const fn new(providers: &'p [Provider]) -> Self {
        Self {
            providers,
            credentials: BTreeMap::new(),
            models: BTreeMap::new(),
            names: BTreeMap::new(),
            engine_routes: Vec::new(),
            engine_targets: Vec::new(),
            targets: Vec::new(),
            routes: Vec::new(),
        }
    }

    fn add(&mut self, route: Draft, policies: &Policies) {
        let tiers: Vec<Vec<TargetId>> = route
            .tiers
            .iter()
            .map(|tier| {
                tier.iter()
                    .flat_map(|target| self.targets_of(target, &route.name, policies))
                    .collect()
            })
            .collect();
        let lacking = self.lacking(&tiers);
        self.engine_routes.push(Arc::new(Route {
            name: route.name.clone(),
            tiers,
            policies: policies.policies.clone(),
        }));
        self.routes.push(RouteInfo {
            name: route.name,
            models: route.models,
            dialect: route.dialect,
            lacking,
            reply: Texts(policies.reply.0.clone()),
            message: Texts(policies.message.0.clone()),
            streams: policies.streams.clone(),
        });
    }

    /// One target for each key of the provider.
    fn targets_of(
        &mut self,
        (provider, model): &(usize, ModelName),
        route: &str,
        policies: &Policies,
    ) -> Vec<TargetId> {
        let keys = self.providers[*provider].keys.len();
        let keys: Vec<Option<usize>> =
            if keys == 0 { vec![None] } else { (0..keys).map(Some).collect() };
        keys.into_iter()
            .map(|key| {
                let info = self.info(*provider, key, model);
                self.target(info, route, policies)
            })
            .collect()
    }

    /// By the client's dialect, what some target of these tiers cannot do.
    fn lacking(&self, tiers: &[Vec<TargetId>]) -> [Needs; 6] {
        let mut lacking = [Needs::NONE; 6];
        for dialect in Dialect::CLIENTS {
            let targets = tiers.iter().flatten();
            let targets = targets.filter_map(|id| self.engine_targets.get(usize::from(id.0)));
            let is_crossed = targets.clone().any(|target| target.form != form(dialect));
            let can = targets.fold(Needs::ALL, |can, target| {
                can.both(target.capability.of(target.form, Some(form(dialect))))
            });
            let by_form = Need::BY_FORM.into_iter().filter(|_| is_crossed).collect();
            lacking[dialect as usize] = Needs::ALL.without(can.without(by_form));
        }
        lacking
    }

    fn info(&self, provider: usize, key: Option<usize>, model: &ModelName) -> TargetInfo {
        let entry = &self.providers[provider];
        let asked = match model {
            ModelName::Fixed(model) => model,
            ModelName::AsAsked => "*",
        };
        TargetInfo {
            name: format!("{}/{asked}", entry.name),
            provider,
            key,
            credential: key
                .and_then(|key| entry.keys.get(key))
                .map_or_else(|| "none".to_owned(), fingerprint),
            model: model.clone(),
        }
    }

    /// The target of this description; routes share it when its breaker and limit are the same.
    fn target(&mut self, info: TargetInfo, route: &str, policies: &Policies) -> TargetId {
        let mut twins = self.targets.iter().zip(&self.engine_targets).enumerate();
        let shared = twins.find(|(_, (other, target))| {
            **other == info && target.breaker == policies.breaker && target.limit == policies.limit
        });
        if let Some((index, _)) = shared {
            return id(index);
        }
        let entry = &self.providers[info.provider].name;
        let model = info.name.get(entry.len() + 1..).unwrap_or_default().to_owned();
        // The fingerprint, not the key's place: state follows a key when the pool is sorted anew,
        // and ends with it when it is replaced.
        let mut key = match info.key {
            Some(_) => format!("{entry}#{}/{model}", info.credential),
            None => format!("{entry}/{model}"),
        };
        while self.engine_targets.iter().any(|target| target.key == key) {
            key = format!("{key}@{route}");
        }
        let names = self.names.len();
        let name = *self.names.entry(bare(&model).to_owned()).or_insert(id(names).0);
        let provider = &self.providers[info.provider];
        let facts = provider.facts(&model);
        let (credentials, models) = (self.credentials.len(), self.models.len());
        let credential =
            *self.credentials.entry((info.provider, info.key)).or_insert(id(credentials).0);
        let number = *self.models.entry((info.provider, model)).or_insert(id(models).0);
        self.engine_targets.push(Target {
            key,
            credential: CredentialId(credential),
            model: number,
            model_name: name,
            any_model: info.model == ModelName::AsAsked,
            form: form(provider.dialect),
            capability: failsoft_provider::capability(provider.dialect, Some(&facts)),
            provider: u16::try_from(info.provider).unwrap_or(u16::MAX),
            prefill: facts.prefill,
            cancel: facts.cancel,
            price: facts.price,
            quota: provider.quota,
            breaker: policies.breaker.clone(),
            limit: policies.limit.clone(),
        });
        self.targets.push(info);
        id(self.targets.len() - 1)
    }
}

/// The name of a model without its maker before it, as relays write it.
fn bare(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

/// Too many of them are reported in the end.
fn id(index: usize) -> TargetId {
    TargetId(u16::try_from(index).unwrap_or(u16::MAX))
}
