//! The settings in force: every value, and where it comes from.

use std::path::Path;
use std::sync::Arc;

use failsoft::Body;
use failsoft_config::{EffectiveValue, Settings, ValueOrigin, effective};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::guard::refused;
use super::reply;
use crate::state::State;

/// Every value.
pub(super) async fn settings(state: &Arc<State>) -> Response<Body> {
    match values(state).await {
        Ok(values) => {
            let mut page = about(state);
            page["values"] = values.iter().map(|value| shown(value, &value.path)).collect();
            reply::json(StatusCode::OK, &page)
        }
        Err(words) => refused(StatusCode::SERVICE_UNAVAILABLE, &words),
    }
}

/// Every route: where it leads, and by what policy.
pub(super) async fn routes(state: &Arc<State>) -> Response<Body> {
    let values = match values(state).await {
        Ok(values) => values,
        Err(words) => return refused(StatusCode::SERVICE_UNAVAILABLE, &words),
    };
    let settings = state.failsoft.settings();
    let routes = settings.routes.iter().zip(&settings.engine.routes).map(|(info, route)| {
        let tiers = route.tiers.iter().map(|tier| {
            let named = tier.iter().filter_map(|target| Some((target, settings.target(*target)?)));
            named
                .map(|(target, info)| json!({ "id": target.0, "name": info.name }))
                .collect::<Value>()
        });
        let prefixes = [format!("routes.{}.", info.name), format!("routes.\"{}\".", info.name)];
        let below = |value: &&EffectiveValue| prefix(value, &prefixes).is_some();
        let values = values.iter().filter(below).map(|value| {
            let start = prefix(value, &prefixes).unwrap_or_default();
            shown(value, &value.path[start..])
        });
        json!({
            "name": info.name,
            "models": info.models,
            "dialect": info.dialect.as_str(),
            "written": is_written(&settings, &info.name, &info.models),
            "tiers": tiers.collect::<Value>(),
            "values": values.collect::<Value>(),
        })
    });
    let mut page = about(state);
    page["routes"] = routes.collect();
    reply::json(StatusCode::OK, &page)
}

/// A route that stands for a provider entry alone was written by nobody.
fn is_written(settings: &Settings, name: &str, models: &[String]) -> bool {
    let of_entry =
        settings.providers.iter().any(|entry| name.strip_suffix("/*") == Some(&*entry.name));
    !of_entry || !models.is_empty()
}

fn prefix(value: &EffectiveValue, prefixes: &[String]) -> Option<usize> {
    prefixes.iter().find(|prefix| value.path.starts_with(*prefix)).map(String::len)
}

fn about(state: &State) -> Value {
    json!({
        "file": state.reloads.file().map(|file| file.display().to_string()),
        "generation": state.reloads.generation(),
        "problems": state.reloads.problems(),
    })
}

/// Reads the text in force once more, off the calls' threads: keys may stand in files.
async fn values(state: &Arc<State>) -> Result<Vec<EffectiveValue>, String> {
    let state = Arc::clone(state);
    let read = tokio::task::spawn_blocking(move || {
        let Some(text) = state.reloads.text() else {
            return Err("this gateway was not started from a settings text".to_owned());
        };
        let folder = state.reloads.file().and_then(Path::parent).unwrap_or(Path::new("."));
        effective(&text, folder, state.reloads.env()).map_err(|problems| {
            let words = problems.0.first().map(|problem| problem.message.clone());
            let words = words.unwrap_or_default();
            format!("the settings in force cannot be read again: {words}")
        })
    });
    read.await.unwrap_or_else(|_| Err("the settings cannot be read".to_owned()))
}

fn shown(value: &EffectiveValue, path: &str) -> Value {
    let (from, line, name) = match &value.origin {
        ValueOrigin::BuiltIn => ("built_in", None, None),
        ValueOrigin::Text { line } => ("text", Some(*line), None),
        ValueOrigin::Policy { line } => ("policy", Some(*line), None),
        ValueOrigin::Variable(name) => ("variable", None, Some(name)),
    };
    json!({ "path": path, "value": value.value, "from": from, "line": line, "variable": name })
}
