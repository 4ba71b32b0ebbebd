//! Streams that break and are gone on with: the client gets every word once, and one end.

#![expect(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]

#[path = "splice/heard.rs"]
mod heard;
#[path = "splice/told.rs"]
mod told;

use failsoft_wire::neutral::Maker;
use failsoft_wire::{
    Dialect, Flaw, FrameDecoder, Hold, Meaning, Onward, Resumable, Splicer, StreamReader,
};
use heard::{Heard, hear};
use proptest::collection::vec;
use proptest::prelude::*;
use told::{Ended, Said, presented, speak, stream};

const CLIENTS: [Dialect; 4] =
    [Dialect::ChatCompletions, Dialect::Messages, Dialect::Responses, Dialect::GenerateContent];

const HOLD: Hold = Hold { tool_calls: true, text: false, everything: false };

/// How a target goes on from a text.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// The rest; the white space at the end of what was delivered once more.
    Remainder,
    /// The rest, and nothing else.
    BareRemainder,
    /// Everything from the beginning, in answer to a prefill.
    Echo { is_known: bool },
    /// So much of what was delivered, in thousandths of what is before the last words.
    Overlap { before: usize, space: Space },
}

/// What became of the white space in words that are said again.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Space {
    Kept,
    Lost,
    Collapsed,
    Doubled,
}

/// A target that speaks until it breaks.
#[derive(Clone, Debug)]
struct Leg {
    dialect: Dialect,
    way: Way,
    /// In thousandths of its stream.
    cut: Option<usize>,
    sizes: Vec<usize>,
    thinks: bool,
}

fn visible(text: &str) -> Vec<char> {
    text.chars().filter(|char| !char.is_whitespace()).collect()
}

impl Space {
    fn of(self, text: &str) -> String {
        let end = text.trim_end().len();
        let (words, tail) = text.split_at(end);
        let mut out = String::new();
        let mut was_space = false;
        for char in words.chars() {
            let is_space = char.is_whitespace();
            match self {
                _ if !is_space => out.push(char),
                Self::Kept => out.push(char),
                Self::Lost => {}
                Self::Collapsed if was_space => {}
                Self::Collapsed => out.push(' '),
                Self::Doubled => out.extend([char, '\n']),
            }
            was_space = is_space;
        }
        out + tail
    }
}

/// The words a target says to go on from `had` to `whole`, and how it was asked. `None` where its
/// words could be read in two ways, or it cannot go so.
fn goes_on(whole: &str, had: &str, anchor: &str, way: Way) -> Option<(Onward, String)> {
    if had.trim().is_empty() {
        return Some((Onward::Anew, whole.to_owned()));
    }
    let stripped = had.trim_end();
    let rest = &whole[had.len()..];
    let remainder = match way {
        Way::Remainder => &whole[stripped.len()..],
        // Whether its white space is new cannot be known.
        Way::BareRemainder if stripped != had && rest.starts_with(char::is_whitespace) => {
            return None;
        }
        Way::BareRemainder => rest,
        Way::Echo { is_known } => {
            let is_seen = is_known || stripped.trim_start().chars().count() >= 16;
            return is_seen.then(|| (Onward::Prefill { echoes: is_known }, whole.to_owned()));
        }
        Way::Overlap { before, space } => {
            let starts: Vec<usize> = had[..stripped.len() - anchor.len()]
                .char_indices()
                .map(|(at, _)| at)
                .chain([stripped.len() - anchor.len()])
                .collect();
            let again = &had[starts[(starts.len() - 1) * before / 1000]..];
            let said = space.of(again) + rest;
            return Some((Onward::Asked, said));
        }
    };
    // A rest that begins like the whole looks like the whole once more.
    let (known, new) = (visible(had), visible(remainder));
    let common = known.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let mut left = common;
    let alike = had.trim_start().chars().take_while(|char| {
        left -= usize::from(left > 0 && !char.is_whitespace());
        left > 0
    });
    let is_clear = common < known.len() && (common == 0 || alike.count() + 1 < 24);
    is_clear.then(|| (Onward::Prefill { echoes: false }, remainder.to_owned()))
}

