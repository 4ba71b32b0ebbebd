//! Quoted lines without the secrets in them.

use std::ops::Range;

use crate::report::Report;
use crate::tree::{Node, Place, Table, Value, read};

/// The text with a star for each sign of a secret. Lines and columns stay as they are.
pub(crate) fn masked(text: &str) -> String {
    let report = Report::new(text);
    let root = read(text, &report);
    let mut spans = Vec::new();
    for entry in root.node("providers").and_then(Node::table).map_or(&[][..], |all| &all.0) {
        entry.node.table().into_iter().for_each(|provider| secrets(provider, &mut spans));
    }
    let server = root.node("server").and_then(Node::table);
    hide(server.and_then(|server| server.node("admin_token")), &mut spans);
    let journal = root.node("journal").and_then(Node::table);
    hide(journal.and_then(|journal| journal.node("url")), &mut spans);
    let telemetry = root.node("telemetry").and_then(Node::table);
    let headers = telemetry.and_then(|telemetry| telemetry.node("headers")).and_then(Node::table);
    for header in headers.map_or(&[][..], |headers| &headers.0) {
        hide(Some(&header.node), &mut spans);
    }
    hide_person(telemetry.and_then(|telemetry| telemetry.node("endpoint")), &mut spans);
    let alerts = root.node("alerts").and_then(Node::table);
    hide_person(alerts.and_then(|alerts| alerts.node("dashboard")), &mut spans);
    let webhooks = alerts.and_then(|alerts| alerts.node("webhooks")).and_then(Node::table);
    for entry in webhooks.map_or(&[][..], |all| &all.0) {
        let webhook = entry.node.table();
        for key in ["secret", "url"] {
            hide(webhook.and_then(|webhook| webhook.node(key)), &mut spans);
        }
    }
    if report.has_errors() {
        spans.extend(suspects(text));
    }
    spans.sort_by_key(|span| span.start);
    let mut spans = spans.into_iter().peekable();
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        while spans.next_if(|span| span.end <= at).is_some() {}
        let hidden = spans.peek().is_some_and(|span| span.contains(&at));
        out.push(if hidden && !matches!(c, '"' | '\'' | '\n' | '\r') { '*' } else { c });
    }
    out
}

fn secrets(provider: &Table, spans: &mut Vec<Range<usize>>) {
    let mut hide = |node: &Node| hide(Some(node), spans);
    provider.node("api_key").into_iter().for_each(&mut hide);
    if let Some(Node { value: Value::List(keys), .. }) = provider.node("api_keys") {
        keys.iter().for_each(&mut hide);
    }
    if let Some(headers) = provider.node("headers").and_then(Node::table) {
        headers.0.iter().for_each(|header| hide(&header.node));
    }
    hide_person(provider.node("base_url"), spans);
}

/// `https://name:password@host`.
fn hide_person(address: Option<&Node>, spans: &mut Vec<Range<usize>>) {
    hide(address.filter(|node| node.text().is_some_and(|text| text.contains('@'))), spans);
}

fn hide(node: Option<&Node>, spans: &mut Vec<Range<usize>>) {
    if let Some(Node { place: Place::Text(span), value: Value::Text(text), .. }) = node
        && text != "none"
    {
        spans.push(span.clone());
    }
}

/// In a text that cannot be read, what stands behind a secret's key, or an address that may hold a
/// password or be a secret itself, and does not look like a place.
fn suspects(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut spans = Vec::new();
    let mut is_of_headers = false;
    let keys = ["api_key", "admin_token", "secret", "headers"];
    let addresses = ["url", "endpoint", "dashboard"];
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with('[') {
            is_of_headers = line.contains("headers");
        }
        if let Some(equals) = line.find('=')
            && (is_of_headers
                || keys.iter().any(|key| line.contains(key))
                || addresses.iter().any(|key| line.contains(key)) && line.contains('@')
                || line.contains("url") && !line.contains("base_url"))
            && !line.contains("env")
            && !line.contains("file")
        {
            spans.push(start + equals + 2..start + line.len());
        }
        start += line.len();
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn secrets_are_stars_and_places_are_not() {
        for (text, expected) in [
            ("[providers.a]\napi_key = \"sk-ü\"\n", "[providers.a]\napi_key = \"****\"\n"),
            ("[providers.a]\napi_key = \"none\"", "[providers.a]\napi_key = \"none\""),
            (
                "providers.a.api_keys = [{ env = \"X\" }, 's']",
                "providers.a.api_keys = [{ env = \"X\" }, '*']",
            ),
            ("[server]\nadmin_token = \"sk\"", "[server]\nadmin_token = \"**\""),
            ("[providers.a.headers]\nx-a = \"b\"", "[providers.a.headers]\nx-a = \"*\""),
            (
                "[providers.a]\nbase_url = \"http://u:p@h\"",
                "[providers.a]\nbase_url = \"************\"",
            ),
            ("[journal]\nurl = \"pg://u:p@h\"", "[journal]\nurl = \"**********\""),
            ("[journal]\nurl = { env = \"X\" }", "[journal]\nurl = { env = \"X\" }"),
            ("[journal]\nurl = \"pg://u:p@h", "[journal]\nurl = \"**********"),
            (
                "[telemetry]\nheaders = { a = \"b\", c = { env = \"X\" } }",
                "[telemetry]\nheaders = { a = \"*\", c = { env = \"X\" } }",
            ),
            ("[providers.a]\napi_key = \"sk-x", "[providers.a]\napi_key = \"****"),
            (
                "[alerts.webhooks.a]\nsecret = \"s\"\nurl = \"https://h/t\"",
                "[alerts.webhooks.a]\nsecret = \"*\"\nurl = \"***********\"",
            ),
            ("url = \"https://h/T0", "url = \"************"),
            ("base_url = \"https://h/v1", "base_url = \"https://h/v1"),
            (
                "[telemetry]\nendpoint = \"http://u:p@h\"",
                "[telemetry]\nendpoint = \"************\"",
            ),
            ("[alerts]\ndashboard = 'http://u:p@h'", "[alerts]\ndashboard = '************'"),
            ("[telemetry]\nendpoint = \"http://u:p@h", "[telemetry]\nendpoint = \"************"),
            (
                "[telemetry.headers]\nauthorization = \"Basic x\"\n[a]\nb = \"c",
                "[telemetry.headers]\nauthorization = \"*******\"\n[a]\nb = \"c",
            ),
            ("headers = { a = \"b", "headers = ******\"*"),
            ("admin_token = \"t", "admin_token = \"*"),
            ("[providers.a]\napi_key = { env = \"X }", "[providers.a]\napi_key = { env = \"X }"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }
}
