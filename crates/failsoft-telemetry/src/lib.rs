//! Traces and logs of calls for OpenTelemetry collectors, made from calls that have ended.
