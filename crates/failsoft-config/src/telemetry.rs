//! `[log]` and `[telemetry]` after the check.

use std::fmt;

use secrecy::SecretString;

use crate::BaseUrl;

/// What is written to standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// How much is written.
    pub level: LogLevel,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// For programs: one object a line.
    Json,
}

/// How much is written; each level and those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// What an operator must look at now.
    Error,
    /// What failed.
    Warn,
    /// What changed.
    #[default]
    Info,
    /// Every attempt.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Where traces and logs of calls are sent.
#[derive(Clone)]
pub struct Telemetry {
    /// The collector.
    pub endpoint: BaseUrl,
    /// How it is spoken to.
    pub protocol: OtlpProtocol,
    /// Extra headers for it, in lower case.
    pub headers: Vec<(String, SecretString)>,
    /// Healthy calls out of a million that are sent where the client does not say.
    pub sample_millionths: u32,
    /// The name all of it carries.
    pub service_name: String,
    /// What generative AI attributes are called.
    pub names: GenAiNames,
}

/// How a collector is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// Protobuf over HTTP.
    #[default]
    Http,
    /// gRPC.
    Grpc,
}

/// Which names generative AI attributes have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GenAiNames {
    /// Those most tools know.
    #[default]
    Settled,
    /// Those of the newest conventions, which may change.
    Latest,
}

impl Telemetry {
    /// All of a million.
    pub const ALL: u32 = 1_000_000;

    /// Whether a healthy call of this trace is sent, where its client does not say. The same for
    /// all who ask, and no trace's id decides more often than its share.
    #[must_use]
    pub const fn samples(&self, trace: u128) -> bool {
        // Our own ids count up, so they are mixed first (the finaliser of SplitMix64).
        let mut mixed = (trace >> 64) as u64 ^ (trace as u64).rotate_left(32);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (((mixed >> 32) * Self::ALL as u64) >> 32) < self.sample_millionths as u64
    }
}

impl fmt::Debug for Telemetry {
    /// The values of headers stay out of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("endpoint", &self.endpoint)
            .field("protocol", &self.protocol)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("sample_millionths", &self.sample_millionths)
            .field("service_name", &self.service_name)
            .field("names", &self.names)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_traces_that_is_sent_is_the_one_asked_for() {
        for (asked, low, high) in [(0, 0, 0), (10_000, 800, 1_200), (1_000_000, 100_000, 100_000)] {
            let telemetry = Telemetry {
                endpoint: BaseUrl { tls: false, host: String::new(), port: 1, path: String::new() },
                protocol: OtlpProtocol::Http,
                headers: Vec::new(),
                sample_millionths: asked,
                service_name: String::new(),
                names: GenAiNames::Settled,
            };
            let first = 0x0199_c2f4_7be1_1234_5678_0000_0000_0000_u128;
            let sent = (0..100_000_u128).filter(|n| telemetry.samples(first + n)).count();
            assert!((low..=high).contains(&sent), "{asked}: {sent}");
        }
    }
}
