//! failsoft as a `tower` service, for Rust SDKs that take one instead of a network.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use failsoft_engine::FailureKind;
use failsoft_wire::Dialect;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tower_service::Service;

use crate::{Body, Call, Failsoft, TurnedAway};

const NO_SUCH_PATH: TurnedAway = TurnedAway {
    kind: FailureKind::NotFound,
    status: StatusCode::NOT_FOUND,
    hint: Some(
        "the path must end in /chat/completions, /messages, /responses, /embeddings or \
         /models/MODEL:generateContent",
    ),
};
const TOO_LARGE: TurnedAway = TurnedAway {
    kind: FailureKind::PayloadTooLarge,
    status: StatusCode::PAYLOAD_TOO_LARGE,
    hint: Some("`[server] max_body` is the bound"),
};
const BROKEN: TurnedAway = TurnedAway {
    kind: FailureKind::BadRequest,
    status: StatusCode::BAD_REQUEST,
    hint: Some("the body broke off"),
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Answers HTTP requests by their path ([`Dialect::of_path`]). Host and scheme are not looked at,
/// so an SDK may keep its usual base URL. It never fails; errors are responses.
#[derive(Clone, Debug)]
pub struct FailsoftService(Failsoft);

impl FailsoftService {
    /// A service over this failsoft.
    #[must_use]
    pub const fn new(failsoft: Failsoft) -> Self {
        Self(failsoft)
    }
}

impl<B> Service<Request<B>> for FailsoftService
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let failsoft = self.0.clone();
        Box::pin(async move { Ok(answer(&failsoft, request).await) })
    }
}

async fn answer<B>(failsoft: &Failsoft, request: Request<B>) -> Response<Body>
where
    B: http_body::Body,
    B::Error: Into<BoxError>,
{
    let (head, body) = request.into_parts();
    let Some((dialect, addressed)) = Dialect::of_path(head.uri.path()) else {
        return failsoft.refuse(Dialect::ChatCompletions, NO_SUCH_PATH, &head.headers);
    };
    let most = failsoft.settings().server.max_body;
    match Limited::new(body, most).collect().await {
        Ok(collected) => {
            let body = collected.to_bytes();
            failsoft.send(Call { dialect, headers: head.headers, body, addressed }).await
        }
        Err(error) if error.is::<LengthLimitError>() => {
            failsoft.refuse(dialect, TOO_LARGE, &head.headers)
        }
        Err(_) => failsoft.refuse(dialect, BROKEN, &head.headers),
    }
}
