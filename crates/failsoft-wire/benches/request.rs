//! Reading the head of a request.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use failsoft_wire::Dialect;

const LINE: &str =
    "The quick brown fox said \\\"hello\\\" to the lazy dog,\\nand it was d'accord. ";

fn body(size: usize) -> String {
    let mut messages = String::new();
    while messages.len() + 300 < size {
        let text = LINE.repeat(5);
        messages.push_str(&format!(r#"{{"role":"user","content":"{text}"}},"#));
    }
    format!(
        r#"{{"model":"assistant","messages":[{messages}{{"role":"user","content":"go on"}}],"stream":true,"stream_options":{{"include_usage":true}},"temperature":0.7,"max_tokens":1024,"tools":[{{"type":"function","function":{{"name":"find","parameters":{{"type":"object","properties":{{"query":{{"type":"string"}}}}}}}}}}]}}"#
    )
}

fn requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("requests");
    for (name, size) in [("2 KB", 2_000), ("50 KB", 50_000), ("1 MB", 1_000_000)] {
        let body = body(size);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |bencher| {
            bencher
                .iter(|| Dialect::ChatCompletions.read_request(black_box(body.as_bytes()), None));
        });
    }
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
