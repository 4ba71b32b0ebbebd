//! Live progress on a terminal; nothing in a pipe.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::script::Spell;
use super::tally::Side;
use super::traffic::Traffic;

const REDRAW: Duration = Duration::from_millis(100);

/// Redraws until it is dropped.
pub(crate) async fn watch(traffic: &Traffic) {
    let bar = ProgressBar::new(traffic.length.as_millis() as u64);
    let style = ProgressStyle::with_template("  {bar:48.cyan/dim} {prefix}\n{msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let cleared = Cleared(bar);
    let began = Instant::now();
    let mut ticks = tokio::time::interval(REDRAW);
    loop {
        ticks.tick().await;
        let now = began.elapsed();
        let Cleared(bar) = &cleared;
        bar.set_prefix(format!(
            "{} of {} s",
            now.min(traffic.length).as_secs(),
            traffic.length.as_secs()
        ));
        bar.set_message(lines(traffic, now));
        bar.set_position(now.min(traffic.length).as_millis() as u64);
    }
}

/// What is broken now, and what users saw so far.
fn lines(traffic: &Traffic, now: Duration) -> String {
    let what = if now < traffic.length {
        Spell::at(now, traffic.length).words()
    } else {
        "waiting for the last answers"
    };
    let tally = traffic.tally();
    let side = |words: &str, side| {
        let sums = tally.sums(side, None);
        let (calls, errors) = (sums.calls, sums.errors());
        let count = format!("{errors:>4} errors");
        format!("  {words:<24} {calls:>5} calls {}", painted(&count, errors))
    };
    format!(
        "  {what}\n{}\n{}",
        side("straight to the provider", Side::Straight),
        side("through failsoft", Side::Failsoft)
    )
}

/// Green without errors, red with. The lines only ever reach a terminal.
fn painted(count: &str, errors: usize) -> String {
    if std::env::var_os("NO_COLOR").is_some() {
        return count.to_owned();
    }
    let code = if errors == 0 { 32 } else { 31 };
    format!("\u{1b}[{code}m{count}\u{1b}[0m")
}

/// Takes the lines off the terminal when the watching ends, however it ends.
struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
