//! Recorded exchanges, each by way of every other dialect.

use std::collections::BTreeMap;

use super::digest::{lost, said};
use super::{CLIENTS, assembled, by_way_of, destination, may_refuse, read_call, translated};
use crate::neutral::{Maker, StopReason};
use crate::records::{self, Record, Tally};
use crate::{Dialect, Flaw, StreamReader};

/// What came through between two dialects, and what did not.
#[derive(Default)]
struct Pairs {
    counts: BTreeMap<(Dialect, Dialect), (usize, usize)>,
    refusals: BTreeMap<(Dialect, String), usize>,
    failures: Vec<String>,
}

impl Pairs {
    fn count(&mut self, from: Dialect, to: Dialect) {
        self.counts.entry((from, to)).or_default().0 += 1;
    }

    fn refused(&mut self, from: Dialect, to: Dialect, why: String) {
        self.counts.entry((from, to)).or_default().1 += 1;
        *self.refusals.entry((to, why)).or_default() += 1;
    }

    fn fail(&mut self, record: &Record, to: Dialect, why: &str) {
        self.failures.push(format!("{} to {to}: {why}", record.name));
    }

    fn finish(self) {
        for ((from, to), (came, refused)) in &self.counts {
            let refused = if *refused > 0 { format!(", {refused} refused") } else { String::new() };
            println!("  {from} to {to}: {came}{refused}");
        }
        for ((to, why), count) in &self.refusals {
            println!("  {to} refused {count} for `{why}`");
        }
        let shown: Vec<_> = self.failures.iter().map(|line| shortened(line)).collect();
        assert!(shown.is_empty(), "{} lost something:\n{}", shown.len(), shown.join("\n"));
    }
}

fn shortened(line: &str) -> String {
    line.chars().take(600).collect()
}

/// The records that hold an answer, plain or streamed.
fn answers(is_stream: bool, tally: &mut Tally) -> Option<Vec<&'static Record>> {
    let records = records::all()?.iter();
    let wanted = records.filter(|record| record.is_answered() && record.is_stream == is_stream);
    let mut answers = Vec::new();
    for record in wanted {
        match record.flaw() {
            Some(flaw) => tally.leave_out(record, format_args!("no answer: {flaw:?}")),
            None => answers.push(record),
        }
    }
    Some(answers)
}

#[test]
fn recorded_replies_say_the_same_in_every_other_dialect() {
    let (mut tally, mut pairs) = (Tally::default(), Pairs::default());
    let Some(records) = answers(false, &mut tally) else { return };
    for record in records {
        let reply = record.dialect.decode_reply(&record.body).unwrap();
        for to in CLIENTS.into_iter().filter(|to| *to != record.dialect) {
            let (before, after) = (said(&reply, to), said(&by_way_of(to, &reply), to));
            if before != after {
                pairs.fail(record, to, &format!("{before:?}\n  became {after:?}"));
            }
            pairs.count(record.dialect, to);
        }
        tally.count(record);
    }
    tally.print("plain replies told in every other dialect");
    pairs.finish();
    assert!(tally.total() > 400, "hardly any replies were found");
}

#[test]
fn recorded_streams_say_the_same_in_every_other_dialect() {
    let (mut tally, mut pairs) = (Tally::default(), Pairs::default());
    let Some(records) = answers(true, &mut tally) else { return };
    for record in records {
        let reply = assembled(record.dialect, &record.body);
        for to in CLIENTS.into_iter().filter(|to| *to != record.dialect) {
            let stream = translated(record.dialect, to, &record.body);
            let mut reader = StreamReader::new(to);
            records::frames(to, &stream).iter().for_each(|frame| _ = reader.read(frame));
            // To `generate_content`, an answer that a filter or the model refused is none.
            let stops = reply.choices.iter().filter_map(|choice| choice.stop.as_ref());
            let is_refused = stops
                .into_iter()
                .any(|stop| matches!(stop.reason, StopReason::Filtered | StopReason::Refused));
            if let Err(flaw) = reader.end()
                && !(is_refused && matches!(flaw, Flaw::BrokenOff(_)))
            {
                pairs.fail(record, to, &format!("the stream is not whole: {flaw:?}"));
            }
            let (before, after) = (said(&reply, to), said(&assembled(to, &stream), to));
            if before != after {
                pairs.fail(record, to, &format!("{before:?}\n  became {after:?}"));
            }
            pairs.count(record.dialect, to);
        }
        tally.count(record);
    }
    tally.print("streams told in every other dialect");
    pairs.finish();
    assert!(tally.total() > 250, "hardly any streams were found");
}

#[test]
fn recorded_requests_ask_the_same_in_every_other_dialect() {
    let (mut tally, mut pairs) = (Tally::default(), Pairs::default());
    let Some(records) = records::all() else { return };
    for record in records.iter().filter(|record| record.is_answered()) {
        let Some(body) = record.request_with_model() else {
            tally.leave_out(record, "no request");
            continue;
        };
        let mut call = record.dialect.decode_call(&body, record.addressed.as_ref()).unwrap();
        // Everything sealed was made by the provider that answered.
        call.without_seals_of_others(Maker(7), &|_| Some(Maker(1)));
        for to in Dialect::TARGETS.into_iter().filter(|to| *to != record.dialect) {
            let written = to.encode_call(&call, &destination(to));
            if to.refusal(&call) != written.as_ref().err().map(|unfit| unfit.feature) {
                pairs.fail(record, to, "what is refused was not foretold");
            }
            match written {
                Ok(encoded) => {
                    let again = read_call(to, &encoded.body, destination(to).model);
                    if let Some(what) = lost(&call, &encoded, &again) {
                        pairs.fail(record, to, &format!("{what} ({:?})", encoded.notes));
                    }
                    pairs.count(record.dialect, to);
                }
                Err(unfit) => {
                    let feature = unfit.feature;
                    if !call.features().contains(feature) {
                        pairs.fail(record, to, &format!("refused for `{feature}` it has not"));
                    }
                    if !may_refuse(to, feature) {
                        pairs.fail(
                            record,
                            to,
                            &format!("refused for `{feature}` against the rule"),
                        );
                    }
                    pairs.refused(record.dialect, to, feature.to_string());
                }
            }
        }
        tally.count(record);
    }
    tally.print("requests asked in every other dialect");
    pairs.finish();
    assert!(tally.total() > 600, "hardly any requests were found");
}
