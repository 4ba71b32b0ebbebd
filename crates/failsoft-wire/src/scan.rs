//! JSON read where it stands: one pass over the bytes, no trees, no copies.

mod value;

pub(crate) use value::{Value, is_json, meaning_of_key};

/// How deeply values may nest: one bit each in the stack of [`Scanner::value`].
const MAX_DEPTH: u32 = u128::BITS;

/// Why a text is no JSON that can be read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The byte there cannot stand there.
    At(usize),
    /// The text ends in the middle.
    Cut,
    /// Nested too deeply, or a key too long.
    TooComplex,
}

/// Walks through one JSON text. After an error it must not be used again.
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    max_key: usize,
}

impl<'a> Scanner<'a> {
    /// Reads text of a provider.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self::with_max_key(bytes, usize::MAX)
    }

    /// Refuses keys longer than `max_key` bytes, at whatever depth.
    pub(crate) const fn with_max_key(bytes: &'a [u8], max_key: usize) -> Self {
        Self { bytes, at: 0, depth: 0, max_key }
    }

    /// Where the next byte will be read.
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    /// The first byte of what comes next, white space aside.
    #[inline]
    pub(crate) fn token(&mut self) -> Result<u8, Broken> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(&byte) => return Ok(byte),
                None => return Err(Broken::Cut),
            }
        }
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Result<(), Broken> {
        match self.token() {
            Err(Broken::Cut) => Ok(()),
            Ok(_) => Err(Broken::At(self.at)),
            Err(broken) => Err(broken),
        }
    }

    /// Visits the members of an object; `member` gets the key as it is written, without its
    /// quotes, and must step over the value. Any other value is stepped over: then `false`.
    #[inline]
    pub(crate) fn members(
        &mut self,
        mut member: impl FnMut(&mut Self, &'a [u8]) -> Result<(), Broken>,
    ) -> Result<bool, Broken> {
        if self.token()? != b'{' {
            return self.value().map(|_| false);
        }
        self.open()?;
        if self.token()? == b'}' {
            self.close();
            return Ok(true);
        }
        loop {
            let key = self.key()?;
            member(self, key)?;
            match self.token()? {
                b',' => self.at += 1,
                b'}' => {
                    self.close();
                    return Ok(true);
                }
                _ => return Err(Broken::At(self.at)),
            }
        }
    }

    /// Visits the items of an array; `item` must step over each. Any other value is stepped over:
    /// then `false`.
    #[inline]
    pub(crate) fn items(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), Broken>,
    ) -> Result<bool, Broken> {
        if self.token()? != b'[' {
            return self.value().map(|_| false);
        }
        self.open()?;
        if self.token()? == b']' {
            self.close();
            return Ok(true);
        }
        loop {
            item(self)?;
            match self.token()? {
                b',' => self.at += 1,
                b']' => {
                    self.close();
                    return Ok(true);
                }
                _ => return Err(Broken::At(self.at)),
            }
        }
    }

    /// Steps over any value, checking all of it.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Value<'a>, Broken> {
        let first = self.token()?;
        let start = self.at;
        if first == b'"' {
            self.string()?;
        } else {
            self.step_over()?;
        }
        Ok(Value { raw: self.slice(start, self.at), start })
    }

    fn step_over(&mut self) -> Result<(), Broken> {
        // The innermost bracket is the lowest bit: 1 for an object, 0 for an array.
        let mut stack = 0_u128;
        let floor = self.depth;
        loop {
            if !self.begin(&mut stack)? {
                continue;
            }
            if self.finish(&mut stack, floor)? {
                return Ok(());
            }
        }
    }

    /// Reads a scalar, an empty bracket, or an opening bracket and its first key. Tells whether
    /// the value is whole.
    fn begin(&mut self, stack: &mut u128) -> Result<bool, Broken> {
        match self.token()? {
            b'"' => self.string().map(|_| true),
            b'{' => {
                self.open()?;
                if self.token()? == b'}' {
                    self.close();
                    return Ok(true);
                }
                *stack = (*stack << 1) | 1;
                self.key().map(|_| false)
            }
            b'[' => {
                self.open()?;
                if self.token()? == b']' {
                    self.close();
                    return Ok(true);
                }
                *stack <<= 1;
                Ok(false)
            }
            b'-' | b'0'..=b'9' => self.number().map(|()| true),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => Err(Broken::At(self.at)),
        }
    }

    /// After a whole value: closes what ends here, or goes on to the next value. Tells whether the
    /// outermost value is whole.
    fn finish(&mut self, stack: &mut u128, floor: u32) -> Result<bool, Broken> {
        while self.depth > floor {
            let in_object = *stack & 1 == 1;
            match self.token()? {
                b',' => {
                    self.at += 1;
                    if in_object {
                        self.key()?;
                    }
                    return Ok(false);
                }
                b'}' if in_object => self.close(),
                b']' if !in_object => self.close(),
                _ => return Err(Broken::At(self.at)),
            }
            *stack >>= 1;
        }
        Ok(true)
    }

    fn open(&mut self) -> Result<(), Broken> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(Broken::TooComplex) } else { Ok(()) }
    }

    const fn close(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    #[inline]
    fn key(&mut self) -> Result<&'a [u8], Broken> {
        if self.token()? != b'"' {
            return Err(Broken::At(self.at));
        }
        let key = self.string()?;
        if key.len() > self.max_key {
            return Err(Broken::TooComplex);
        }
        if self.token()? != b':' {
            return Err(Broken::At(self.at));
        }
        self.at += 1;
        Ok(key)
    }

    /// What stands between the quotes, as it is written.
    #[inline]
    fn string(&mut self) -> Result<&'a [u8], Broken> {
        let start = self.at + 1;
        self.at = start;
        loop {
            self.at += plain_run(self.bytes.get(self.at..).unwrap_or_default());
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(self.slice(start, self.at - 1));
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(Broken::At(self.at)),
                None => return Err(Broken::Cut),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Broken> {
        self.at += 1;
        match self.bytes.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    self.one(u8::is_ascii_hexdigit)?;
                }
            }
            Some(_) => return Err(Broken::At(self.at)),
            None => return Err(Broken::Cut),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Broken> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Broken> {
        self.one(u8::is_ascii_digit)?;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn literal(&mut self, word: &[u8]) -> Result<bool, Broken> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(true);
        }
        for wanted in word {
            self.one(|byte| byte == wanted)?;
        }
        Ok(true)
    }

    fn one(&mut self, wanted: impl FnOnce(&u8) -> bool) -> Result<(), Broken> {
        match self.bytes.get(self.at) {
            Some(byte) if wanted(byte) => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Broken::At(self.at)),
            None => Err(Broken::Cut),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }
}

/// How many bytes come before the next quote, backslash or control character: eight at a time.
#[inline]
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = word ^ (ONES * b'"' as u64);
        let slash = word ^ (ONES * b'\\' as u64);
        // A borrow can only raise false bits above the first true one, which alone is used.
        let hits = (quote.wrapping_sub(ONES) & !quote)
            | (slash.wrapping_sub(ONES) & !slash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        if hits & HIGH != 0 {
            return index * 8 + (hits & HIGH).trailing_zeros() as usize / 8;
        }
    }
    let stop = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    words.len() * 8 + rest.iter().position(stop).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests;
