//! `[log]` and `[telemetry]`, with the variables that OpenTelemetry gave a meaning everywhere.

use secrecy::SecretString;

use super::Surroundings;
use crate::base_url;
use crate::choice::Short;
use crate::report::{At, Words, say};
use crate::spec::{KeyPlaceSpec, KeySpec};
use crate::watching::{LogFormatSpec, LogLevelSpec, LogSpec, OtlpProtocolSpec, TelemetrySpec};
use crate::{BaseUrl, GenAiNames, Log, LogFormat, LogLevel, OtlpProtocol, Telemetry};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const SAMPLE: &str = "OTEL_TRACES_SAMPLER_ARG";
const SERVICE: &str = "OTEL_SERVICE_NAME";
const DISABLED: &str = "OTEL_SDK_DISABLED";
const OPT_IN: &str = "OTEL_SEMCONV_STABILITY_OPT_IN";
/// The member of `OPT_IN` that asks for the newest names.
const LATEST: &str = "gen_ai_latest_experimental";

pub(super) const fn check_log(spec: &LogSpec) -> Log {
    Log {
        format: match spec.format {
            LogFormatSpec::Pretty => LogFormat::Pretty,
            LogFormatSpec::Json => LogFormat::Json,
        },
        level: match spec.level {
            LogLevelSpec::Error => LogLevel::Error,
            LogLevelSpec::Warn => LogLevel::Warn,
            LogLevelSpec::Info => LogLevel::Info,
            LogLevelSpec::Debug => LogLevel::Debug,
            LogLevelSpec::Trace => LogLevel::Trace,
        },
    }
}

/// What is written stands above the variables, and without an address nothing is sent.
pub(super) fn check(
    spec: TelemetrySpec,
    at: &At<'_>,
    around: Surroundings<'_>,
) -> Option<Telemetry> {
    let headers = headers(&spec, at, around);
    let endpoint = endpoint(spec.endpoint.as_deref(), at, around)?;
    let protocol = match spec.protocol {
        Some(OtlpProtocolSpec::Http) => OtlpProtocol::Http,
        Some(OtlpProtocolSpec::Grpc) => OtlpProtocol::Grpc,
        None => protocol(at, around),
    };
    let service = spec.service_name.as_deref().or_else(|| variable(SERVICE, around));
    Some(Telemetry {
        endpoint,
        protocol,
        headers,
        sample_millionths: spec.sample.map_or_else(|| sample(at, around), |it| it.milli * 1000),
        service_name: service.unwrap_or("failsoft").to_owned(),
        names: names(around),
    })
}

fn variable<'e>(name: &str, around: Surroundings<'e>) -> Option<&'e str> {
    around.env.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// A variable that cannot be used is told as what it is: nobody wrote it into these settings.
fn warn(name: &str, at: &At<'_>, words: Words) {
    at.key(name).warn(words);
}

fn endpoint(written: Option<&str>, at: &At<'_>, around: Surroundings<'_>) -> Option<BaseUrl> {
    if let Some(written) = written {
        // What cannot be read was reported before, with its place.
        return base_url::parse(written).ok();
    }
    let disabled = variable(DISABLED, around).is_some_and(|it| it.eq_ignore_ascii_case("true"));
    let value =
        variable(ENDPOINT, around).filter(|_| !disabled && !at.key("endpoint").was_refused())?;
    match base_url::parse(value) {
        Ok(url) => Some(url),
        Err(_) => {
            warn(
                ENDPOINT,
                at,
                say("the variable holds no address, so no traces are sent")
                    .hint("write one such as \"http://127.0.0.1:4318\""),
            );
            None
        }
    }
}

fn protocol(at: &At<'_>, around: Surroundings<'_>) -> OtlpProtocol {
    match variable(PROTOCOL, around) {
        None | Some("http/protobuf") => OtlpProtocol::Http,
        Some("grpc") => OtlpProtocol::Grpc,
        Some(_) => {
            let words = say("the variable holds no protocol that is spoken here, so it is HTTP");
            warn(PROTOCOL, at, words.hint("`grpc` and `http/protobuf` are"));
            OtlpProtocol::Http
        }
    }
}

