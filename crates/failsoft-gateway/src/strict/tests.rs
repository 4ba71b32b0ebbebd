//! A corpus of raw requests, each also cut at every byte, and properties over arbitrary ones.

use proptest::prelude::*;

use super::Flaw;
use super::inspector::{Inspector, Reached};

/// What becomes of raw bytes: how many whole requests passed, what passed, and the flaw that
/// ended it.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    requests: usize,
    passed: Vec<u8>,
    flaw: Option<Flaw>,
}

fn inspect<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    let mut inspector = Inspector::new();
    let mut seen = Seen { requests: 0, passed: Vec::new(), flaw: None };
    for piece in pieces {
        let mut rest = piece;
        while !rest.is_empty() {
            match inspector.look(rest, |bytes| seen.passed.extend_from_slice(bytes)) {
                Ok(look) => {
                    assert!(look.taken > 0, "a look that takes nothing never ends");
                    seen.requests += usize::from(look.reached == Reached::End);
                    rest = &rest[look.taken..];
                }
                Err(flaw) => {
                    assert_eq!(inspector.look(b"GET", |_| panic!("passed on")), Err(flaw));
                    return Seen { flaw: Some(flaw), ..seen };
                }
            }
        }
    }
    seen
}

const HEAD: &str = "POST /v1/messages HTTP/1.1\r\nHost: a\r\n";

/// Bytes that pass untouched, as so many requests.
fn sound() -> Vec<(usize, Vec<u8>)> {
    let with = |lines: &str| format!("{HEAD}{lines}").into_bytes();
    let line = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
    let host = |host: &str| format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes();
    let ninety_nine: String = (0..99).map(|n| format!("x-{n}: {n}\r\n")).collect();
    vec![
        (1, with("\r\n")),
        (1, with("content-length: 0\r\n\r\n")),
        (1, with("Content-Length: 5\r\n\r\nhello")),
        (1, with("CONTENT-LENGTH:5\r\n\r\nhello")),
        (1, with("content-length:\t 5 \t\r\n\r\nhello")),
        (1, with("content-length: 00005\r\n\r\nhello")),
        (1, with("content-length: 4\r\n\r\n\r\n\r\n")),
        (1, with("transfer-encoding: chunked\r\n\r\n0\r\n\r\n")),
        (1, with("Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")),
        (1, with("transfer-encoding: chunked\r\n\r\n00a\r\n0123456789\r\n000\r\n\r\n")),
        (1, with("transfer-encoding: chunked\r\n\r\nA\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n")),
        (1, with("expect: 100-continue\r\ncontent-length: 1\r\n\r\nx")),
        (1, with("x-empty:\r\nx-space: \r\n\r\n")),
        (1, with("x-text: caf\u{e9}\r\n\r\n")),
        (1, with("x-tab: a\tb\r\n\r\n")),
        (1, with("x_custom: 1\r\n\r\n")),
        (1, with("my_trace_id: 1\r\n\r\n")),
        (1, with("upgrade: h2c\r\nconnection: upgrade\r\n\r\n")),
        (1, with("content-type: application/json\r\nauthorization: Bearer k\r\n\r\n")),
        (1, with(&format!("{ninety_nine}\r\n"))),
        (1, with(&format!("x-large: {}\r\n\r\n", "a".repeat(64 * 1024)))),
        (1, line("/")),
        (1, line("/v1/messages?beta=true")),
        (1, line("/a%00b")),
        (1, line("//a/../b")),
        (1, line("/?a=b?c/d:e@f")),
        (1, line(&format!("/{}", "a".repeat(8 * 1024 - 1)))),
        (1, host("a.example:443")),
        (1, host("localhost")),
        (1, host("my_service:4000")),
        (1, host("127.0.0.1:1")),
        (1, host("[::1]:4000")),
        (1, host("[fe80::1]")),
        (2, [line("/"), with("content-length: 2\r\n\r\nhi")].concat()),
        (2, [with("content-length: 2\r\n\r\nhi"), line("/")].concat()),
        (3, [line("/a"), line("/b"), line("/c")].concat()),
        (2, [with("transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"), line("/")].concat()),
        // Not yet whole, and nothing wrong so far.
        (0, with("content-length: 5\r\n\r\nhell")),
        (0, with("transfer-encoding: chunked\r\n\r\n5\r\nhell")),
        (0, with("transfer-encoding: chunked\r\n\r\n0\r\n")),
        (0, with("content-length: 999999999999999999\r\n\r\n")),
    ]
}

