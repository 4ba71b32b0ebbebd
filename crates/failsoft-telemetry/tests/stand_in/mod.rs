//! A collector that keeps what it is sent, over HTTP and gRPC, and finds what is wrong with it.
#![allow(dead_code, unreachable_pub, reason = "each test uses its own part")]

pub mod validate;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What it was sent.
#[derive(Default)]
pub struct Kept {
    pub spans: Vec<Span>,
    pub logs: Vec<LogRecord>,
    pub resources: Vec<Resource>,
    /// The headers of every request.
    pub heads: Vec<HeaderMap>,
    /// Answers for the next requests, before it takes what comes: an HTTP status, or a gRPC code.
    pub refusals: VecDeque<u16>,
    /// Whole bodies, to look for what must not be there.
    pub bytes: Vec<u8>,
}

pub struct StandIn {
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    changed: watch::Receiver<usize>,
}

impl StandIn {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (told, changed) = watch::channel(0);
        let told = Arc::new(told);
        let all = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&all), Arc::clone(&told)));
            }
        });
        Self { address, kept, changed }
    }

    pub fn refuse(&self, answers: &[u16]) {
        self.kept.lock().unwrap().refusals.extend(answers);
    }

    pub fn look<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.kept.lock().unwrap())
    }

    /// Waits until what was kept is as it should be.
    pub async fn until(&self, wanted: impl Fn(&Kept) -> bool) {
        let mut changed = self.changed.clone();
        while !self.look(&wanted) {
            changed.changed().await.unwrap();
        }
    }
}

async fn serve(socket: TcpStream, kept: Arc<Mutex<Kept>>, told: Arc<watch::Sender<usize>>) {
    let service =
        service_fn(move |request| answered(Arc::clone(&kept), Arc::clone(&told), request));
    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    // A connection that breaks is the sender's to notice.
    let _ = builder.serve_connection(TokioIo::new(socket), service).await;
}

async fn answered(
    kept: Arc<Mutex<Kept>>,
    told: Arc<watch::Sender<usize>>,
    request: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let response = answer(&kept, request).await;
    told.send_modify(|count| *count += 1);
    Ok(response)
}

async fn answer(
    kept: &Mutex<Kept>,
    request: Request<Incoming>,
) -> Response<BoxBody<Bytes, Infallible>> {
    let (head, body) = request.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let mut kept = kept.lock().unwrap();
    let refusal = kept.refusals.pop_front();
    kept.heads.push(head.headers.clone());
    let is_grpc = head.headers["content-type"] == "application/grpc";
    if refusal.is_none() {
        let message = if is_grpc { framed(&bytes) } else { bytes.clone() };
        kept.bytes.extend_from_slice(&message);
        match (is_grpc, head.uri.path()) {
            (false, "/v1/traces")
            | (true, "/opentelemetry.proto.collector.trace.v1.TraceService/Export") => {
                let request = ExportTraceServiceRequest::decode(message).unwrap();
                for all in request.resource_spans {
                    kept.resources.extend(all.resource);
                    kept.spans.extend(all.scope_spans.into_iter().flat_map(|it| it.spans));
                }
            }
            (false, "/v1/logs")
            | (true, "/opentelemetry.proto.collector.logs.v1.LogsService/Export") => {
                let request = ExportLogsServiceRequest::decode(message).unwrap();
                for all in request.resource_logs {
                    kept.resources.extend(all.resource);
                    kept.logs.extend(all.scope_logs.into_iter().flat_map(|it| it.log_records));
                }
            }
            (_, path) => panic!("nothing is sent to {path}"),
        }
    }
    if is_grpc { over_grpc(refusal.unwrap_or(0)) } else { over_http(refusal.unwrap_or(200)) }
}

/// The message of a gRPC frame: a byte that says it is not compressed, and its length before it.
fn framed(bytes: &Bytes) -> Bytes {
    assert_eq!(bytes[0], 0, "nothing is compressed");
    let length = u32::from_be_bytes(bytes[1..5].try_into().unwrap()) as usize;
    assert_eq!(bytes.len(), length + 5, "one message a request");
    bytes.slice(5..)
}

fn over_http(status: u16) -> Response<BoxBody<Bytes, Infallible>> {
    let body = Full::new(Bytes::new()).boxed();
    Response::builder().status(status).body(body).unwrap()
}

fn over_grpc(code: u16) -> Response<BoxBody<Bytes, Infallible>> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(code));
    let mut frames = vec![Ok(Frame::trailers(trailers))];
    if code == 0 {
        frames.insert(0, Ok(Frame::data(Bytes::from_static(&[0; 5]))));
    }
    let body = StreamBody::new(Frames(frames.into()));
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(BodyExt::boxed(body)).unwrap()
}

struct Frames(VecDeque<Result<Frame<Bytes>, Infallible>>);

impl futures_core::Stream for Frames {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.pop_front())
    }
}