fn sample(at: &At<'_>, around: Surroundings<'_>) -> u32 {
    let Some(value) = variable(SAMPLE, around) else { return Telemetry::ALL };
    match value.parse::<f64>() {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 0 and a million"
        )]
        Ok(share) if (0.0..=1.0).contains(&share) => (share * f64::from(Telemetry::ALL)) as u32,
        Ok(_) | Err(_) => {
            warn(
                SAMPLE,
                at,
                say("the variable holds no share between 0 and 1, so all calls are sent"),
            );
            Telemetry::ALL
        }
    }
}

fn names(around: Surroundings<'_>) -> GenAiNames {
    let asked = variable(OPT_IN, around).unwrap_or_default();
    if asked.split(',').any(|one| one.trim() == LATEST) {
        GenAiNames::Latest
    } else {
        GenAiNames::Settled
    }
}

fn headers(
    spec: &TelemetrySpec,
    at: &At<'_>,
    around: Surroundings<'_>,
) -> Vec<(String, SecretString)> {
    let mut found: Vec<(String, SecretString)> = Vec::new();
    for (name, value) in &spec.headers {
        let at = at.key("headers").key(name);
        if !is_header_name(name) {
            at.error(say(format!("`{}` is no header's name", name.escape_debug())));
        } else if let Some(value) = header(value, &at, around) {
            found.push((name.to_ascii_lowercase(), value));
        }
    }
    for pair in variable(HEADERS, around).into_iter().flat_map(|all| all.split(',')) {
        let parts = pair.split_once('=').map(|(name, value)| (name.trim(), decoded(value.trim())));
        match parts {
            Some((name, Some(value))) if is_header_name(name) && is_header_value(&value) => {
                let name = name.to_ascii_lowercase();
                if found.iter().all(|(known, _)| *known != name) {
                    found.push((name, SecretString::from(value)));
                }
            }
            Some(_) | None => {
                let words =
                    say("the variable holds something that is no header, which is left out");
                warn(HEADERS, at, words.hint("write name=value, and commas between several"));
            }
        }
    }
    found
}

fn header(spec: &KeySpec, at: &At<'_>, around: Surroundings<'_>) -> Option<SecretString> {
    let value = match spec {
        Short::Text(text) => text.clone(),
        Short::Table(KeyPlaceSpec { env: Some(name), file: None }) => {
            let Some(value) = variable(name, around) else {
                let shown = name.escape_debug();
                let words = say(format!("the environment variable `{shown}` is not set"));
                at.key("env").error(words.hint(format!("set it: export {shown}=…")));
                return None;
            };
            value.to_owned()
        }
        Short::Table(KeyPlaceSpec { env: None, file: Some(file) }) => {
            let path = around.path(file);
            match std::fs::read_to_string(&path) {
                Ok(text) => text.trim().to_owned(),
                Err(error) => {
                    let words = say(format!("{} cannot be read: {error}", path.display()));
                    at.key("file").error(words);
                    return None;
                }
            }
        }
        Short::Table(_) => {
            if !at.has_errors_below() {
                let words = say("it does not say where the value is");
                at.error(words.hint("write { env = \"NAME\" } or { file = \"PATH\" }"));
            }
            return None;
        }
    };
    if !is_header_value(&value) {
        at.error(say("it has signs in it that no header's value has"));
        return None;
    }
    Some(SecretString::from(value))
}

fn is_header_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

fn is_header_value(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_are_undone_or_refused() {
        for (text, expected) in [
            ("a", Some("a")),
            ("Bearer%20x%3D", Some("Bearer x=")),
            ("%", None),
            ("%2", None),
            ("%zz", None),
            ("%ff", None),
        ] {
            assert_eq!(decoded(text).as_deref(), expected, "{text}");
        }
    }
}
