//! Failures without an answer.

use failsoft_engine::{Failure, FailureKind, Phase, Repeat};

/// What went wrong on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransportFault {
    /// The name did not resolve.
    NameLookup,
    /// The address may not be dialled (link-local and metadata addresses).
    AddressRefused,
    /// Nobody listens there.
    ConnectionRefused,
    /// No connection for another reason.
    Unreachable,
    /// The TLS handshake failed, or the certificate is not to be trusted.
    Tls,
    /// The connection was reset or closed before the answer.
    Reset,
    /// The answer broke off.
    CutShort,
    /// What came is no HTTP.
    NotHttp,
    /// The answer is larger than is taken.
    TooLarge,
    /// A redirect; they are not followed.
    Redirected,
}

impl TransportFault {
    /// The stable name used as an attempt's code in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NameLookup => "name_lookup",
            Self::AddressRefused => "address_refused",
            Self::ConnectionRefused => "connection_refused",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Reset => "connection_reset",
            Self::CutShort => "cut_short",
            Self::NotHttp => "not_http",
            Self::TooLarge => "too_large",
            Self::Redirected => "redirected",
        }
    }
}

/// A transport fault as a failure of an attempt.
#[must_use]
pub fn read_transport(fault: TransportFault, phase: Phase) -> Failure {
    let (kind, repeat) = match fault {
        TransportFault::NameLookup
        | TransportFault::ConnectionRefused
        | TransportFault::Unreachable
        | TransportFault::Reset
        | TransportFault::CutShort
        | TransportFault::NotHttp => (FailureKind::Network, Repeat::Allowed),
        // Settings or certificates are wrong, and stay wrong until somebody acts.
        TransportFault::AddressRefused | TransportFault::Tls | TransportFault::Redirected => {
            (FailureKind::Network, Repeat::Forbidden)
        }
        TransportFault::TooLarge => (FailureKind::BadResponse, Repeat::Forbidden),
    };
    Failure { repeat, ..Failure::new(kind, reached(fault, phase)) }
}

/// Without a connection nothing was sent, whatever was thought.
fn reached(fault: TransportFault, phase: Phase) -> Phase {
    match fault {
        TransportFault::NameLookup
        | TransportFault::AddressRefused
        | TransportFault::ConnectionRefused
        | TransportFault::Unreachable
        | TransportFault::Tls => Phase::Connect,
        TransportFault::Reset
        | TransportFault::CutShort
        | TransportFault::NotHttp
        | TransportFault::TooLarge
        | TransportFault::Redirected => phase,
    }
}

#[cfg(test)]
mod tests {
    use failsoft_engine::{Elsewhere, FailureKind, Phase, Repeat};

    use super::{TransportFault, read_transport};

    #[test]
    fn a_fault_tells_what_was_sent_and_whether_it_lasts() {
        use FailureKind::{BadResponse, Network};
        use Repeat::{Allowed, Forbidden};
        for (fault, kind, phase, repeat) in [
            (TransportFault::NameLookup, Network, Phase::Connect, Allowed),
            (TransportFault::AddressRefused, Network, Phase::Connect, Forbidden),
            (TransportFault::ConnectionRefused, Network, Phase::Connect, Allowed),
            (TransportFault::Unreachable, Network, Phase::Connect, Allowed),
            (TransportFault::Tls, Network, Phase::Connect, Forbidden),
            (TransportFault::Reset, Network, Phase::Content, Allowed),
            (TransportFault::CutShort, Network, Phase::Content, Allowed),
            (TransportFault::NotHttp, Network, Phase::Content, Allowed),
            (TransportFault::TooLarge, BadResponse, Phase::Content, Forbidden),
            (TransportFault::Redirected, Network, Phase::Content, Forbidden),
        ] {
            let failure = read_transport(fault, Phase::Content);
            assert_eq!((failure.kind, failure.phase, failure.repeat), (kind, phase, repeat));
            assert_eq!(failure.elsewhere, Elsewhere::Any, "{fault:?}");
            assert_eq!(failure.retry_after, None, "{fault:?}");
        }
    }
}
