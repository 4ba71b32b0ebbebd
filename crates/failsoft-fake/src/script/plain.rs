//! A plain answer, and the nearest likeness of a stream's fault in it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a fault touches one thing and leaves all others as they are"
)]

use super::{Act, JSON, Scene};
use crate::fault::{Fault, SILENCE};
use crate::script::stream::FAILED;

impl Scene<'_> {
    /// A plain answer, under the nearest likeness of a stream's fault.
    pub(super) fn plain(&self) -> Vec<Act> {
        let answer = self.answer();
        let body = answer.whole();
        let half = body.len() / 2;
        let wait = self.token_delay().saturating_mul(
            u32::try_from(answer.usage.output.saturating_sub(1)).unwrap_or(u32::MAX),
        );
        let mut acts = vec![Act::Pause(wait)];
        if self.manner.gated == Some(true) {
            acts.push(Act::Gate);
        }
        match self.fault {
            Fault::Slow(late) => {
                acts.push(Act::Pause(late));
                acts.extend(self.body(200, JSON, &body));
            }
            Fault::PingsOnly => {
                acts.push(self.head(200, JSON, &self.framing()));
                acts.extend(self.pinging(b"\n"));
            }
            Fault::RoleOnly => {
                let length = [("content-length", body.len().to_string())];
                acts.push(self.head(200, JSON, &length));
                acts.extend([Act::Pause(SILENCE), Act::Close]);
            }
            Fault::InbandError(_) => match answer.failed(FAILED.0, FAILED.1) {
                Some(failed) => acts.extend(self.body(200, JSON, &failed)),
                None => acts.extend(self.error_in_200()),
            },
            Fault::TruncatedJson | Fault::End(_) | Fault::BadChunk(_) | Fault::PingsEnd => {
                acts.extend(self.body(200, JSON, &body[..half]));
            }
            Fault::ShortBody | Fault::CutInside(_) => {
                acts.extend(self.part_of(&body, half).into_iter().chain([Act::Close]))
            }
            Fault::WrongType => acts.extend(self.body(200, "text/plain", &body)),
            _ => match self.breaks_after(&answer) {
                Some(after) => {
                    let told = body.len() * after.min(60) / 61;
                    acts.extend(self.part_of(&body, told));
                    acts.extend(self.break_off());
                }
                None => acts.extend(self.body(200, JSON, &body)),
            },
        }
        acts
    }

    /// The head that promises all of the body, and so many bytes of it.
    fn part_of(&self, body: &[u8], bytes: usize) -> Vec<Act> {
        let length = [("content-length", body.len().to_string())];
        vec![self.head(200, JSON, &length), Act::Send(body[..bytes].to_vec())]
    }
}
