//! How long a prompt is, in classes that double.

use failsoft_journal::CallRow;

/// Bytes of a request for each token, where nobody estimated its tokens.
const BYTES_A_TOKEN: u64 = 4;
/// The lower ends of the classes, in thousands of tokens.
const FLOORS: [u64; 8] = [0, 1, 4, 8, 16, 32, 64, 128];

/// The class of the longest.
pub(crate) const LAST: u8 = FLOORS.len() as u8 - 1;

/// A class of prompts by their tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(u8);

impl Size {
    pub(crate) fn of(call: &CallRow) -> Self {
        let tokens = match call.prompt_tokens {
            0 => call.request_bytes / BYTES_A_TOKEN,
            tokens => u64::from(tokens),
        };
        let class = FLOORS.iter().rposition(|floor| tokens >= floor * 1_000).unwrap_or(0);
        Self(class as u8)
    }

    pub(crate) const fn class(self) -> u8 {
        self.0
    }
}

/// Prompts from one class to another, in words.
pub(crate) fn said(from: u8, to: u8) -> String {
    let floor = |class: u8| FLOORS.get(usize::from(class)).copied();
    match (floor(from), floor(to + 1)) {
        (Some(0) | None, None) => "prompts of any length".to_owned(),
        (Some(0) | None, Some(above)) => format!("prompts below {above}k tokens"),
        (Some(low), None) => format!("prompts of {low}k tokens and more"),
        (Some(low), Some(above)) => format!("prompts of {low}k to {above}k tokens"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_estimated_from_bytes_where_nobody_looked() {
        for (tokens, bytes, class) in
            [(0, 3_999, 0), (0, 4_000, 1), (900, 1 << 20, 0), (40_000, 0, 5)]
        {
            let call =
                CallRow { prompt_tokens: tokens, request_bytes: bytes, ..CallRow::default() };
            assert_eq!(Size::of(&call).class(), class, "{tokens} tokens, {bytes} bytes");
        }
        assert_eq!(said(5, 7), "prompts of 32k tokens and more");
        assert_eq!(said(0, 1), "prompts below 4k tokens");
        assert_eq!(said(0, 7), "prompts of any length");
    }
}