/// Lets the legs speak one after another; the last one is not cut. `None` if a case is ambiguous.
fn tell(client: Dialect, said: &[Said], legs: &[Leg], hold: Hold) -> Option<Vec<u8>> {
    let whole: String = said
        .iter()
        .map(|said| match said {
            Said::Text(text) => text.as_str(),
            _ => "",
        })
        .collect();
    let first = &legs[0];
    let mut splicer = Splicer::new(client, first.dialect, presented(), hold, false);
    let mut told = Vec::new();
    for (at, leg) in legs.iter().enumerate() {
        let had = splicer.delivered().text().to_owned();
        assert!(whole.starts_with(&had), "{had:?} is no beginning of {whole:?}");
        let mut words = whole.clone();
        if at > 0 {
            assert_eq!(splicer.resumable(), Resumable::Anywhere);
            let anchor = splicer.delivered().last_words();
            let (onward, rest) = goes_on(&whole, &had, anchor, leg.way)?;
            words = rest;
            splicer.resume(leg.dialect, onward, Some(Maker(at as u64)));
        }
        let mut speech = Vec::new();
        if leg.thinks {
            speech.push(Said::Thought(format!("Thought of target {at}.")));
        }
        speech.push(Said::Text(words));
        speech.extend(said.iter().filter(|said| matches!(said, Said::Call { .. })).cloned());
        let bytes = stream(leg.dialect, &format!("t{at}"), &speech, ("stop", &leg.sizes));
        let is_last = at + 1 == legs.len();
        let cut = leg.cut.filter(|_| !is_last).map(|cut| bytes.len() * cut / 1000);
        let ended = speak(&mut splicer, leg.dialect, &bytes, cut);
        told.extend(splicer.passable());
        match ended {
            Ok(Ended::Whole) => return Some(told),
            Ok(Ended::Broken) => assert!(!is_last),
            Err(flaw) => panic!("{flaw:?} of {leg:?}\nhad {had:?}\nsaid {speech:?}"),
        }
    }
    panic!("the last target was not cut");
}

/// The answer as its client would hear it had nothing broken.
fn unbroken(client: Dialect, said: &[Said]) -> Heard {
    let leg =
        Leg { dialect: client, way: Way::Remainder, cut: None, sizes: vec![1000], thinks: false };
    hear(client, &tell(client, said, &[leg], HOLD).unwrap())
}

fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => "[a-zA-Z]{1,8}",
        1 => Just("日本語".to_owned()),
        1 => Just("👩‍👩‍👧e\u{301}".to_owned()),
        1 => Just("\"quoted\\n\" {\"a\":1}".to_owned()),
        1 => Just("\u{0}\u{7f}<|end|>".to_owned()),
    ];
    let space = prop_oneof![
        8 => Just(" "), 1 => Just("\n\n"), 1 => Just("  \t"), 1 => Just("\u{a0}"), 1 => Just("")
    ];
    let words = vec((word, space), 1..60)
        .prop_map(|words| words.into_iter().map(|(word, space)| word + space).collect::<String>());
    let repeated = ("[ab]{1,2}[ \n]", "[a-z]{1,6}", 1..20_usize, 1..20_usize).prop_map(
        |(line, end, many, more)| format!("{}{end} {}!", line.repeat(many), line.repeat(more)),
    );
    let lines = vec(0..4_u8, 1..12).prop_map(|lines| {
        lines.iter().map(|n| format!("- The item of number {n}\n")).collect::<String>()
    });
    (
        prop_oneof![4 => words, 1 => repeated, 1 => lines],
        prop_oneof![4 => Just(""), 1 => Just("\n ")],
    )
        .prop_map(|(text, before)| format!("{before}{text}"))
}

fn ways() -> impl Strategy<Value = Way> {
    let space = prop_oneof![
        Just(Space::Kept),
        Just(Space::Lost),
        Just(Space::Collapsed),
        Just(Space::Doubled)
    ];
    let before = prop_oneof![Just(0_usize), Just(1000), 0..1000_usize];
    prop_oneof![
        Just(Way::Remainder),
        Just(Way::BareRemainder),
        any::<bool>().prop_map(|is_known| Way::Echo { is_known }),
        (before, space).prop_map(|(before, space)| Way::Overlap { before, space }),
    ]
}

