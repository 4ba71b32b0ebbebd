//! Names of things, small enough to copy.

/// One client request, from arrival to verdict. The driver chooses it: unique for all time, and
/// later calls have greater ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u128);

/// One try of one call at one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The call it belongs to.
    pub call: CallId,
    /// 0 for the call's first attempt.
    pub ordinal: u8,
}

/// An index into [`Settings::routes`](crate::Settings::routes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u16);

/// An index into [`Settings::targets`](crate::Settings::targets).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub u16);

/// A provider entry and one of its keys; targets that share it are disabled together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(pub u16);
