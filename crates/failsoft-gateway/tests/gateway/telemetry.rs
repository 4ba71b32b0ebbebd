//! Traces and logs of real calls, at a collector that stands in for a real one.

use failsoft_fake::Dialect;
use opentelemetry_proto::tonic::trace::v1::Span;

use crate::house::{House, PROVIDER_KEY, Plan, chat_body};
use crate::stand_in::validate::{faults, hex, text};
use crate::stand_in::{Kept, StandIn};

const TOKEN: &str = "canary-collector-5c1e";
const PROMPT: &str = "canary-prompt-9d20";

async fn house(collector: &StandIn, protocol: &str) -> House {
    let rest = format!(
        "[telemetry]\nendpoint = \"http://{}\"\nprotocol = \"{protocol}\"\n\
         headers = {{ authorization = \"Bearer {TOKEN}\" }}\n",
        collector.address
    );
    House::planned(Plan { rest, ..Plan::default() }).await
}

fn with<'k>(kept: &'k Kept, key: &str, value: &str) -> Vec<&'k Span> {
    let fits = |span: &&Span| text(&span.attributes, key).as_deref() == Some(value);
    kept.spans.iter().filter(fits).collect()
}

#[tokio::test]
async fn a_rescued_call_is_one_trace_with_each_attempt_under_its_call() {
    for protocol in ["http", "grpc"] {
        let collector = StandIn::start().await;
        let house = house(&collector, protocol).await;
        let base = house.fake.base_url(Dialect::ChatCompletions);
        let body = chat_body("pair", false).replace("hi", PROMPT);
        let answer = house.post("/v1/chat/completions", "user-agent: probe/1\r\n", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let id = answer.header("x-failsoft-call").unwrap().to_owned();
        house.gateway.stop().await;
        collector.look(|kept| {
            assert_eq!(faults(kept), [""; 0], "{protocol}");
            let spans = with(kept, "failsoft.call.id", &id);
            let [request, call, failed, answered] = spans[..] else { panic!("{spans:?}") };
            let said = |span: &Span, key: &str| text(&span.attributes, key).unwrap_or_default();
            assert_eq!(request.name, "POST /v1/chat/completions");
            assert_eq!(said(request, "http.response.status_code"), "200");
            assert_eq!(said(request, "user_agent.original"), "probe/1");
            assert_eq!(call.name, "chat pair");
            assert_eq!(said(call, "failsoft.verdict"), "served");
            assert_eq!(said(failed, "http.response.status_code"), "503");
            assert_eq!(said(failed, "error.type"), "503");
            assert_eq!(said(failed, "failsoft.target"), "chat/fail-503");
            assert_eq!(said(failed, "url.full"), format!("{base}/chat/completions"));
            assert_eq!(said(answered, "failsoft.attempt.why"), "failover");
            assert_eq!(said(answered, "http.request.resend_count"), "1");
            assert_eq!(said(answered, "gen_ai.provider.name"), "chat");
            for attempt in [failed, answered] {
                assert_eq!(attempt.parent_span_id, call.span_id);
            }
            let log = kept.logs.iter().find(|log| log.event_name == "failsoft.attempt.failed");
            assert_eq!(log.unwrap().span_id, failed.span_id);
            assert_eq!(kept.heads[0]["authorization"], format!("Bearer {TOKEN}"));
            let sent = String::from_utf8_lossy(&kept.bytes);
            for canary in [TOKEN, PROMPT, PROVIDER_KEY] {
                assert!(!sent.contains(canary), "{canary}");
            }
        });
    }
}

/// Who reads the target's traces and ours must find one trace.
#[tokio::test]
async fn what_a_target_is_told_of_the_trace_is_what_the_collector_gets() {
    let collector = StandIn::start().await;
    let house = house(&collector, "http").await;
    let parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
    let body = chat_body("pair", false);
    let answer = house.post("/v1/chat/completions", parent, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let heard = house.fake.attempts();
    house.gateway.stop().await;
    collector.look(|kept| {
        assert_eq!(faults(kept), [""; 0]);
        let request = &kept.spans[0];
        assert_eq!(hex(&request.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(hex(&request.parent_span_id), "00f067aa0ba902b7");
        let attempts: Vec<String> = with(kept, "http.request.method", "POST")
            .into_iter()
            .filter(|span| text(&span.attributes, "failsoft.attempt.why").is_some())
            .map(|span| format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id)))
            .collect();
        let told: Vec<&str> =
            heard.iter().filter_map(|attempt| attempt.header("traceparent")).collect();
        assert_eq!(told, attempts);
    });
}
