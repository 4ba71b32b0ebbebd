//! Seals: opaque material that only the model that made it may be shown again.

use crate::base64;

/// Makes seals and knows its own.
#[derive(Clone, Copy)]
pub(crate) struct Sealer {
    /// Unlike any other fake's.
    pub(crate) nonce: u64,
}

/// Something in a request that only this fake can have made.
pub(crate) enum Claim {
    /// A seal of this model.
    Seal(String),
    /// The id of one of its answers, behind its prefix.
    Answer(String),
}

impl Sealer {
    /// The seal of one attempt of a model.
    pub(crate) fn seal(self, model: &str, serial: u64) -> String {
        base64::encode(format!("seal:{model}:{serial}:{:016x}", self.nonce).as_bytes())
    }

    /// The id of one attempt, unlike any other fake's.
    pub(crate) fn id(self, serial: u64) -> String {
        format!("{:016x}{serial:08x}", self.nonce)
    }

    /// Whether this fake made it, for this model.
    pub(crate) fn made(self, claim: &Claim, model: &str) -> bool {
        let own = format!("{:016x}", self.nonce);
        match claim {
            Claim::Answer(id) => id.rsplit('_').next().is_some_and(|id| id.starts_with(&own)),
            Claim::Seal(seal) => {
                let text = base64::decode(seal).and_then(|text| String::from_utf8(text).ok());
                let text = text.unwrap_or_default();
                let parts = text.strip_prefix("seal:").map(|rest| rest.rsplitn(3, ':'));
                parts.is_some_and(|mut parts| {
                    let (nonce, _, of) = (parts.next(), parts.next(), parts.next());
                    nonce == Some(&own) && of == Some(model)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_known_to_its_maker_under_its_model_only() {
        let (mine, other) = (Sealer { nonce: 1 }, Sealer { nonce: 2 });
        let seal = || Claim::Seal(mine.seal("a:b", 3));
        assert!(mine.made(&seal(), "a:b"));
        assert!(!mine.made(&seal(), "b") && !other.made(&seal(), "a:b"));
        for wrong in ["", "seal", "c2VhbDo=", "not base64!"] {
            assert!(!mine.made(&Claim::Seal(wrong.to_owned()), ""), "{wrong}");
        }
        let id = || Claim::Answer(format!("resp_{}", mine.id(7)));
        assert!(mine.made(&id(), "any") && !other.made(&id(), "any"));
    }
}
