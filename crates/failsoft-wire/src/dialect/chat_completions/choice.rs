//! One entry of `choices`, of a chunk or of a whole answer.

use crate::scan::{Broken, Scanner, Value};

/// One entry of a chunk's `choices`.
#[derive(Default)]
pub(super) struct Part<'a> {
    pub(super) index: Option<u32>,
    pub(super) finish: Option<Value<'a>>,
    pub(super) error: bool,
    pub(super) has_content: bool,
    pub(super) is_message: bool,
    pub(super) calls: Vec<Piece<'a>>,
}

/// One entry of `tool_calls`.
#[derive(Default)]
pub(super) struct Piece<'a> {
    pub(super) index: Option<u32>,
    pub(super) id: &'a [u8],
    pub(super) has_name: bool,
    pub(super) arguments: Option<Value<'a>>,
}

impl<'a> Part<'a> {
    /// Takes one member.
    pub(super) fn read(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        match key {
            b"index" => self.index = scanner.value()?.count(),
            b"finish_reason" => self.finish = Some(scanner.value()?),
            b"error" => self.error |= scanner.value()?.is_full(),
            b"delta" | b"message" => {
                self.is_message |= key == b"message";
                scanner.members(|scanner, key| self.delta(scanner, key))?;
            }
            _ => _ = scanner.value()?,
        }
        Ok(())
    }

    fn delta(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        match key {
            b"content" | b"reasoning_content" | b"reasoning" | b"reasoning_details"
            | b"refusal" | b"audio" | b"images" => self.has_content |= scanner.value()?.is_full(),
            b"function_call" => {
                if let Some(piece) = Piece::read_function(scanner)? {
                    self.has_content = true;
                    self.calls.push(piece);
                }
            }
            b"tool_calls" => {
                scanner.items(|scanner| {
                    let mut piece = Piece::default();
                    if scanner.members(|scanner, key| piece.read(scanner, key))? {
                        self.has_content = true;
                        self.calls.push(piece);
                    }
                    Ok(())
                })?;
            }
            _ => _ = scanner.value()?,
        }
        Ok(())
    }
}

impl<'a> Piece<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        match key {
            b"index" => self.index = scanner.value()?.count(),
            b"id" => self.id = scanner.value()?.text().unwrap_or_default(),
            b"function" => {
                scanner.members(|scanner, key| self.function(scanner, key))?;
            }
            _ => _ = scanner.value()?,
        }
        Ok(())
    }

    fn function(&mut self, scanner: &mut Scanner<'a>, key: &[u8]) -> Result<(), Broken> {
        let value = scanner.value()?;
        match key {
            b"name" => self.has_name = value.is_full(),
            b"arguments" => self.arguments = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// The elder form: one call, without id and index.
    fn read_function(scanner: &mut Scanner<'a>) -> Result<Option<Self>, Broken> {
        let mut piece = Self::default();
        let is_object = scanner.members(|scanner, key| piece.function(scanner, key))?;
        Ok((is_object && (piece.has_name || piece.arguments.is_some())).then_some(piece))
    }
}
