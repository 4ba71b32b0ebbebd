//! One generation of settings, with what was made of them. A call keeps the one it came in on.

use std::sync::Arc;

use failsoft_config::{ModelName, Settings};
use failsoft_engine::{Route, RouteId, TargetId};
use failsoft_journal::{Names, TargetName};
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
    /// `None`: the model the client asked for.
    pub(crate) model: Option<String>,
    /// The part of its name before the slash.
    pub(crate) provider: String,
    /// Its name as a header's value, if it can be one.
    pub(crate) label: Option<HeaderValue>,
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
            let provider = settings.providers.get(info.provider)?.name.clone();
            let label = HeaderValue::try_from(&info.name).ok();
            Some(Place { endpoint: Arc::clone(endpoint), key: info.key, model, provider, label })
        };
        let places: Option<Vec<Place>> = settings.targets.iter().map(place).collect();
        let places = places
            .ok_or_else(|| StartError::Provider("a target names no provider entry".to_owned()))?;
        let names = Arc::new(names(&settings, &places));
        Ok(Self { settings: Arc::new(settings), names, places })
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
        let place = self.places.get(usize::from(target.0))?;
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