fn legs() -> impl Strategy<Value = Vec<Leg>> {
    let leg = (0..5_usize, ways(), 0..1000_usize, vec(1..12_usize, 1..6), any::<bool>());
    vec(leg, 2..5).prop_map(|legs| {
        let leg = |(dialect, way, cut, sizes, thinks): (usize, _, _, _, _)| Leg {
            dialect: Dialect::TARGETS[dialect],
            way,
            cut: Some(cut),
            sizes,
            thinks,
        };
        legs.into_iter().map(leg).collect()
    })
}

fn calls() -> impl Strategy<Value = Vec<Said>> {
    let arguments = prop_oneof![
        Just("{}".to_owned()),
        Just(r#"{"city":"Zürich \"A\" {","days":[1,2],"deep":{"a":null}}"#.to_owned()),
        "[a-z ]{0,40}".prop_map(|text| serde_json::json!({ "text": text }).to_string()),
    ];
    vec(arguments, 0..4).prop_map(|list| {
        let call = |(at, arguments)| Said::Call { name: format!("tool_{at}"), arguments };
        list.into_iter().enumerate().map(call).collect()
    })
}

fn check(client: Dialect, said: &[Said], legs: &[Leg], hold: Hold) -> Result<(), TestCaseError> {
    let Some(told) = tell(client, said, legs, hold) else { return Ok(()) };
    let (heard, meant) = (hear(client, &told), unbroken(client, said));
    prop_assert_eq!(&heard.text, &meant.text);
    prop_assert_eq!(&heard.calls, &meant.calls);
    prop_assert_eq!(&heard.stop, &meant.stop);
    let mut ids = heard.call_ids.clone();
    ids.retain(|id| !id.is_empty());
    ids.sort();
    ids.dedup();
    let named = heard.call_ids.iter().filter(|id| !id.is_empty()).count();
    prop_assert_eq!(ids.len(), named, "ids are told apart: {:?}", heard.call_ids);
    Ok(())
}

/// The words that are asked for once more stand nowhere else, so nothing is taken for them.
#[test]
fn what_an_answer_repeats_comes_as_often_as_it_was_said() {
    let leg = |cut, way| Leg { dialect: CLIENTS[0], way, cut, sizes: vec![3], thinks: false };
    let way = Way::Overlap { before: 1000, space: Space::Kept };
    for text in [
        format!("All of them are none: [{}0]", "0, ".repeat(60)),
        format!("{}Batman!", "na ".repeat(40)),
        format!("| a | b |\n{}|\n| 1 | 2 |", "| --- ".repeat(40)),
        format!("{}That is all.", "- The item of number 3\n".repeat(8)),
    ] {
        for cut in (0..1000).step_by(40) {
            let legs = [leg(Some(cut), way), leg(None, way)];
            check(CLIENTS[0], &[Said::Text(text.clone())], &legs, HOLD).unwrap();
        }
    }
}

/// How a target does not go on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Astray {
    /// It says something before it does what it was asked.
    Preamble,
    /// It says something else.
    OtherWords,
    /// It goes on without the words it was asked to repeat.
    NoAnchor,
    /// It begins at the beginning, and says something else after so many thousandths.
    OtherWay(usize),
}

