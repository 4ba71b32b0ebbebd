//! The settings as people write them. Schema and reference are made from these types: the
//! comments here are what users read.

mod journal;

use std::borrow::Cow;
use std::collections::BTreeMap;

use failsoft_wire::Dialect;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::alerts::AlertsSpec;
use crate::choice::Short;
use crate::policy::{
    BeginAfterSpec, BreakerSpec, BudgetSpec, DegradeSpec, DeliverySpec, HeartbeatSpec, HedgeSpec,
    HoldsSpec, LimitSpec, PoliciesSpec, ProfileSpec, QuotaSpec, RepetitionSpec, ResumeSpec,
    RetrySpec, ThrottleSpec, TimeoutsSpec,
};
use crate::units::{Dollars, Length, Size};
use crate::watching::{LogSpec, TelemetrySpec};

pub(crate) use journal::{JournalSpec, UrlSpec};

/// Settings of failsoft.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "failsoft settings")]
pub(crate) struct Spec {
    /// The listeners and what they demand.
    pub(crate) server: ServerSpec,
    /// Where the record of calls is kept.
    pub(crate) journal: JournalSpec,
    /// What is written to standard error.
    pub(crate) log: LogSpec,
    /// Where traces and logs of calls are sent, by OpenTelemetry's protocol (OTLP).
    pub(crate) telemetry: TelemetrySpec,
    /// Who is told when something goes wrong.
    pub(crate) alerts: AlertsSpec,
    /// Services calls can go to, by name. A known name brings dialect, address, way to send the
    /// key, and failure table.
    pub(crate) providers: BTreeMap<String, ProviderSpec>,
    /// Names clients address as `model`, with the targets and policies behind them.
    pub(crate) routes: BTreeMap<String, RouteSpec>,
    /// The default policies of all routes. A route's own tables stand above them, key by key.
    pub(crate) policy: PoliciesSpec,
}

/// The listeners and what they demand.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerSpec {
    /// Where clients connect. Beyond loopback it needs `client_keys`.
    #[schemars(extend("format" = "socket-address"))]
    pub(crate) listen: String,
    /// Health, metrics and dashboard; never the clients' port.
    #[schemars(extend("format" = "socket-address"))]
    pub(crate) admin: String,
    /// Who may come in. Without it anybody who reaches the port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_keys: Option<ClientKeysSpec>,
    /// What opens the dashboard and its API: `{ env = "NAME" }` or `{ file = "PATH" }`. Without it
    /// only the link that is shown at the start on a terminal does, once.
    #[serde(skip_serializing)]
    pub(crate) admin_token: Option<KeySpec>,
    /// How much of a provider's words a client sees.
    pub(crate) errors: ErrorsSpec,
    /// The largest request body.
    pub(crate) max_body: Size,
    /// How long a request may take to arrive.
    pub(crate) read_timeout: Length,
    /// How long calls in flight may go on after a stop was asked for.
    pub(crate) drain: Length,
    /// Client connections held at once, and calls on all HTTP/2 connections together.
    pub(crate) max_connections: u32,
    /// Whether calls are counted for `/metrics`. Taken over at the start only.
    pub(crate) metrics: bool,
}

/// Where the hashes of client keys are.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientKeysSpec {
    /// Written by `failsoft keys`; relative to the settings file.
    pub(crate) file: String,
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorsSpec {
    /// None.
    #[default]
    Plain,
    /// The provider's words with secrets removed, for the caller's own mistakes.
    Detailed,
}

/// A service calls can go to.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProviderSpec {
    /// The known provider this entry is, when the entry has a name of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    /// What it speaks. Known providers bring it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dialect: Option<DialectSpec>,
    /// Its address as SDKs take it: with `/v1` for OpenAI's dialects, with `/v1beta` for
    /// `generate_content`, without for `messages` and `bedrock_converse`.
    /// Known providers bring it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "base-url"))]
    pub(crate) base_url: Option<String>,
    /// Its key: `{ env = "NAME" }`, `{ file = "PATH" }`, or "none". Known providers read their
    /// SDK's variable when nothing is said. The key itself is taken too, with a warning. Where
    /// requests are signed (AWS) it is written `ACCESS_KEY_ID:SECRET` or
    /// `ACCESS_KEY_ID:SECRET:SESSION_TOKEN`; without a colon it is a bearer token.
    #[serde(skip_serializing)]
    pub(crate) api_key: Option<KeySpec>,
    /// Several keys; each has its own quota and health.
    #[serde(skip_serializing)]
    pub(crate) api_keys: Option<Vec<KeySpec>>,
    /// Extra headers for every request to it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    /// A PEM file with the only certificate authorities trusted for it; relative to the settings
    /// file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<String>,
    /// Whether its name may lead to private addresses. An address written in `base_url` always
    /// may be private.
    pub(crate) allow_private: bool,
    /// The region its requests are signed for, where they are signed. Read from `base_url` when
    /// nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    /// What it grants to each key for each model. Calls beyond it go elsewhere, or wait.
    pub(crate) quota: QuotaSpec,
    /// What is known of its models; `*` stands for any run of characters. It stands above the
    /// built-in table. Of models in neither, all but `prefill` is assumed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) models: BTreeMap<String, ModelSpec>,
}

/// A key, or where it is.
pub(crate) type KeySpec = Short<String, KeyPlaceSpec>;

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KeyPlaceSpec {
    /// The environment variable that holds the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<String>,
    /// The file that holds nothing but the key; relative to the settings file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
}

