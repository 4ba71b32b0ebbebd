//! What attributes and events are called. Those of OpenTelemetry first, then our own.

pub(crate) const SERVICE_NAME: &str = "service.name";
pub(crate) const SERVICE_VERSION: &str = "service.version";
pub(crate) const SERVICE_INSTANCE: &str = "service.instance.id";

pub(crate) const METHOD: &str = "http.request.method";
pub(crate) const RESEND_COUNT: &str = "http.request.resend_count";
pub(crate) const ROUTE: &str = "http.route";
pub(crate) const STATUS: &str = "http.response.status_code";
pub(crate) const ADDRESS: &str = "server.address";
pub(crate) const PORT: &str = "server.port";
pub(crate) const URL_FULL: &str = "url.full";
pub(crate) const URL_PATH: &str = "url.path";
pub(crate) const URL_SCHEME: &str = "url.scheme";
pub(crate) const USER_AGENT: &str = "user_agent.original";
pub(crate) const ERROR_TYPE: &str = "error.type";

pub(crate) const OPERATION: &str = "gen_ai.operation.name";
pub(crate) const PROVIDER: &str = "gen_ai.provider.name";
pub(crate) const REQUEST_MODEL: &str = "gen_ai.request.model";
pub(crate) const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
pub(crate) const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// Of the newest conventions only.
pub(crate) const REQUEST_STREAM: &str = "gen_ai.request.stream";
/// Of the newest conventions only.
pub(crate) const FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";

pub(crate) const CALL_ID: &str = "failsoft.call.id";
pub(crate) const CALL_ROUTE: &str = "failsoft.route";
pub(crate) const CALL_DELIVERY: &str = "failsoft.delivery";
pub(crate) const CALL_PROFILE: &str = "failsoft.profile";
pub(crate) const CALL_VERDICT: &str = "failsoft.verdict";
pub(crate) const CALL_ATTEMPTS: &str = "failsoft.attempts";
pub(crate) const CALL_TAG: &str = "failsoft.tag";
pub(crate) const CLIENT_RETRIES: &str = "failsoft.client.retries";
pub(crate) const PROMPT_TOKENS: &str = "failsoft.prompt_tokens.estimated";
pub(crate) const REQUEST_BYTES: &str = "failsoft.request.bytes";
pub(crate) const WAITED: &str = "failsoft.waited_seconds";
pub(crate) const WAITED_FOR: &str = "failsoft.waited_for";
pub(crate) const FIRST_CONTENT: &str = "failsoft.first_content_seconds";
pub(crate) const COST: &str = "failsoft.cost_usd";
pub(crate) const COST_WASTED: &str = "failsoft.cost_wasted_usd";

pub(crate) const TARGET: &str = "failsoft.target";
pub(crate) const CREDENTIAL: &str = "failsoft.credential";
pub(crate) const ORDINAL: &str = "failsoft.attempt.ordinal";
pub(crate) const WHY: &str = "failsoft.attempt.why";
pub(crate) const OUTCOME: &str = "failsoft.attempt.outcome";
pub(crate) const KIND: &str = "failsoft.failure.kind";
pub(crate) const PHASE: &str = "failsoft.failure.phase";
pub(crate) const CODE: &str = "failsoft.failure.code";
pub(crate) const CANCELLED_FOR: &str = "failsoft.attempt.cancelled_for";
pub(crate) const CONNECT: &str = "failsoft.attempt.connect_seconds";
pub(crate) const HEADERS: &str = "failsoft.attempt.headers_seconds";
pub(crate) const DELIVERED: &str = "failsoft.attempt.delivered_bytes";
pub(crate) const DROPPED_EVENTS: &str = "failsoft.attempt.dropped_events";
pub(crate) const SEAM: &str = "failsoft.attempt.seam_characters";
pub(crate) const ONWARD: &str = "failsoft.attempt.onward";
pub(crate) const TRANSLATED: &str = "failsoft.attempt.translated_to";
pub(crate) const REQUEST_ID: &str = "failsoft.attempt.request_id";
pub(crate) const RETRY_AFTER: &str = "failsoft.retry_after_seconds";

pub(crate) const REASON: &str = "failsoft.reason";
pub(crate) const FROM: &str = "failsoft.breaker.from";
pub(crate) const TO: &str = "failsoft.breaker.to";
pub(crate) const SCOPE: &str = "failsoft.disabled.scope";
pub(crate) const LASTS: &str = "failsoft.lasts_seconds";
