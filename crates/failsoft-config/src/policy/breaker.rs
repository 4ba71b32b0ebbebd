//! Breaker, as written.

use failsoft_engine::policy::Breaker;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::{At, say};
use crate::units::{Length, Share};

/// When a target that keeps failing is left alone.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BreakerSpec {
    /// Whether it ever opens.
    enabled: bool,
    /// Hard failures in a row that open it.
    consecutive: u32,
    /// The share of hard failures in the window that opens it.
    ratio: Share,
    /// Outcomes the window must hold before the share counts.
    min_calls: u32,
    /// Length of the window.
    window: Length,
    /// Attempts sent that bring no content open it too.
    stall: StallSpec,
    /// How long it stays open.
    open: OpenSpec,
    /// How an open breaker finds out that its target is well.
    probe: ProbeSpec,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct StallSpec {
    /// Attempts sent without any first content for the time of `silence`.
    sends: u32,
    /// How long nothing may come, while `sends` attempts are made.
    silence: Length,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct OpenSpec {
    /// The first time; doubled each time.
    base: Length,
    /// The longest on its own count.
    cap: Length,
    /// The longest because the target said so.
    hint_cap: Length,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct ProbeSpec {
    /// How long a probe may take before another is sent.
    timeout: Length,
    /// Probes that must succeed before it closes.
    successes: u32,
}

impl Default for BreakerSpec {
    fn default() -> Self {
        let breaker = Breaker::default();
        Self {
            enabled: breaker.enabled,
            consecutive: breaker.consecutive,
            ratio: Share { milli: breaker.ratio_milli },
            min_calls: breaker.min_calls,
            window: Length(breaker.window),
            stall: StallSpec::default(),
            open: OpenSpec::default(),
            probe: ProbeSpec::default(),
        }
    }
}

impl Default for StallSpec {
    fn default() -> Self {
        let breaker = Breaker::default();
        Self { sends: breaker.stall_sends, silence: Length(breaker.stall_silence) }
    }
}

impl Default for OpenSpec {
    fn default() -> Self {
        let breaker = Breaker::default();
        Self {
            base: Length(breaker.open_base),
            cap: Length(breaker.open_cap),
            hint_cap: Length(breaker.hint_cap),
        }
    }
}

impl Default for ProbeSpec {
    fn default() -> Self {
        let breaker = Breaker::default();
        Self { timeout: Length(breaker.probe_timeout), successes: breaker.successes }
    }
}

impl BreakerSpec {
    pub(crate) fn check(self, at: &At<'_>) -> Breaker {
        let counts = [
            (at.key("consecutive"), self.consecutive),
            (at.key("ratio"), self.ratio.milli),
            (at.key("min_calls"), self.min_calls),
            (at.key("stall").key("sends"), self.stall.sends),
            (at.key("probe").key("successes"), self.probe.successes),
        ];
        for (here, count) in counts {
            if count == 0 {
                here.error(
                    say("0 would open the breaker, or close it, without any reason")
                        .hint("write more, or `enabled = false` to have no breaker"),
                );
            }
        }
        let lengths = [
            (at.key("window"), self.window),
            (at.key("stall").key("silence"), self.stall.silence),
            (at.key("open").key("base"), self.open.base),
            (at.key("probe").key("timeout"), self.probe.timeout),
        ];
        for (here, length) in lengths {
            if length.0.is_zero() {
                here.error(say("it must be longer than 0s"));
            }
        }
        if self.open.base > self.open.cap {
            let written = ["base", "cap"].map(|key| at.key("open").key(key));
            let here = written.iter().find(|at| at.is_written()).unwrap_or(at);
            here.error(say(format!(
                "`open.base`, {}, is longer than `open.cap`, {}",
                self.open.base, self.open.cap
            )));
        }
        Breaker {
            enabled: self.enabled,
            consecutive: self.consecutive,
            ratio_milli: self.ratio.milli,
            min_calls: self.min_calls,
            window: self.window.0,
            stall_sends: self.stall.sends,
            stall_silence: self.stall.silence.0,
            open_base: self.open.base.0,
            open_cap: self.open.cap.0,
            hint_cap: self.open.hint_cap.0,
            probe_timeout: self.probe.timeout.0,
            successes: self.probe.successes,
        }
    }
}