/// Bytes that are refused.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn unsound() -> Vec<(Flaw, Vec<u8>)> {
    use Flaw::{
        Chunk, Framing, Header, Host, Line, RequestLine, TargetTooLong, TooLarge, Twin, Version,
    };
    let with = |lines: &str| format!("{HEAD}{lines}").into_bytes();
    let line = |line: &str| format!("{line}\r\nHost: a\r\n\r\n").into_bytes();
    let host = |lines: &str| format!("GET / HTTP/1.1\r\n{lines}\r\n").into_bytes();
    let chunked =
        |body: &str| format!("{HEAD}transfer-encoding: chunked\r\n\r\n{body}").into_bytes();
    let hundred: String = (0..100).map(|n| format!("x-{n}: {n}\r\n")).collect();
    let mut all = vec![
        // Two ways to tell where the body ends.
        (Framing, with("content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")),
        (Framing, with("transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n")),
        (Framing, with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        (Framing, with("content-length: 5\r\ncontent-length: 5\r\n\r\nhello")),
        (Framing, with("content-length: 5\r\nContent-Length: 6\r\n\r\nhello")),
        (Framing, with("content-length: 5, 5\r\n\r\nhello")),
        (Framing, with("content-length: +5\r\n\r\nhello")),
        (Framing, with("content-length: -1\r\n\r\n")),
        (Framing, with("content-length: 0x5\r\n\r\nhello")),
        (Framing, with("content-length: 5 \u{b}\r\n\r\nhello")).map_flaw(Line),
        (Framing, with("content-length:\r\n\r\n")),
        (Framing, with("content-length: 5a\r\n\r\nhello")),
        (Framing, with("content-length: 5.0\r\n\r\nhello")),
        (Framing, with("content-length: 1 2\r\n\r\nhello")),
        (Framing, with("content-length: 9999999999999999999\r\n\r\n")),
        (Framing, with("content-length: 18446744073709551616\r\n\r\n")),
        (Framing, with("content-length: \u{665}\r\n\r\n")),
        (Framing, with("transfer-encoding: gzip\r\n\r\n")),
        (Framing, with("transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n")),
        (Framing, with("transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n")),
        (Framing, with("transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n")),
        (Framing, with("transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n")),
        (Framing, with("transfer-encoding: identity\r\n\r\n")),
        (Framing, with("transfer-encoding: \"chunked\"\r\n\r\n0\r\n\r\n")),
        (Framing, with("transfer-encoding: xchunked\r\n\r\n0\r\n\r\n")),
        (Framing, with("transfer-encoding: chunked;q=1\r\n\r\n0\r\n\r\n")),
        (Framing, with("transfer-encoding: ,chunked\r\n\r\n0\r\n\r\n")),
        (Framing, with("transfer-encoding:\r\n\r\n")),
        (
            Framing,
            with("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        ),
        (
            Framing,
            with("transfer-encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
        ),
        (Line, with("transfer-encoding: chun\0ked\r\n\r\n0\r\n\r\n")),
        (Line, with("transfer-encoding: \u{b}chunked\r\n\r\n0\r\n\r\n")),
        // Names that are nearly others.
        (Header, with("content-length : 5\r\n\r\nhello")),
        (Header, with("transfer-encoding : chunked\r\n\r\n0\r\n\r\n")),
        (Header, with("transfer-encoding\t: chunked\r\n\r\n0\r\n\r\n")),
        (Header, with(" transfer-encoding: chunked\r\n\r\n0\r\n\r\n")),
        (Header, with("\ttransfer-encoding: chunked\r\n\r\n0\r\n\r\n")),
        (Header, with("x-a: b\r\n folded: c\r\n\r\n")),
        (Header, with("x-a: b\r\n\tc\r\n\r\n")),
        (Header, with("x-a: b\r\n \r\n\r\n")),
        (Header, with("no colon\r\n\r\n")),
        (Header, with("nocolon\r\n\r\n")),
        (Header, with(": no name\r\n\r\n")),
        (Header, with("a b: c\r\n\r\n")),
        (Header, with("a(b): c\r\n\r\n")),
        (Header, with("caf\u{e9}: c\r\n\r\n")),
        (Header, with("a\0b: c\r\n\r\n")),
        (Header, with("a\rb: c\r\n\r\n")),
        (Header, with("\"a\": c\r\n\r\n")),
        (Header, with("a/b: c\r\n\r\n")),
        (Header, with("a@b: c\r\n\r\n")),
        (Header, with("a[0]: c\r\n\r\n")),
        // Lines that end otherwise.
        (Line, b"GET / HTTP/1.1\nHost: a\n\n".to_vec()),
        (Line, b"GET / HTTP/1.1\r\nHost: a\n\r\n".to_vec()),
        (Line, b"GET / HTTP/1.1\r\nHost: a\r\n\n".to_vec()),
        (Line, b"GET / HTTP/1.1\nHost: a\r\n\r\n".to_vec()),
        (Line, with("x-a: b\ntransfer-encoding: chunked\r\n\r\n")),
        (Line, with("x-a: b\rtransfer-encoding: chunked\r\n\r\n")),
        (Line, with("x-a: b\r\r\n\r\n")),
        (Line, with("x-a: b\0c\r\n\r\n")),
        (Line, with("x-a: b\u{7f}c\r\n\r\n")),
        (Line, with("x-a: \u{1b}[2J\r\n\r\n")),
        (Line, with("x-a: b\u{8}c\r\n\r\n")),
        (Line, b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        // Which host?
        (Host, host("")),
        (Host, host("x: y\r\n")),
        (Host, host("Host: a\r\nHost: a\r\n")),
        (Host, host("Host: a\r\nhost: b\r\n")),
        (Host, host("Host:\r\n")),
        (Host, host("Host: \r\n")),
        (Host, host("Host: a?x=/health\r\n")),
        (Host, host("Host: a?x=/health#\r\n")),
        (Host, host("Host: a#b\r\n")),
        (Host, host("Host: user@a\r\n")),
        (Host, host("Host: a b\r\n")),
        (Host, host("Host: a/b\r\n")),
        (Host, host("Host: a/admin\r\n")),
        (Host, host("Host: a\\b\r\n")),
        (Host, host("Host: a,b\r\n")),
        (Host, host("Host: http://a\r\n")),
        (Host, host("Host: a:80:80\r\n")),
        (Host, host("Host: a:\r\n")),
        (Host, host("Host: a:http\r\n")),
        (Host, host("Host: a:123456\r\n")),
        (Host, host("Host: :80\r\n")),
        (Host, host("Host: [::1\r\n")),
        (Host, host("Host: []\r\n")),
        (Host, host("Host: [::1]a\r\n")),
        (Host, host("Host: [a/b]\r\n")),
        (Host, host("Host: caf\u{e9}\r\n")),
        (Host, host("Host: a%2fb\r\n")),
        // First lines that are none.
        (RequestLine, line("GET  / HTTP/1.1")),
        (RequestLine, line("GET /  HTTP/1.1")),
        (RequestLine, line("GET / HTTP/1.1 ")),
        (RequestLine, line(" GET / HTTP/1.1")),
        (RequestLine, line("GET\t/\tHTTP/1.1")),
        (RequestLine, line("GET /")),
        (RequestLine, line("GET")),
        (RequestLine, line("GET / FTP/1.1")),
        (RequestLine, line("GET / http/1.1")),
        (RequestLine, line("get / HTTP/1.1")),
        (RequestLine, line("G(T / HTTP/1.1")),
        (RequestLine, line("G\0T / HTTP/1.1")),
        (RequestLine, line("GET /a b HTTP/1.1")),
        (RequestLine, line("GET /a\rb HTTP/1.1")),
        (RequestLine, line("GET /a\0b HTTP/1.1")),
        (RequestLine, line("GET /caf\u{e9} HTTP/1.1")),
        (RequestLine, line("GET /a#b HTTP/1.1")),
        (RequestLine, line("GET /a\\b HTTP/1.1")),
        (RequestLine, line("GET http://b/v1/messages HTTP/1.1")),
        (RequestLine, line("GET https://a/ HTTP/1.1")),
        (RequestLine, line("GET a:443 HTTP/1.1")),
        (RequestLine, line("CONNECT a:443 HTTP/1.1")),
        (RequestLine, line("OPTIONS * HTTP/1.1")),
        (RequestLine, line("GET ?a HTTP/1.1")),
        (RequestLine, b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        (RequestLine, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        (RequestLine, b"\0\0\0\0".to_vec()),
        (RequestLine, b"{\"model\":1}".to_vec()),
        (Version, line("GET / HTTP/1.0")),
        (Version, line("GET / HTTP/0.9")),
        (Version, line("GET / HTTP/2.0")),
        (Version, line("GET / HTTP/1.2")),
        (Version, line("GET / HTTP/1.10")),
        (Version, line("GET / HTTP/11")),
        (Version, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        (TargetTooLong, line(&format!("GET /{} HTTP/1.1", "a".repeat(8 * 1024)))),
        (TargetTooLong, format!("GET /{}", "a".repeat(9 * 1024)).into_bytes()),
        (TooLarge, with(&format!("{hundred}\r\n"))),
        (TooLarge, with(&format!("x-large: {}\r\n\r\n", "a".repeat(65 * 1024)))),
        (TooLarge, with(&format!("x-large: {}", "a".repeat(66 * 1024)))),
        (TooLarge, with(&format!("{}\r\n", format!("x-a: {}\r\n", "b".repeat(1500)).repeat(44)))),
        // Chunks.
        (Chunk, chunked("5;a=b\r\nhello\r\n0\r\n\r\n")),
        (Chunk, chunked("5;\nhello\r\n0\r\n\r\n")),
        (Chunk, chunked("5 \r\nhello\r\n0\r\n\r\n")),
        (Chunk, chunked(" 5\r\nhello\r\n0\r\n\r\n")),
        (Chunk, chunked("+5\r\nhello\r\n0\r\n\r\n")),
        (Chunk, chunked("-1\r\n")),
        (Chunk, chunked("0x5\r\nhello\r\n0\r\n\r\n")),
        (Chunk, chunked("5\nhello\r\n0\r\n\r\n")),
        (Chunk, chunked("5\r\nhello0\r\n\r\n")),
        (Chunk, chunked("5\r\nhello\n0\r\n\r\n")),
        (Chunk, chunked("5\r\nhell\r\n0\r\n\r\n")),
        (Chunk, chunked("5\r\nhello!\r\n0\r\n\r\n")),
        (Chunk, chunked("\r\n")),
        (Chunk, chunked("g\r\n")),
        (Chunk, chunked("5\rhello\r\n0\r\n\r\n")),
        (Chunk, chunked("ffffffffffffffff\r\n")),
        (Chunk, chunked("10000000000000005\r\nhello\r\n0\r\n\r\n")),
        (Chunk, chunked("0000000000005\r\nhello\r\n0\r\n\r\n")),
        (Chunk, chunked("0;a\r\n\r\n")),
        (Chunk, chunked("0\r\nx-trailer: a\r\n\r\n")),
        (Chunk, chunked("0\r\ncontent-length: 5\r\n\r\n")),
        (Chunk, chunked("0\n\n")),
        (Chunk, chunked("0\r\n\n")),
        (Chunk, chunked("\u{665}\r\n")),
        // The second request is looked at like the first.
        (Host, [line("GET / HTTP/1.1"), b"GET /admin HTTP/1.1\r\n\r\n".to_vec()].concat()),
        (Line, [with("content-length: 2\r\n\r\nhi"), b"GET / HTTP/1.1\n\n".to_vec()].concat()),
        (RequestLine, [with("content-length: 0\r\n\r\n"), b"smuggled".to_vec()].concat()),
    ];
    for twin in [
        "x_api_key: a",
        "X_Api-Key: a",
        "content_length: 5",
        "Content_Length: 5",
        "transfer_encoding: chunked",
        "x_failsoft_deadline: 1s",
        "x-failsoft_tag: a",
        "x_forwarded_for: 1.2.3.4",
        "x_original_url: /admin",
        "proxy_authorization: a",
        "accept_language: de",
        "keep_alive: 1",
        "content_type: application/json",
        "api_key: a",
    ] {
        all.push((Twin, with(&format!("{twin}\r\n\r\n"))));
    }
    all
}

trait MapFlaw {
    fn map_flaw(self, flaw: Flaw) -> Self;
}

impl MapFlaw for (Flaw, Vec<u8>) {
    fn map_flaw(self, flaw: Flaw) -> Self {
        (flaw, self.1)
    }
}

fn shown(raw: &[u8]) -> String {
    String::from_utf8_lossy(&raw[..raw.len().min(120)]).escape_debug().to_string()
}

#[test]
fn sound_requests_pass_untouched() {
    for (requests, raw) in sound() {
        let seen = inspect([raw.as_slice()]);
        assert_eq!((seen.requests, seen.flaw), (requests, None), "{}", shown(&raw));
        assert!(seen.passed == raw, "{}", shown(&raw));
    }
}

#[test]
fn unsound_requests_are_refused_for_their_reason() {
    let corpus = unsound();
    assert!(corpus.len() + sound().len() >= 200, "{}", corpus.len());
    for (flaw, raw) in corpus {
        let seen = inspect([raw.as_slice()]);
        assert_eq!(seen.flaw, Some(flaw), "{}", shown(&raw));
    }
}

#[test]
fn of_a_refused_head_not_a_byte_passes() {
    for (flaw, raw) in unsound() {
        let seen = inspect([raw.as_slice()]);
        if flaw == Flaw::Chunk {
            assert!(seen.passed.len() < raw.len(), "{}", shown(&raw));
            continue;
        }
        let before = inspect([seen.passed.as_slice()]);
        assert_eq!((before.requests, before.flaw), (seen.requests, None), "{}", shown(&raw));
        assert_eq!(before.passed, seen.passed, "{}", shown(&raw));
    }
}

#[test]
fn a_blank_line_before_a_request_is_forgiven_and_left_out() {
    let seen = inspect([b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".as_slice()]);
    assert_eq!((seen.requests, seen.flaw), (1, None));
    assert_eq!(seen.passed, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

#[test]
fn every_cut_of_every_request_gives_the_same() {
    for raw in
        sound().into_iter().map(|(_, raw)| raw).chain(unsound().into_iter().map(|(_, raw)| raw))
    {
        if raw.len() > 2048 {
            continue;
        }
        let whole = inspect([raw.as_slice()]);
        for at in 0..=raw.len() {
            let (left, right) = raw.split_at(at);
            assert_eq!(inspect([left, right]), whole, "{} cut at {at}", shown(&raw));
        }
        assert_eq!(inspect(raw.chunks(1)), whole, "{} byte by byte", shown(&raw));
    }
}

proptest! {
    #[test]
    fn arbitrary_cuts_change_nothing(choice in any::<prop::sample::Index>(), mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let corpus: Vec<Vec<u8>> = sound().into_iter().map(|(_, raw)| raw).chain(unsound().into_iter().map(|(_, raw)| raw)).collect();
        let raw = choice.get(&corpus);
        cuts.sort_by_key(|cut| cut.index(raw.len() + 1));
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            let to = cut.index(raw.len() + 1);
            pieces.push(&raw[from..to]);
            from = to;
        }
        pieces.push(&raw[from..]);
        prop_assert_eq!(inspect(pieces), inspect([raw.as_slice()]));
    }

    #[test]
    fn no_bytes_make_it_panic_or_pass_what_did_not_come(raw in prop::collection::vec(any::<u8>(), 0..400)) {
        let seen = inspect([raw.as_slice()]);
        prop_assert!(seen.passed.len() <= raw.len());
    }

    #[test]
    fn a_changed_byte_never_passes_as_something_it_is_not(choice in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let corpus = sound();
        let mut raw = choice.get(&corpus).1.clone();
        let place = place.index(raw.len());
        raw[place] = byte;
        // What passes is a piece of what came, and passing it again finds nothing new.
        let seen = inspect([raw.as_slice()]);
        let again = inspect([seen.passed.as_slice()]);
        prop_assert_eq!((again.requests, again.passed), (seen.requests, seen.passed));
    }
}
