//! Sheets on their own: what goes in comes out, and damage is seen.

use std::sync::Arc;
use std::time::Duration;

use failsoft_engine::*;
use proptest::prelude::*;

use super::*;
use crate::{AttemptFacts, CallFacts, CallRecord, Names, Stamp, TargetName, Trace};

/// Ids as they are made, nearly in order, and others.
fn any_id() -> impl Strategy<Value = String> {
    let made = (0_u32..4, 0_u8..2, 0_u8..4).prop_map(|(ms, process, counted)| {
        let mut id = format!("call_01JQ{ms:04}000000000000000000");
        let (process, counted) = (char::from(b'0' + process), char::from(b'V' + counted));
        id.replace_range(20..21, process.encode_utf8(&mut [0; 4]));
        id.replace_range(30..31, counted.encode_utf8(&mut [0; 4]));
        id
    });
    prop_oneof![8 => made, 1 => "\\PC{0,80}", 1 => Just("call_7ZZZZZZZZZZZZZZZZZZZZZZZZZ".to_owned())]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[abc]", 1 => "\\PC{0,300}", 1 => Just("a\n\u{1b}[2J".to_owned())]
}

prop_compose! {
    fn any_facts()(
        id in any_id(),
        model in any_text(),
        client in proptest::option::of(any_text()),
        client_retries in 0_u8..3,
        tag in proptest::option::of(any_text()),
        trace in proptest::option::of(any::<u128>()),
        request_bytes in any::<u64>(),
        prompt_tokens in any::<u32>(),
        status in any::<u16>(),
    ) -> CallFacts {
        let trace = trace.map(|id| Trace { id, parent: None, sampled: true });
        CallFacts {
            id, model, dialect: "messages", client, client_retries, tag, trace, request_bytes,
            prompt_tokens, status,
        }
    }
}

prop_compose! {
    fn any_seen()(
        model in any_text(),
        translated_to in proptest::option::of(Just("responses")),
        left_out in proptest::sample::subsequence(vec!["seed", "logprobs"], 0..3),
        status in proptest::option::of(any::<u16>()),
        texts in proptest::array::uniform3(proptest::option::of(any_text())),
        times in proptest::array::uniform3(proptest::option::of(any::<u64>())),
        delivered_bytes in any::<u64>(),
        dropped_events in any::<u16>(),
        price in proptest::option::of((any::<u64>(), any::<u64>())),
    ) -> AttemptFacts {
        let [code, request_id, words] = texts;
        let [connected_nanos, headers_nanos, seam] = times;
        let price = price.map(|(input, output)| Price { input, output });
        AttemptFacts {
            ordinal: 0, model, translated_to, left_out, status, code, request_id, words,
            connected_nanos, headers_nanos, delivered_bytes, dropped_events, seam,
            onward: None, usage: None, price,
        }
    }
}

/// Two generations of names.
fn generations() -> [Arc<Names>; 2] {
    let target = |name: &str| TargetName { name: name.to_owned(), ..TargetName::default() };
    let targets = vec![target("aurora/large"), target("basalt/small"), target("a\u{1b}b")];
    let names = Names { routes: vec!["assistant".to_owned()], targets, credentials: Vec::new() };
    let mut later = names.clone();
    later.targets.swap(0, 1);
    [Arc::new(names), Arc::new(later)]
}

prop_compose! {
    fn any_grounds()(
        figures in prop_oneof![
            4 => Just(vec![Measure::DeadlineLeftMs, Measure::TargetsLooked]),
            1 => proptest::sample::subsequence(&Measure::ALL[..], 0..Grounds::MOST),
        ],
        figure in any::<u32>(),
    ) -> Grounds {
        let figures = figures.into_iter().zip([figure, 0, 1, 7].into_iter().cycle());
        figures.fold(Grounds::NONE, |told, (measure, figure)| told.with(measure, figure))
    }
}

prop_compose! {
    fn any_healthy()(
        facts in any_facts(),
        seen in proptest::option::of(any_seen()),
        unix_millis in prop_oneof![4 => 1_795_442_000_000_i64..1_795_442_009_000, 1 => any::<i64>()],
        moments in proptest::array::uniform4(0_u64..200_000_000_000),
        (target, route) in (0_u16..3, 0_u16..2),
        generation in prop_oneof![9 => Just(0_usize), 1 => Just(1)],
        grounds in any_grounds(),
        (input, output) in any::<(u32, u32)>(),
        never in any::<bool>(),
    ) -> (usize, CallRecord) {
        let call = CallId(7);
        let attempt = AttemptId { call, ordinal: 0 };
        let [start, begun, content, took] = moments;
        let at = |nanos: u64| Moment::from_nanos(start + nanos);
        let deadline = if never { Moment::NEVER } else { at(120_000_000_000) };
        let (profile, delivery) = (Profile::Interactive, Delivery::Streamed);
        let target = TargetId(target);
        let took = Duration::from_nanos(took);
        let outcome = Outcome::Succeeded(Usage { input, output });
        let events = vec![
            (at(0), Event::CallStarted {
                call, route: RouteId(route), profile, delivery, deadline, max_attempts: 3,
            }),
            (at(begun), any_start(attempt, target, grounds)),
            (at(begun + content), Event::FirstContent {
                attempt, after: Duration::from_nanos(content),
            }),
            (at(begun + content), Event::Committed { attempt }),
            (at(begun + content), Event::AttemptEnded { attempt, target, outcome, took }),
            (at(begun + content), Event::CallEnded {
                call, verdict: Verdict::Served { attempt }, took, attempts: 1,
            }),
        ];
        let stamp = Stamp { moment: Moment::ZERO, unix_millis };
        // Which of these a sheet of them sees is up to `generations`.
        let names = Arc::new(Names::default());
        let attempts = seen.into_iter().collect();
        (generation, CallRecord { stamp, names, facts, events, attempts })
    }
}

/// Calls of one process: their names are those of a few settings.
fn any_calls(
    count: impl Into<proptest::collection::SizeRange>,
) -> impl Strategy<Value = Vec<CallRecord>> {
    proptest::collection::vec(any_healthy(), count).prop_map(|calls| {
        let names = generations();
        let named = |(generation, call): (usize, _)| CallRecord {
            names: Arc::clone(&names[generation]),
            ..call
        };
        calls.into_iter().map(named).collect()
    })
}

fn any_start(attempt: AttemptId, target: TargetId, grounds: Grounds) -> Event {
    Event::AttemptStarted { attempt, target, why: Why::First, grounds }
}

fn page(records: &[CallRecord]) -> Page {
    let mut sheet = Sheet::new(10);
    for (seq, record) in (10..).step_by(3).zip(records) {
        let mut line = Line::begin(record);
        line.tell(record).expect("it is healthy");
        sheet.push(seq, &line);
    }
    sheet.fresh_page().expect("there are calls")
}

#[test]
fn a_call_of_which_a_line_could_not_tell_all_has_none() {
    let whole = kept_calls().swap_remove(0);
    let has_line = |record: &CallRecord| Line::begin(record).tell(record).is_some();
    assert!(has_line(&whole));
    let with = |change: fn(&mut CallRecord)| {
        let mut record = whole.clone();
        change(&mut record);
        record
    };
    let attempt = AttemptId { call: CallId(7), ordinal: 1 };
    for (what, record) in [
        ("no events", with(|it| it.events.clear())),
        ("no end", with(|it| it.events.truncate(5))),
        (
            "an attempt without end",
            with(|it| {
                it.events.remove(4);
            }),
        ),
        ("a target without a name", with(|it| it.names = Arc::default())),
        ("two attempts over the wire", with(|it| it.attempts.push(it.attempts[0].clone()))),
        ("another attempt over the wire", with(|it| it.attempts[0].ordinal = 1)),
        (
            "something beside",
            with(|it| {
                let switched = Event::TargetSwitched { target: TargetId(1), enabled: false };
                it.events.insert(1, (it.events[0].0, switched));
            }),
        ),
        (
            "two attempts",
            with(|it| {
                if let Some((_, Event::CallEnded { attempts, .. })) = it.events.last_mut() {
                    *attempts = 2;
                }
            }),
        ),
    ] {
        assert!(!has_line(&record), "{what}");
    }
    let mut other = whole.clone();
    other.events.insert(1, (other.events[0].0, any_start(attempt, TargetId(0), Grounds::NONE)));
    assert!(!has_line(&other), "an attempt beside the other");
}

proptest! {
    #[test]
    fn what_goes_in_comes_out_and_nothing_is_lost(
        records in any_calls(1..40),
    ) {
        let page = page(&records);
        let expected: Vec<(i64, Recorded)> =
            (10..).step_by(3).zip(records.iter().map(CallRecord::recorded)).collect();
        let have = read(FORMAT, 10, &page.packed);
        prop_assert_eq!(have.as_ref(), Ok(&expected));
        let ids = || expected.iter().map(|(_, recorded)| recorded.call.id.as_str());
        prop_assert_eq!(ids().min(), Some(page.head.min_id.as_str()));
        prop_assert_eq!(ids().max(), Some(page.head.max_id.as_str()));
        let starts = || expected.iter().map(|(_, recorded)| recorded.call.started_ms);
        prop_assert_eq!(starts().min(), Some(page.head.first_ms));
        prop_assert_eq!(starts().max(), Some(page.head.last_ms));
        prop_assert_eq!(expected.last().map(|(seq, _)| *seq), Some(page.head.last_seq));
    }

    #[test]
    fn damage_is_seen_wherever_it_is(
        records in any_calls(1..4),
        place in any::<proptest::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut bytes = page(&records).packed;
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        prop_assert_eq!(read(FORMAT, 10, &bytes), Err(Damaged));
        prop_assert!(read(FORMAT, 10, &bytes[..place]).is_err());
    }

    #[test]
    fn bytes_that_nobody_wrote_are_refused_or_read_and_never_more(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        first in any::<i64>(),
    ) {
        let mut whole = crc32fast::hash(&bytes).to_le_bytes().to_vec();
        whole.extend(bytes);
        let _ = read(FORMAT, first, &whole);
    }
}

#[test]
fn a_sheet_of_an_unknown_format_is_not_guessed_at() {
    assert_eq!(read(FORMAT + 1, 0, &Sheet::new(0).packed()), Err(Damaged));
    assert_eq!(read(FORMAT, 0, &Sheet::new(0).packed()), Ok(Vec::new()));
}

/// What the sheet below holds.
fn kept_calls() -> Vec<CallRecord> {
    let call = CallId(7);
    let attempt = AttemptId { call, ordinal: 0 };
    let [names, _] = generations();
    let one = |number: u64| {
        let at = |millis: u64| Moment::from_nanos((number * 40 + millis) * 1_000_000);
        let (took, target) = (Duration::from_millis(300 + number), TargetId(number as u16 % 2));
        let (delivery, profile) = (Delivery::Plain, Profile::Interactive);
        let grounds = Grounds::NONE
            .with(Measure::DeadlineLeftMs, 120_000)
            .with(Measure::AttemptsLeft, 3 - number as u32);
        let outcome = Outcome::Succeeded(Usage { input: 100, output: 20 });
        let verdict = Verdict::Served { attempt };
        let (route, deadline) = (RouteId(0), at(120_000));
        let events = vec![
            (
                at(0),
                Event::CallStarted { call, route, profile, delivery, deadline, max_attempts: 3 },
            ),
            (at(1), any_start(attempt, target, grounds)),
            (at(290), Event::FirstContent { attempt, after: Duration::from_millis(289) }),
            (at(290), Event::Committed { attempt }),
            (at(301), Event::AttemptEnded { attempt, target, outcome, took }),
            (at(301), Event::CallEnded { call, verdict, took, attempts: 1 }),
        ];
        let facts = CallFacts {
            id: format!("call_01JQ000000000000000000000{number}"),
            model: "assistant".to_owned(),
            dialect: "messages",
            status: 200,
            request_bytes: 512,
            ..CallFacts::default()
        };
        let seen = AttemptFacts {
            model: "large".to_owned(),
            status: Some(200),
            request_id: Some(format!("req_{number}")),
            connected_nanos: Some(50_000),
            headers_nanos: Some(280_000_000),
            delivered_bytes: 900,
            ..AttemptFacts::default()
        };
        let stamp = Stamp { moment: Moment::ZERO, unix_millis: 1_795_442_000_000 };
        CallRecord { stamp, names: Arc::clone(&names), facts, events, attempts: vec![seen] }
    };
    (0..3).map(one).collect()
}

/// Others may lie there once they are gone.
#[test]
fn names_stay_as_long_as_texts_are_known_by_them() {
    let mut records = kept_calls();
    let names = Arc::downgrade(&records[0].names);
    let mut sheet = Sheet::new(10);
    let mut line = Line::begin(&records[0]);
    line.tell(&records[0]).expect("it is healthy");
    sheet.push(10, &line);
    records.clear();
    assert!(names.upgrade().is_some());
    drop(sheet);
    assert!(names.upgrade().is_none());
}

/// A sheet as it was written before its numbers told their length first.
#[test]
fn sheets_of_the_format_before_are_read() {
    let kept = "\
        23de074a0b09617373697374616e74086d6573736167657305706c61696e0b696e746572616374697665\
        067365727665640c6175726f72612f6c6172676500056c61726765056669727374097375636365656465\
        640c626173616c742f736d616c6c03008082f68ac1680180808080b86500009ffff0ff3b010102030405\
        06070708090a010481e0ba84bf03c901010101020405c9010101810480980580b2c89402808c8d9e0280\
        897aa08d06e0cafd8a0200ff887a00c80128880e057265715f3027646561646c696e655f6c6566745f6d\
        733d31323030303020617474656d7074735f6c6566743d3306500100000280020b80b2c894028095879f\
        0280897aa08d06e0cafd8a0200ff887a00c80128880e057265715f3127646561646c696e655f6c656674\
        5f6d733d31323030303020617474656d7074735f6c6566743d3206500100000280020680b2c89402809e\
        81a00280897aa08d06e0cafd8a0200ff887a00c80128880e057265715f3227646561646c696e655f6c65\
        66745f6d733d31323030303020617474656d7074735f6c6566743d31";
    let byte = |place: usize| u8::from_str_radix(&kept[place..place + 2], 16).unwrap();
    let packed: Vec<u8> = (0..kept.len()).step_by(2).map(byte).collect();
    let expected: Vec<(i64, Recorded)> =
        (10..).step_by(3).zip(kept_calls().iter().map(CallRecord::recorded)).collect();
    assert_eq!(read(SEVEN_BITS, 10, &packed), Ok(expected));
    let now = page(&kept_calls()).packed;
    assert!(now.len() < packed.len(), "{} bytes were {}", now.len(), packed.len());
}
