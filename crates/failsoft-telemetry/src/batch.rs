//! Calls that ended, as the two messages a collector takes.

use std::sync::Arc;

use failsoft_config::{Settings, Telemetry};
use failsoft_journal::CallRecord;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

use crate::attributes::Attributes;
use crate::logs::logs;
use crate::names;
use crate::spans::{Around, spans};
use crate::told::Told;

/// What is said of who sends.
pub(crate) struct Sender {
    resource: Resource,
    scope: InstrumentationScope,
}

/// What came of some calls.
pub(crate) struct Batch {
    pub(crate) spans: Vec<Span>,
    pub(crate) logs: Vec<LogRecord>,
}

impl Batch {
    pub(crate) fn of(
        calls: &[Arc<CallRecord>],
        telemetry: &Telemetry,
        settings: Option<&Settings>,
    ) -> Self {
        let around = Around { settings, names: telemetry.names };
        let mut batch = Self { spans: Vec::with_capacity(calls.len() * 4), logs: Vec::new() };
        for call in calls {
            if let Some(told) = Told::of(call, |trace| telemetry.samples(trace)) {
                batch.spans.extend(spans(&told, &around));
                batch.logs.extend(logs(&told));
            }
        }
        batch
    }
}

impl Sender {
    /// `instance` tells this process from others of the same name.
    pub(crate) fn new(telemetry: &Telemetry, instance: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let attributes = Attributes::default()
            .text(names::SERVICE_NAME, &telemetry.service_name)
            .text(names::SERVICE_VERSION, version)
            .text(names::SERVICE_INSTANCE, instance);
        let scope = InstrumentationScope {
            name: "failsoft".to_owned(),
            version: version.to_owned(),
            ..InstrumentationScope::default()
        };
        let attributes = attributes.into_list();
        Self { resource: Resource { attributes, ..Resource::default() }, scope }
    }

    pub(crate) fn traces(&self, spans: Vec<Span>) -> ExportTraceServiceRequest {
        let scope = Some(self.scope.clone());
        let scope_spans = vec![ScopeSpans { scope, spans, ..ScopeSpans::default() }];
        let resource = Some(self.resource.clone());
        let all = ResourceSpans { resource, scope_spans, ..ResourceSpans::default() };
        ExportTraceServiceRequest { resource_spans: vec![all] }
    }

    pub(crate) fn logs(&self, log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
        let scope = Some(self.scope.clone());
        let scope_logs = vec![ScopeLogs { scope, log_records, ..ScopeLogs::default() }];
        let resource = Some(self.resource.clone());
        let all = ResourceLogs { resource, scope_logs, ..ResourceLogs::default() };
        ExportLogsServiceRequest { resource_logs: vec![all] }
    }
}
