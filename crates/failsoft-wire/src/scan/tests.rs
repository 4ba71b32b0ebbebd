//! What the scanner takes, and what it refuses.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

fn scan(text: &[u8]) -> Result<(), Broken> {
    let mut scanner = Scanner::new(text);
    scanner.value()?;
    scanner.end()
}

#[test]
fn what_is_json_is_json_and_nothing_else() {
    for (text, expected) in [
        ("{}", Ok(())),
        (" [ 1 , -0.5e+3 , \"a\\u00e9\\n\" , true , false , null , { \"k\" : [ ] } ] ", Ok(())),
        ("\"\\ud800\"", Ok(())),
        ("", Err(Broken::Cut)),
        ("  ", Err(Broken::Cut)),
        ("{\"a\":1", Err(Broken::Cut)),
        ("{\"a\"", Err(Broken::Cut)),
        ("[1,", Err(Broken::Cut)),
        ("\"abc", Err(Broken::Cut)),
        ("\"abc\\", Err(Broken::Cut)),
        ("\"\\u12", Err(Broken::Cut)),
        ("tru", Err(Broken::Cut)),
        ("-", Err(Broken::Cut)),
        ("1.", Err(Broken::Cut)),
        ("[1,]", Err(Broken::At(3))),
        ("{,}", Err(Broken::At(1))),
        ("{\"a\" 1}", Err(Broken::At(5))),
        ("{\"a\":1,}", Err(Broken::At(7))),
        ("[1}", Err(Broken::At(2))),
        ("{\"a\":1]", Err(Broken::At(6))),
        ("{} {}", Err(Broken::At(3))),
        ("01", Err(Broken::At(1))),
        ("+1", Err(Broken::At(0))),
        ("NaN", Err(Broken::At(0))),
        ("nul!", Err(Broken::At(3))),
        ("'a'", Err(Broken::At(0))),
        ("\"a\nb\"", Err(Broken::At(2))),
        ("\"0123456789\u{1}\"", Err(Broken::At(11))),
        ("\"\\x\"", Err(Broken::At(2))),
        ("\u{feff}{}", Err(Broken::At(0))),
    ] {
        assert_eq!(scan(text.as_bytes()), expected, "{text:?}");
    }
}

#[test]
fn depth_is_bounded_whether_values_are_visited_or_stepped_over() {
    let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
    assert_eq!(scan(&nested(128)), Ok(()));
    assert_eq!(scan(&nested(129)), Err(Broken::TooComplex));
    assert_eq!(scan(&nested(100_000)), Err(Broken::TooComplex));
    assert_eq!(scan(&b"{\"a\":".repeat(100_000)), Err(Broken::TooComplex));
    for (depth, expected) in [(127, Ok(true)), (128, Err(Broken::TooComplex))] {
        let body = [b"{\"a\":", nested(depth).as_slice(), b"}"].concat();
        let visited = Scanner::new(&body).members(|scanner, _| scanner.value().map(|_| ()));
        assert_eq!(visited, expected, "{depth} below the top");
    }
}

#[test]
fn keys_are_bounded_at_every_depth() {
    for (length, expected) in [(8, Ok(true)), (9, Err(Broken::TooComplex))] {
        let body = format!("{{\"a\":[{{\"b\":{{\"{}\":1}}}}]}}", "k".repeat(length));
        let mut scanner = Scanner::with_max_key(body.as_bytes(), 8);
        assert_eq!(scanner.members(|scanner, _| scanner.value().map(|_| ())), expected);
    }
}

#[test]
fn values_tell_what_they_are() {
    let value = |text: &'static str| Scanner::new(text.as_bytes()).value().unwrap();
    for (text, is_full) in [
        ("null", false),
        ("false", false),
        ("0", false),
        ("\"\"", false),
        ("[ ]", false),
        ("{\n}", false),
        ("true", true),
        ("\" \"", true),
        ("[0]", true),
        ("{\"a\":null}", true),
        ("7", true),
    ] {
        assert_eq!(value(text).is_full(), is_full, "{text}");
    }
    for (text, count) in [
        ("0", Some(0)),
        ("4096", Some(4096)),
        ("4294967296", Some(u32::MAX)),
        ("99999999999999999999999999", Some(u32::MAX)),
        ("-1", None),
        ("1.0", None),
        ("1e3", None),
        ("\"1\"", None),
        ("null", None),
    ] {
        assert_eq!(value(text).count(), count, "{text}");
    }
    assert_eq!(value("\"a\\u00e9\\\"\\ud83d\\ude00\"").string().unwrap(), "aé\"😀");
    assert_eq!(value("\"\\ud800\"").string(), None);
    assert_eq!(value("\"\\ud800\"").unescaped().unwrap(), b"\xed\xa0\x80");
    assert_eq!(value("12").unescaped(), None);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn serde_json_agrees_on_anything(value in json(), edits in edits(), pretty: bool) {
        let mut text = if pretty { format!("{value:#}") } else { value.to_string() }.into_bytes();
        prop_assert_eq!(scan(&text), Ok(()));
        for (at, byte) in edits {
            let at = at.index(text.len());
            text[at] = byte;
        }
        if std::str::from_utf8(&text).is_ok() {
            let theirs = serde_json::from_slice::<IgnoredAny>(&text);
            prop_assert_eq!(scan(&text).is_ok(), theirs.is_ok(), "{:?}", theirs);
            let is_cut = theirs.is_err_and(|error| error.is_eof());
            prop_assert!(!is_cut || scan(&text) == Err(Broken::Cut));
        }
    }

    #[test]
    fn a_text_cut_short_is_cut(value in json(), at: prop::sample::Index) {
        let text = format!("[{value}]");
        let text = &text.as_bytes()[..at.index(text.len())];
        prop_assert_eq!(scan(text), Err(Broken::Cut));
    }
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    let byte =
        prop::sample::select(b"{}[]\",:\\0123456789.eE+-truefalsn u\x01\n \xc3\xa9".to_vec());
    prop::collection::vec((any::<prop::sample::Index>(), byte), 0..3)
}
