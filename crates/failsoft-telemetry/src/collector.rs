//! The way to a collector: one connection, over HTTP or gRPC.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut as _, Bytes};
use failsoft_config::{OtlpProtocol, Telemetry};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::uri::PathAndQuery;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use prost::Message;
use secrecy::ExposeSecret as _;
use tonic::Code;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;

/// A collector that takes longer is tried again later.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const LONGEST_ANSWER: usize = 64 * 1024;

type Connector = HttpsConnector<HttpConnector>;

/// What a collector takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Logs,
}

impl Signal {
    const fn http_path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Logs => "/v1/logs",
        }
    }

    const fn grpc_path(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }
}

/// Why a collector did not take what it was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It may take it later; how long it asked to be left alone, if it said.
    Later(String, Option<Duration>),
    /// It never will.
    Never(String),
}

/// The system's trust in certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent over TLS: {0}")]
pub struct TlsError(String);

/// A collector.
pub(crate) struct Collector {
    way: Way,
    headers: HeaderMap,
}

enum Way {
    Http { client: Client<Connector, Full<Bytes>>, base: String },
    Grpc { client: Client<Connector, tonic::body::Body>, origin: Uri },
}

impl Collector {
    pub(crate) fn new(telemetry: &Telemetry) -> Result<Self, TlsError> {
        let url = &telemetry.endpoint;
        let scheme = if url.tls { "https" } else { "http" };
        let host =
            if url.host.contains(':') { format!("[{}]", url.host) } else { url.host.clone() };
        let base = format!("{scheme}://{host}:{}{}", url.port, url.path);
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls()?).https_or_http();
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(Duration::from_secs(60));
        let way = match telemetry.protocol {
            OtlpProtocol::Http => {
                let client = builder.build(connector.enable_http1().build());
                Way::Http { client, base: base.trim_end_matches('/').to_owned() }
            }
            OtlpProtocol::Grpc => {
                let client = builder.http2_only(true).build(connector.enable_http2().build());
                let origin = base.parse().map_err(|error| TlsError(format!("{error}")))?;
                Way::Grpc { client, origin }
            }
        };
        Ok(Self { way, headers: headers(telemetry) })
    }

    /// Sends one message. How many of its records the collector did not want.
    pub(crate) async fn send(&self, signal: Signal, message: Bytes) -> Result<u64, NotTaken> {
        let sent = async {
            match &self.way {
                Way::Http { client, base } => {
                    let uri = format!("{base}{}", signal.http_path());
                    self.over_http(client, &uri, message).await
                }
                Way::Grpc { client, origin } => {
                    let grpc = tonic::client::Grpc::with_origin(client.clone(), origin.clone());
                    self.over_grpc(grpc, signal, message).await
                }
            }
        };
        let late = |_| NotTaken::Later("it does not answer".to_owned(), None);
        tokio::time::timeout(PATIENCE, sent).await.map_err(late)?
    }

    async fn over_http(
        &self,
        client: &Client<Connector, Full<Bytes>>,
        uri: &str,
        body: Bytes,
    ) -> Result<u64, NotTaken> {
        let mut request = Request::post(uri)
            .body(Full::new(body))
            .map_err(|error| NotTaken::Never(error.to_string()))?;
        *request.headers_mut() = self.headers.clone();
        let kind = HeaderValue::from_static("application/x-protobuf");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        let response =
            client.request(request).await.map_err(|error| NotTaken::Later(reason(&error), None))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LONGEST_ANSWER).collect().await;
        let wait = head.headers.get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
        match head.status {
            StatusCode::OK => Ok(body.map_or(0, |body| rejected(body.to_bytes()))),
            status if status.is_success() => Ok(0),
            status @ (StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT) => {
                let words = format!("it answers with status {}", status.as_u16());
                Err(NotTaken::Later(words, wait.map(Duration::from_secs)))
            }
            status => Err(NotTaken::Never(format!("it answers with status {}", status.as_u16()))),
        }
    }

    async fn over_grpc(
        &self,
        mut grpc: tonic::client::Grpc<Client<Connector, tonic::body::Body>>,
        signal: Signal,
        message: Bytes,
    ) -> Result<u64, NotTaken> {
        grpc.ready().await.map_err(|error| NotTaken::Later(reason(&error), None))?;
        let mut request = tonic::Request::new(message);
        *request.metadata_mut() = MetadataMap::from_headers(self.headers.clone());
        let path = PathAndQuery::from_static(signal.grpc_path());
        match grpc.unary(request, path, Written).await {
            Ok(response) => Ok(response.into_inner().rejected()),
            Err(status) => Err(refused(&status)),
        }
    }
}

/// A message that is written already, so that every try sends the same bytes.
struct Written;

impl Codec for Written {
    type Encode = Bytes;
    type Decode = Taken;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Written {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, message: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        out.put(message);
        Ok(())
    }
}

impl Decoder for Written {
    type Item = Taken;
    type Error = tonic::Status;

    fn decode(&mut self, answer: &mut DecodeBuf<'_>) -> Result<Option<Taken>, tonic::Status> {
        // An answer that is no message of OTLP's says nothing.
        Ok(Some(Taken::decode(answer).unwrap_or_default()))
    }
}

/// What both signals' answers say: the fields have the same numbers.
#[derive(Clone, PartialEq, Message)]
struct Taken {
    #[prost(message, optional, tag = "1")]
    partial: Option<Partial>,
}

#[derive(Clone, PartialEq, Message)]
struct Partial {
    #[prost(int64, tag = "1")]
    rejected: i64,
}

impl Taken {
    fn rejected(&self) -> u64 {
        self.partial.as_ref().map_or(0, |it| u64::try_from(it.rejected).unwrap_or(0))
    }
}

/// An answer that is no message of OTLP's says nothing.
fn rejected(body: Bytes) -> u64 {
    Taken::decode(body).map_or(0, |taken| taken.rejected())
}

fn refused(status: &tonic::Status) -> NotTaken {
    let words = format!("it answers with gRPC code {}", status.code() as i32);
    match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss
        // What the transport itself says has this code: no connection, a reset.
        | Code::Unknown => NotTaken::Later(words, None),
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Unimplemented
        | Code::Internal
        | Code::Unauthenticated => NotTaken::Never(words),
    }
}

/// The innermost cause says most.
fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(inner) = innermost.source() {
        innermost = inner;
    }
    innermost.to_string()
}

fn headers(telemetry: &Telemetry) -> HeaderMap {
    let header = |(name, value): &(String, secrecy::SecretString)| {
        let mut value = HeaderValue::from_str(value.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::try_from(name).ok()?, value))
    };
    telemetry.headers.iter().filter_map(header).collect()
}

fn tls() -> Result<rustls::ClientConfig, TlsError> {
    use rustls_platform_verifier::BuilderVerifierExt as _;
    // The crypto provider is always named: with two in a program's graph rustls cannot choose.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let wrong = |error: rustls::Error| TlsError(error.to_string());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(wrong)?;
    Ok(builder.with_platform_verifier().map_err(wrong)?.with_no_client_auth())
}