/// Words that do not go on from a text, and how they were asked for. `None` if by chance they do.
fn goes_astray(whole: &str, had: &str, anchor: &str, astray: Astray) -> Option<(Onward, String)> {
    if had.trim().is_empty() {
        return None;
    }
    let said = match astray {
        Astray::Preamble => format!("Sure, continuing: {anchor}{}", &whole[had.len()..]),
        Astray::OtherWords => "Quite another matter is this one here, I think.".to_owned(),
        Astray::NoAnchor => whole[had.len()..].to_owned(),
        Astray::OtherWay(after) => {
            let starts: Vec<usize> = had.trim_end().char_indices().map(|(at, _)| at).collect();
            let common = &had[..starts[(starts.len() - 1) * after / 1000]];
            let said = format!("{common}§ and then all is different.");
            if common.trim().chars().count() >= 24 {
                return Some((Onward::Prefill { echoes: false }, said));
            }
            said
        }
    };
    let least = visible(anchor).len();
    let (known, new) = (visible(had), visible(&said));
    let fits = (least..=known.len().min(new.len()))
        .any(|length| known[known.len() - length..] == new[..length]);
    // An empty answer is none, and nothing gets here of it.
    let is_answer = !said.trim().is_empty();
    (!fits && is_answer).then_some((Onward::Asked, said))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn every_word_comes_once_wherever_streams_break(text in texts(), legs in legs()) {
        for client in CLIENTS {
            check(client, &[Said::Text(text.clone())], &legs, HOLD)?;
        }
    }

    #[test]
    fn every_call_comes_once_and_whole(text in texts(), calls in calls(), legs in legs()) {
        let said: Vec<Said> = [Said::Text(text)].into_iter().chain(calls).collect();
        for client in CLIENTS {
            check(client, &said, &legs, HOLD)?;
        }
    }

    #[test]
    fn what_does_not_fit_never_reaches_the_client(
        text in texts(),
        legs in legs(),
        astray in prop_oneof![
            Just(Astray::Preamble),
            Just(Astray::OtherWords),
            Just(Astray::NoAnchor),
            (0..1000_usize).prop_map(Astray::OtherWay),
        ],
    ) {
        for client in CLIENTS {
            let first = &legs[0];
            let mut splicer = Splicer::new(client, first.dialect, presented(), HOLD, false);
            let bytes = stream(first.dialect, "t0", &[Said::Text(text.clone())], ("stop", &first.sizes));
            let cut = Some(bytes.len() * first.cut.unwrap() / 1000);
            prop_assert_eq!(speak(&mut splicer, first.dialect, &bytes, cut), Ok(Ended::Broken));
            let mut told = splicer.passable().to_vec();
            let had = splicer.delivered().text().to_owned();
            let anchor = splicer.delivered().last_words().to_owned();
            let Some((onward, said)) = goes_astray(&text, &had, &anchor, astray) else { continue };
            let other = legs[1].dialect;
            splicer.resume(other, onward, None);
            let bytes = stream(other, "t1", &[Said::Text(said)], ("stop", &legs[1].sizes));
            prop_assert_eq!(speak(&mut splicer, other, &bytes, None), Err(Flaw::DoesNotFit));
            prop_assert!(!splicer.has_released() && !splicer.has_passable());
            prop_assert_eq!(splicer.delivered().text(), &had);
            // The next one does better.
            prop_assert_eq!(splicer.resumable(), Resumable::Anywhere);
            splicer.resume(first.dialect, Onward::Prefill { echoes: true }, None);
            let bytes = stream(first.dialect, "t2", &[Said::Text(text.clone())], ("stop", &first.sizes));
            prop_assert_eq!(speak(&mut splicer, first.dialect, &bytes, None), Ok(Ended::Whole));
            told.extend(splicer.passable());
            prop_assert_eq!(hear(client, &told).text, text.as_str());
        }
    }

    #[test]
    fn nonsense_breaks_nothing(
        text in texts(),
        calls in calls(),
        legs in legs(),
        changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
        everything in any::<bool>(),
    ) {
        let said: Vec<Said> = [Said::Text(text)].into_iter().chain(calls).collect();
        for client in CLIENTS {
            let hold = Hold { everything, ..HOLD };
            let mut splicer = Splicer::new(client, client, presented(), hold, false);
            for (at, leg) in legs.iter().enumerate() {
                let dialect = if at == 0 { client } else { leg.dialect };
                if at > 0 {
                    let onward = match leg.way {
                        Way::Remainder | Way::BareRemainder => Onward::Prefill { echoes: false },
                        Way::Echo { .. } => Onward::Anew,
                        Way::Overlap { .. } => Onward::Asked,
                    };
                    splicer.resume(dialect, onward, None);
                }
                let mut bytes = stream(dialect, "t", &said, ("length", &leg.sizes));
                for (index, byte) in &changes {
                    *index.get_mut(&mut bytes) = *byte;
                }
                let mut decoder = FrameDecoder::new(dialect, 1 << 24);
                let mut reader = StreamReader::new(dialect);
                decoder.push(bytes.into());
                while let Ok(Some(frame)) = decoder.next_frame() {
                    let meaning = reader.read(&frame);
                    if matches!(meaning, Meaning::Error | Meaning::Malformed) {
                        continue;
                    }
                    let taken = splicer.take_alike(frame).and_then(|other| {
                        other.map_or(Ok(()), |frame| splicer.take(frame, meaning))
                    });
                    if taken.is_err() {
                        break;
                    }
                    let _ = splicer.resumable();
                }
                let _ = splicer.end(None);
                splicer.passable();
            }
        }
    }
}
