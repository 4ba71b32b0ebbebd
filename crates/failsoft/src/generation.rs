//! One generation of settings, with what was made of them. A call keeps the one it came in on.

use std::sync::Arc;

use failsoft_config::{ModelFacts, ModelName, RouteChoice, Settings, Streams};
use failsoft_engine::{CredentialId, Price, Route, RouteId, TargetId};
use failsoft_journal::{Names, TargetName};
use failsoft_wire::Dialect;
use failsoft_wire::neutral::Maker;
use http::HeaderValue;

use crate::StartError;
use crate::egress::Endpoint;

/// Settings and what was made of them.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) settings: Arc<Settings>,
    pub(crate) names: Arc<Names>,
    /// By target id.
    pub(crate) places: Vec<Place>,
}

/// Where a target is.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) key: Option<usize>,
    /// What it speaks.
    pub(crate) dialect: Dialect,
    /// A fingerprint of the provider entry and its key.
    account: Fingerprint,
    /// An index into the settings' provider entries.
    entry: usize,
    /// `None`: the model the client asked for.
    pub(crate) model: Option<String>,
    /// The part of its name before the slash.
    pub(crate) provider: String,
    /// What its model costs, where that is one model.
    price: Option<Price>,
    /// Its name as a header's value, if it can be one.
    pub(crate) label: Option<HeaderValue>,
}

impl Place {
    /// Who seals what this model says there. It stays the same over restarts, and with the key.
    pub(crate) fn maker(&self, model: &str) -> Maker {
        self.account.with(model).maker()
    }

    /// The model it is asked for; `asked` if it takes whatever the client names.
    pub(crate) fn model<'a>(&'a self, asked: &'a str) -> &'a str {
        self.model.as_deref().unwrap_or(asked)
    }
}

/// A hash that is the same on every machine: FNV-1a, 64 bits.
#[derive(Clone, Copy, Debug)]
struct Fingerprint(u64);

impl Fingerprint {
    const START: Self = Self(0xcbf2_9ce4_8422_2325);

    /// Adds a text and its end.
    fn with(self, text: &str) -> Self {
        let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(text.bytes().chain([0xff]).fold(self.0, add))
    }

    const fn maker(self) -> Maker {
        Maker(self.0)
    }
}

impl Generation {
    pub(crate) fn new(settings: Settings) -> Result<Self, StartError> {
        let endpoints: Vec<Arc<Endpoint>> = settings
            .providers
            .iter()
            .map(|provider| Endpoint::new(provider).map(Arc::new))
            .collect::<Result<_, _>>()?;
        let place = |info: &failsoft_config::TargetInfo| {
            let endpoint = endpoints.get(info.provider)?;
            let model = match &info.model {
                ModelName::Fixed(model) => Some(model.clone()),
                ModelName::AsAsked => None,
            };
            let entry = settings.providers.get(info.provider)?;
            let price = model.as_deref().and_then(|model| entry.facts(model).price);
            Some(Place {
                endpoint: Arc::clone(endpoint),
                key: info.key,
                dialect: entry.dialect,
                account: Fingerprint::START.with(&entry.name).with(&info.credential),
                entry: info.provider,
                model,
                price,
                provider: entry.name.clone(),
                label: HeaderValue::try_from(&info.name).ok(),
            })
        };
        let places: Option<Vec<Place>> = settings.targets.iter().map(place).collect();
        let places = places
            .ok_or_else(|| StartError::Provider("a target names no provider entry".to_owned()))?;
        let names = Arc::new(names(&settings, &places));
        Ok(Self { settings: Arc::new(settings), names, places })
    }

    pub(crate) fn place(&self, target: TargetId) -> Option<&Place> {
        self.places.get(usize::from(target.0))
    }

    /// The account, among those of a route, that keeps what this maker made.
    pub(crate) fn keeper(&self, choice: &RouteChoice, maker: Maker) -> Option<CredentialId> {
        let targets = self.route(choice.route)?.tiers.iter().flatten();
        let of_maker = |target: &&TargetId| {
            let place = self.place(**target);
            place.is_some_and(|place| place.maker(place.model(&choice.model)) == maker)
        };
        let target = targets.into_iter().find(of_maker)?;
        Some(self.settings.engine.targets.get(usize::from(target.0))?.credential)
    }

    /// What is known of a model at a target's provider entry.
    pub(crate) fn facts(&self, place: &Place, model: &str) -> ModelFacts {
        let entry = self.settings.providers.get(place.entry);
        entry.map_or_else(ModelFacts::default, |entry| entry.facts(model))
    }

    /// What a model costs at a target.
    pub(crate) fn price(&self, place: &Place, model: &str) -> Option<Price> {
        match place.model {
            Some(_) => place.price,
            None => self.facts(place, model).price,
        }
    }

    /// How a route's streams are passed on.
    pub(crate) fn streams(&self, route: RouteId) -> &Streams {
        &self.settings.routes[usize::from(route.0)].streams
    }

    pub(crate) fn route(&self, route: RouteId) -> Option<&Arc<Route>> {
        self.settings.engine.routes.get(usize::from(route.0))
    }

    /// Whether a route's first target takes whatever model the client names.
    pub(crate) fn takes_any_model(&self, route: RouteId) -> bool {
        let first = self.route(route).and_then(|route| route.tiers.first()?.first());
        let target = first.and_then(|first| self.settings.engine.targets.get(usize::from(first.0)));
        target.is_some_and(|target| target.any_model)
    }

    /// A target as clients see it; `asked` is the model a target that takes any was asked for.
    pub(crate) fn label(&self, target: TargetId, asked: &str) -> Option<HeaderValue> {
        let place = self.place(target)?;
        match &place.model {
            Some(_) => place.label.clone(),
            None => HeaderValue::try_from(format!("{}/{asked}", place.provider)).ok(),
        }
    }
}

fn names(settings: &Settings, places: &[Place]) -> Names {
    let target = |(info, place): (&failsoft_config::TargetInfo, &Place)| TargetName {
        name: info.name.clone(),
        provider: place.provider.clone(),
        credential: info.credential.clone(),
    };
    Names {
        routes: settings.routes.iter().map(|route| route.name.clone()).collect(),
        targets: settings.targets.iter().zip(places).map(target).collect(),
        credentials: credentials(settings),
    }
}

/// For each credential the first target that uses it.
fn credentials(settings: &Settings) -> Vec<TargetId> {
    let mut first = Vec::new();
    for (target, number) in settings.engine.targets.iter().zip(0_u16..) {
        let place = usize::from(target.credential.0);
        if first.len() <= place {
            first.resize(place + 1, TargetId(number));
        }
    }
    first
}