/// What is known of a model. What is left out is as the built-in table has it.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ModelSpec {
    /// Tokens it can hold at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) context: Option<u32>,
    /// Tokens it can write in one answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_output: Option<u32>,
    /// Whether it goes on from the beginning of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prefill: Option<bool>,
    /// Whether it calls tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tools: Option<bool>,
    /// Whether it takes images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vision: Option<bool>,
    /// Whether it takes documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) files: Option<bool>,
    /// Whether it takes sounds and films.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) audio: Option<bool>,
    /// Whether its answers follow a JSON schema. Where not, translated calls ask for it in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) json_schema: Option<bool>,
    /// Whether it thinks before it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning: Option<bool>,
    /// What becomes of a cancelled call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cancel: Option<CancelSpec>,
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<PriceSpec>,
}

/// What a model costs, in US dollars for a million tokens.
#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PriceSpec {
    /// For tokens read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) input: Option<Dollars>,
    /// For tokens written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Dollars>,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CancelSpec {
    /// The work ends, and what was not made is not paid.
    Honoured,
    /// The work goes on and is paid.
    Billed,
}

/// A name clients address.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RouteSpec {
    /// Other model names that lead here; `*` stands for any run of characters.
    pub(crate) models: Vec<String>,
    /// Targets as `provider/model`, in lists. The lists are tried in order; inside one, the
    /// healthiest and fastest first. `provider/*` asks for the model the client asked for.
    pub(crate) tiers: Vec<Vec<String>>,
    /// Who waits: it sets the deadline and the patience that go with it.
    pub(crate) profile: ProfileSpec,
    /// Which target of a tier is taken first, among those that can answer.
    pub(crate) prefer: PreferSpec,
    /// When a streamed answer begins to go to the client.
    pub(crate) delivery: DeliverySpec,
    /// What of a streamed answer waits until it is whole.
    pub(crate) hold: HoldsSpec,
    /// A comment goes out on a stream that was silent so long, so that proxies keep the line; "0s"
    /// means never.
    pub(crate) heartbeat: HeartbeatSpec,
    /// After so long a wait without content the head of a stream goes out, with a heartbeat; an
    /// error then stands inside the stream. "0s" means never.
    pub(crate) begin_after: BeginAfterSpec,
    /// What is made of an answer that repeats itself without end.
    pub(crate) repetition: RepetitionSpec,
    /// When a call makes its next attempt.
    pub(crate) retry: RetrySpec,
    /// How long things may take.
    pub(crate) timeouts: TimeoutsSpec,
    /// When a target that keeps failing is left alone.
    pub(crate) breaker: BreakerSpec,
    /// How many extra attempts all calls of the route together may make.
    pub(crate) budget: BudgetSpec,
    /// How many attempts a target holds at once.
    pub(crate) limit: LimitSpec,
    /// What is done with a target's wish to be left alone.
    pub(crate) throttle: ThrottleSpec,
    /// A second attempt beside one that is slower than nearly all answers of its target, before
    /// patience ends. What comes first is taken, and the other one cancelled.
    pub(crate) hedge: HedgeSpec,
    /// What is done when a stream breaks off after content went to the client.
    pub(crate) resume: ResumeSpec,
    /// What is answered when nothing else can be.
    pub(crate) degrade: DegradeSpec,
}

/// Which target of a tier is taken first.
#[derive(Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PreferSpec {
    /// The one that answers well and has room.
    #[default]
    Health,
    /// The cheapest for the call; one whose price is not known comes last.
    Price,
    /// The one whose answers begin first.
    Speed,
}

impl From<PreferSpec> for failsoft_engine::Prefer {
    fn from(spec: PreferSpec) -> Self {
        match spec {
            PreferSpec::Health => Self::Health,
            PreferSpec::Price => Self::Price,
            PreferSpec::Speed => Self::Speed,
        }
    }
}

impl RouteSpec {
    /// Its policies apart from what else is said of it.
    pub(crate) fn into_policies(self) -> PoliciesSpec {
        PoliciesSpec {
            delivery: self.delivery,
            hold: self.hold,
            heartbeat: self.heartbeat,
            begin_after: self.begin_after,
            repetition: self.repetition,
            retry: self.retry,
            timeouts: self.timeouts,
            breaker: self.breaker,
            budget: self.budget,
            limit: self.limit,
            throttle: self.throttle,
            hedge: self.hedge,
            resume: self.resume,
            degrade: self.degrade,
        }
    }
}

/// A dialect's name; the list of them stands with the wire.
#[derive(Clone, Copy)]
pub(crate) struct DialectSpec(pub(crate) Dialect);

impl Serialize for DialectSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for DialectSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = Dialect::TARGETS.into_iter().find(|dialect| dialect.as_str() == name);
        known.map(Self).ok_or_else(|| D::Error::custom("no such dialect"))
    }
}

impl JsonSchema for DialectSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "dialect".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Dialect::TARGETS.map(Dialect::as_str) })
    }
}

impl Default for ServerSpec {
    /// Loopback, because without keys nobody else may come; 32 MiB because providers take no more.
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:4000".to_owned(),
            admin: "127.0.0.1:4001".to_owned(),
            client_keys: None,
            admin_token: None,
            errors: ErrorsSpec::default(),
            max_body: Size(32 << 20),
            read_timeout: Length(std::time::Duration::from_secs(30)),
            drain: Length(std::time::Duration::from_secs(30)),
            max_connections: 10_000,
            metrics: true,
        }
    }
}
