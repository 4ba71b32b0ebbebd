//! `[log]` and `[telemetry]` as people write them: what those who watch are told, and where.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::KeySpec;
use crate::units::Share;

/// What is written to standard error. Taken over at the start only.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSpec {
    /// How a line looks; `--log-format` stands above it.
    pub(crate) format: LogFormatSpec,
    /// How much is written; `RUST_LOG` stands above it. A healthy call is told from `debug` on.
    pub(crate) level: LogLevelSpec,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormatSpec {
    /// For people.
    #[default]
    Pretty,
    /// For programs: one object a line.
    Json,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogLevelSpec {
    /// What an operator must look at now.
    Error,
    /// And what failed.
    Warn,
    /// And what changed.
    #[default]
    Info,
    /// And every attempt.
    Debug,
    /// Everything.
    Trace,
}

/// Where traces and logs of calls are sent. Taken over at the start only.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TelemetrySpec {
    /// The collector's address, e.g. `http://127.0.0.1:4318` (4317 for gRPC). Where nothing is
    /// said, that of `OTEL_EXPORTER_OTLP_ENDPOINT`; without both nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "base-url"))]
    pub(crate) endpoint: Option<String>,
    /// How it is spoken to. Where nothing is said, as `OTEL_EXPORTER_OTLP_PROTOCOL` has it, else
    /// over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) protocol: Option<OtlpProtocolSpec>,
    /// Extra headers for the collector: `{ env = "NAME" }`, `{ file = "PATH" }`, or the value
    /// itself. Those of `OTEL_EXPORTER_OTLP_HEADERS` are sent too.
    #[serde(skip_serializing)]
    pub(crate) headers: BTreeMap<String, KeySpec>,
    /// The share of healthy calls that is sent where the client does not say. A call in which
    /// anything failed, waited or was refused is always sent. Where nothing is said, that of
    /// `OTEL_TRACES_SAMPLER_ARG`, else all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sample: Option<Share>,
    /// The name all of it carries. Where nothing is said, `OTEL_SERVICE_NAME`, else `failsoft`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_name: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OtlpProtocolSpec {
    /// Protobuf over HTTP.
    Http,
    /// gRPC.
    Grpc,
}
