//! What can be wrong with a request before it is one.

use std::fmt;

use http::StatusCode;

/// Why a request is refused before the HTTP parser sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The first line is none, or its target is not a plain path.
    RequestLine,
    /// Another version than HTTP/1.1.
    Version,
    /// The target is longer than is taken.
    TargetTooLong,
    /// A line ends in something else than CR LF, or holds a control character.
    Line,
    /// A header line that is none, or a folded one.
    Header,
    /// No host, several, or one that is no name or address.
    Host,
    /// The body's length is said twice, in two ways, or wrongly.
    Framing,
    /// An underscore makes the name a twin of one that matters.
    Twin,
    /// More headers, or longer ones, than are taken.
    TooLarge,
    /// A chunk that is none.
    Chunk,
    /// It did not come in time.
    TooSlow,
}

impl Flaw {
    /// The status that says it.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::RequestLine
            | Self::Line
            | Self::Header
            | Self::Host
            | Self::Framing
            | Self::Twin
            | Self::Chunk => StatusCode::BAD_REQUEST,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }

    /// The stable name used in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::RequestLine => "request_line",
            Self::Version => "http_version",
            Self::TargetTooLong => "target_too_long",
            Self::Line => "line_end",
            Self::Header => "header",
            Self::Host => "host",
            Self::Framing => "framing",
            Self::Twin => "header_twin",
            Self::TooLarge => "head_too_large",
            Self::Chunk => "chunk",
            Self::TooSlow => "too_slow",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for Flaw {}
